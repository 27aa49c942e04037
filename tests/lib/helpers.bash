# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For every bats file: `load ../lib/helpers`. Gives each test the commands that were built, a private
# TMPDIR, and a stack of what must be undone after it, whatever became of it.

bats_require_minimum_version 1.5.0

# `make check-asan` and the like set BUILD.
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-build}
[[ $BUILD == /* ]] || BUILD=$TOP/$BUILD
PATH=$BUILD/bin:$PATH
export TOP BUILD PATH
export LC_ALL=C.UTF-8
# It comes before TMPDIR; and a test must not depend on who runs it.
unset XDG_RUNTIME_DIR

# A file that has its own setup() calls this in it; the same for teardown.
setup()
{
    setup_test
}

teardown()
{
    teardown_test
}

setup_test()
{
    [[ ! ${SKIP_FILE-} ]] || skip "$SKIP_FILE"
    make_scratch
    scratch=$TMPDIR
    cleanups=()
    cd "$TMPDIR" || return 1
}

# A private TMPDIR, for a test or for a setup_file(). Short: the paths of Unix sockets below it have
# 108 bytes. Others may pass through it: root's QEMU runs as one of them.
make_scratch()
{
    TMPDIR=$(mktemp -d /tmp/vlt-test.XXXXXX)
    chmod 711 "$TMPDIR"
    export TMPDIR
}

# What make_scratch has made, and nothing else: where a setup ended before it, TMPDIR is everybody's.
remove_scratch()
{
    cd / || return 1
    [[ $TMPDIR != /tmp/vlt-test.?????? ]] || rm -rf "$TMPDIR"
}

teardown_test()
{
    local i

    for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do
        eval "${cleanups[i]}" || echo "# cleanup failed: ${cleanups[i]}" >&3
    done
    cd / || return 1
    # Where a test was skipped before it had its own TMPDIR, this is that of the user who runs the tests.
    [[ ! ${scratch-} ]] || rm -rf "$scratch"
}

# on_cleanup COMMAND [ARGUMENT...]: runs when the test is over; the last one first.
on_cleanup()
{
    cleanups+=("${*@Q}")
}

# missing PROGRAM-OR-FILE...: says what the first of them that is missing is.
missing()
{
    local what

    for what in "$@"; do
        if [[ $what == */* ]]; then
            [[ -e $what ]] || { echo "there is no $what"; return; }
        else
            command -v "$what" > /dev/null || { echo "$what is not installed"; return; }
        fi
    done
}

# requires PROGRAM-OR-FILE...: skips the test, with the reason, where one is missing.
requires()
{
    local why

    why=$(missing "$@")
    [[ ! $why ]] || skip "$why"
}

# The same for setup_file(), where bats 1.8 takes a skip for a failure: false where one is missing, and
# then setup_test() skips each test of the file.
file_requires()
{
    SKIP_FILE=$(missing "$@")
    export SKIP_FILE
    [[ ! $SKIP_FILE ]]
}

appliance_parts=("$BUILD/appliance/kernel" "$BUILD/appliance/initrd" "$BUILD/appliance/root")

# The test needs an appliance that has been built.
requires_appliance()
{
    requires "${appliance_parts[@]}"
}

# wait_until SECONDS COMMAND...: until it succeeds, or for that long at least. What succeeds costs no more than it takes, so SECONDS are for
# a machine that others use.
wait_until()
{
    local deadline=$((SECONDS + $1 + 1)) # bash counts whole ones

    shift
    until "$@"; do
        if ((SECONDS >= deadline)); then
            echo "not within the time: $*"
            return 1
        fi
        sleep 0.1
    done
}

# What the last `run` gave; says what there was where it is something else.
assert_status()
{
    # shellcheck disable=SC2154 # bats sets them
    if [[ $status -ne $1 ]]; then
        echo "exit status $status, not $1; output: $output; stderr: ${stderr-}"
        return 1
    fi
}

# assert_contains TEXT PART...
assert_contains()
{
    local text=$1 part

    shift
    for part in "$@"; do
        if [[ $text != *"$part"* ]]; then
            echo "\"$part\" is not in: $text"
            return 1
        fi
    done
}

assert_equal()
{
    if [[ $1 != "$2" ]]; then
        echo "got: $1"
        echo "not: $2"
        return 1
    fi
}

# --- images ---

# image NAME [AS]: a copy of a suite's image here, that the test may change.
image()
{
    cp --sparse=always "$IMAGES/$1" "${2:-$1}"
}

# make_kept DIRECTORY SCRIPT NAME...: makes what is missing of these by SCRIPT, which is called with BUILD, the directory and
# names. NAME-a.img stands for a NAME of several images. What an older script made is dropped. Another file may want the
# same at the same time.
make_kept()
{
    local directory=$1 script=$TOP/tests/images/$2 name
    local -a missing=()

    shift 2
    (
        flock 9
        [[ ! $script -nt $directory ]] || rm -rf "$directory"
        for name; do
            [[ -e $directory/$name || -e $directory/$name-a.img ]] || missing+=("$name")
        done
        [[ ${#missing[@]} -eq 0 ]] || "$script" "$BUILD" "$directory" "${missing[@]}" 9>&-
    ) 9> "$directory.lock"
}

# qemu_img_luks PASSPHRASE ARGUMENT...: qemu-img, with the secret "s". It measures how fast it derives keys, and on a fast
# host now and then cannot; then it is asked again.
qemu_img_luks()
{
    local passphrase=$1 tries said

    shift
    printf %s "$passphrase" > key
    for ((tries = 0; tries < 20; tries++)); do
        said=$(qemu-img "$1" -q --object secret,id=s,file=key "${@:2}" 2>&1) && return
        [[ $said == *"Unable to get accurate CPU usage"* ]] || break
    done
    echo "$said"
    return 1
}

# links COUNT: hard links g001.img… to one small ext4 image; their names are in the array `names`.
links()
{
    local i

    names=()
    image ext4.img g.img
    for ((i = 1; i <= $1; i++)); do
        names+=("$(printf 'g%03d.img' "$i")")
        ln -f g.img "${names[-1]}"
    done
    rm g.img
}

# --- rows ---

# guest_record IMAGE...: a line of a list of guests (--guests-from)
guest_record() { jq -nc '{images: $ARGS.positional}' --args "$@"; }

# The names of the table's or CSV's rows on stdin: one a line.
names_of_table()
{
    sed 1d | sed -E 's/ .*//'
}

# assert_same_row IMAGE|URI...: each has the row of the raw image that they all hold, and there is nothing to say.
assert_same_row()
{
    local expected

    run -0 virt-df-live --csv --noheadings "$IMAGES/ext4.img"
    expected=$(cut -d , -f 2- <<< "$output")
    run --separate-stderr virt-df-live --csv --noheadings "$@"
    assert_status 0
    assert_equal "$stderr" ""
    assert_equal "$(wc -l <<< "$output")" $#
    assert_equal "$(cut -d , -f 2- <<< "$output" | sort -u)" "$expected"
    assert_nothing_left
}

# json FILTER: what jq finds in the last output.
json()
{
    # shellcheck disable=SC2154
    jq -r "$1" <<< "$output"
}

# --- users ---

# as_user COMMAND...: as an ordinary user, with a TMPDIR and HOME of its own below TMPDIR.
as_user()
{
    if [[ $(id -u) -ne 0 ]]; then
        "$@"
        return
    fi
    setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups \
        env HOME="${user_home:-/}" TMPDIR="${user_home:-/tmp}" XDG_CACHE_HOME="${user_cache:-$SUITE/cache}" \
        PATH="${USER_BIN-}:$PATH" "$@"
}

# user_can: the test is about an ordinary user; makes user_home.
requires_user()
{
    if [[ $(id -u) -eq 0 ]]; then
        requires setpriv
        id nobody > /dev/null 2>&1 || skip "there is no user nobody"
    fi
    user_home=$TMPDIR/user
    mkdir "$user_home"
    chmod 711 "$user_home"
    [[ $(id -u) -ne 0 ]] || chown nobody: "$user_home"
}

requires_root()
{
    [[ $(id -u) -eq 0 ]] || skip "only root can prepare this"
}

# A mount in such a namespace is not seen outside. In a chroot(2) whose root is no mount point that cannot be had.
requires_mount_namespace()
{
    local why

    requires_root
    requires unshare
    why=$(unshare --mount true 2>&1) || skip "no private mount namespace: $why"
}

# --- processes ---

# ours NAME: the processes of this test that are called so, one a line. Zombies are none.
ours()
{
    local directory comm

    for directory in /proc/[0-9]*; do
        read -r comm 2> /dev/null < "$directory/comm" || continue
        if [[ $comm == $1* ]] && grep -qsaF "$TMPDIR" "$directory/environ" "$directory/cmdline"; then
            echo "${directory##*/}"
        fi
    done
}

# listens SOCKET [COMMAND...]: whether a process accepts connections there, as far as COMMAND sees. One that was killed leaves its socket.
listens() { "${@:2}" python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$1" 2> listens.log; }

is_running()
{
    [[ $(ours "$1") ]]
}

list_ours()
{
    local name

    for name in qemu-system vlt- virt-df-live virt-hotplug virt-ls; do
        ours "$name"
    done
}

nothing_left()
{
    [[ ! $(list_ours) && ! $(find "$TMPDIR" "${user_home:-$TMPDIR}" -maxdepth 1 -name 'virt-live-*') ]]
}

# No process of ours and no directory, 5 s later at the latest.
assert_nothing_left()
{
    wait_until 5 nothing_left || {
        echo "left: $(list_ours | xargs -r ps -o pid,ppid,stat,args -p) $(ls -d "$TMPDIR"/virt-live-* 2> /dev/null)"
        return 1
    }
}

# start COMMAND...: in the background, in a process group of its own; its pid is in `pid`, its
# output in the files out and err.
start()
{
    : > out # here, so that the previous one's output is not read
    : > err
    # bash lets background processes ignore SIGINT. Descriptor 3 is bats's.
    setsid env --default-signal=INT,QUIT "$@" > out 2> err 3>&- &
    pid=$!
    on_cleanup end_group "$pid"
}

# end_process PID: a child of the test, which may have ended by itself.
end_process()
{
    kill -KILL "$1" 2> /dev/null || ! kill -0 "$1" 2> /dev/null
    reap "$1"
}

# reap PID: waits for a child of the test, whose status, that of having been killed, does not matter. 127: it is no child.
reap() { wait "$1" 2> /dev/null || [[ $? -ne 127 ]]; }

process_has_ended() { ! kill -0 "$1" 2> /dev/null || [[ $(ps -o stat= "$1") == Z* ]]; }

# end_softly PID: asks it to end, and ends it where it does not.
end_softly()
{
    kill "$1"
    wait_until 30 process_has_ended "$1" || kill -KILL "$1"
    reap "$1"
}

# The same for a process group. None of the group writes to the test's directory after this.
end_group()
{
    if kill -KILL -- -"$1" 2> /dev/null; then
        wait_until 30 group_has_ended "$1"
    else
        ! kill -0 -- -"$1" 2> /dev/null
    fi
}

# Zombies have ended: the process that inherited them may reap them later.
group_has_ended() { [[ ! $(pgrep --pgroup "$1" --runstates D,R,S,T,t) ]]; }

# The exit status of what start() has started goes to `status`.
finish()
{
    status=0
    wait "$pid" || status=$?
    output=$(cat out)
    stderr=$(cat err)
}
