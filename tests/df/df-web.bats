#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images behind a web server or ssh: nbdkit reads them, and speaks NBD.

load ../lib/helpers
load ../lib/remote

setup()
{
    requires_appliance
    requires nbdkit python3
    setup_test
}

nbdkit_left()
{
    [[ $(ours nbdkit) || $(ours vlt-remote) ]]
}

@test "http://, raw and qcow2" {
    serve_web "$IMAGES"
    run -0 --separate-stderr virt-df-live --csv --noheadings "$IMAGES/ext4.img" "http://127.0.0.1:$port/ext4.img" \
        "http://127.0.0.1:$port/ext4.qcow2?version=1" "http://127.0.0.1:$port/redirect/http://127.0.0.1:$port/ext4.img"
    assert_equal "$stderr" ""
    assert_equal "$(cut -d , -f 1 <<< "$output" | xargs)" "ext4.img ext4.img ext4.qcow2 ext4.img"
    assert_equal "$(cut -d , -f 2- <<< "$output" | sort -u | wc -l)" 1
    wait_until 5 eval '! nbdkit_left'
    assert_nothing_left
}

@test "what the web server refuses is said" {
    serve_web "$IMAGES"
    run --separate-stderr virt-df-live "http://127.0.0.1:$port/none.img" \
        "http://127.0.0.1:$(free_port)/ext4.img" "http://127.0.0.1:$port/redirect/file:///etc/passwd"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: none.img: " " 404" "virt-df-live: ext4.img: " "Failed to connect" \
        "virt-df-live: passwd: " 'Protocol "file" '
    wait_until 5 eval '! nbdkit_left'
}

@test "a password is used, and printed nowhere" {
    serve_web "$IMAGES" me:se:cret
    start virt-df-live --json -v -x "http://me:se%3Acret@127.0.0.1:$port/ext4.img?token=T0KEN"
    while kill -0 "$pid" 2> /dev/null; do
        for process in $(ours nbdkit); do
            tr '\0' ' ' 2> /dev/null < "/proc/$process/cmdline" >> args || continue # it has ended
        done
    done
    finish
    assert_status 0
    assert_contains "$output" "\"images\":[\"http://me:***@127.0.0.1:$port/ext4.img?***\"]" '"status":"ok"'
    run ! grep -E 'cret|T0KEN' out err
    # nbdkit's own arguments: the password is not there.
    run -0 grep "nbdkit .*password=-4" args
    run ! grep cret args
    run --separate-stderr virt-df-live --json "http://me:wrong@127.0.0.1:$port/ext4.img?token=T0KEN"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: ext4.img: " " 401"
    run ! grep -E 'wrong|T0KEN' <<< "$output$stderr"
}

@test "a query that is longer than a message is not printed either" {
    serve_web "$IMAGES"
    query=$(printf 'T0KEN%.0s' {1..1200})
    run --separate-stderr virt-df-live -v "http://127.0.0.1:$port/none.img?$query"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: none.img: " " 404" "none.img?***"
    run ! grep T0KEN <<< "$output$stderr"
}

@test "nbdkit's socket is where the run's are, when TMPDIR is not usable" {
    serve_web "$IMAGES"
    long=$TMPDIR/$(printf 'long%.0s' {1..30})
    mkdir "$long"
    run -0 --separate-stderr env TMPDIR="$long" XDG_RUNTIME_DIR= "$BUILD/bin/virt-df-live" --csv --noheadings \
        "http://127.0.0.1:$port/ext4.img"
    assert_equal "$stderr" ""
    assert_contains "$output" "ext4.img,/dev/sda"
    assert_equal "$(ls "$long")" ""
}

@test "without nbdkit it is said what is missing" {
    run --separate-stderr env PATH=/nonexistent "$BUILD/bin/virt-df-live" http://127.0.0.1:1/x.img "$IMAGES/ext4.img"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: x.img: nbdkit, which reads http and https, cannot be started"
    assert_contains "$output" "ext4.img:/dev/sda"
}

@test "a web server that says nothing costs its own guest the time-out" {
    serve_silence
    run --separate-stderr virt-df-live --csv --noheadings --timeout=5 "http://127.0.0.1:$port/a.img" "$IMAGES/ext4.img"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: a.img: no answer from http://127.0.0.1:$port/a.img within 5 s (--timeout)"
    assert_contains "$output" "ext4.img,/dev/sda"
    wait_until 5 eval '! nbdkit_left'
}

# make_here DIRECTORY: for the time of the test, where the host has none
make_here() { [[ -d $1 ]] || { mkdir -m 700 "$1"; on_cleanup rmdir "$1"; }; }

# libssh looks for keys in the home of the password file, so root's .ssh is covered by another
# directory, in a namespace of its own.
@test "ssh://" {
    requires_mount_namespace
    requires /usr/sbin/sshd ssh-keygen
    mkdir -m 700 keys
    ssh-keygen -q -t ed25519 -N '' -f host
    ssh-keygen -q -t ed25519 -N '' -f keys/id_ed25519
    cp keys/id_ed25519.pub authorized
    port=$(free_port)
    printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d ' ' -f 1,2 host.pub)" > keys/known_hosts
    make_here /run/sshd
    make_here ~/.ssh # to be covered
    cat > config <<- EOF
		ListenAddress 127.0.0.1:$port
		HostKey $TMPDIR/host
		AuthorizedKeysFile $TMPDIR/authorized
		StrictModes no
		PasswordAuthentication no
		PermitRootLogin yes
		PidFile none
		Subsystem sftp internal-sftp
	EOF
    in_background /usr/sbin/sshd -D -e -f "$TMPDIR/config"
    wait_until 30 port_answers "$port"
    # shellcheck disable=SC2016 # the other shell expands them
    in_namespace=(unshare -m bash -c 'mount --bind "$TMPDIR/keys" ~/.ssh && exec "$@"' -)
    run -0 --separate-stderr "${in_namespace[@]}" virt-df-live --csv --noheadings \
        "ssh://127.0.0.1:$port$IMAGES/ext4.img" "ssh://root@127.0.0.1:$port$IMAGES/ext4.qcow2"
    assert_equal "$stderr" ""
    assert_equal "$(cut -d , -f 1,2 <<< "$output" | xargs)" "ext4.img,/dev/sda ext4.qcow2,/dev/sda"
    run --separate-stderr "${in_namespace[@]}" virt-df-live "ssh://127.0.0.1:$port/none.img"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: none.img: " "No such file"
    # A host that is not known is not trusted.
    : > keys/known_hosts
    run --separate-stderr "${in_namespace[@]}" virt-df-live "ssh://127.0.0.1:$port$IMAGES/ext4.img"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: ext4.img: " "known"
    wait_until 5 eval '! nbdkit_left'
}
