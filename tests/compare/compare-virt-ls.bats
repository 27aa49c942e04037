#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The output of guestfs-tools' virt-ls, mode by mode, byte for byte, on a tree with every file type and on
# every filesystem that both read. One guest has them all, because virt-ls starts an appliance a guest.

load ../lib/helpers

filesystems=(xfs.img btrfs.img vfat.img ntfs.img iso9660.iso)

# guestfs-tools' own, where it is installed; ours comes first in PATH.
theirs=$(PATH=${PATH//"$BUILD/bin:"/} command -v virt-ls) || theirs=

# Why it cannot be run here; nothing where it can.
why_not()
{
    [[ $theirs ]] || { echo "virt-ls (guestfs-tools) is not installed"; return; }
    [[ $(id -u) -eq 0 ]] || { echo "only root can make device nodes"; return; }
    [[ $(echo "$BUILD"/appliance/debs/linux-image-*) != *'*'* ]] ||
        { echo "there is no kernel package in $BUILD/appliance/debs for virt-ls's appliance"; return; }
    [[ -d /lib/modules ]] || echo "supermin needs a directory /lib/modules, be it empty"
}

# Files of every type, mode, size, owner, age, and names that are hard to quote.
make_tree()
{
    local i now

    now=$(date +%s)
    mkdir -p types/dir names deep/a/b/c deep/a-b sizes owners dates "${filesystems[@]}"
    echo hello > types/regular
    ln types/regular types/hardlink
    ln -s regular types/link
    ln -s /nowhere types/dangling
    ln -s 'a target, with "stuff"' types/odd
    mkfifo types/fifo
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("types/socket")'
    mknod types/char c 5 1
    mknod types/block b 259 300
    for i in 0 4755 2711 6644 1644 1777 7777; do
        touch "types/m$i"
        chmod "$i" "types/m$i"
    done
    (cd names && touch 'a b' 'comma,name' 'quote"q' $'new\nline' $'esc\e[31m' $'tab\tname' $'no\xff\xfeutf' ünï \
        .hidden '!bang' -- -dash ' lead' 'trail ' '~' 'back\slash' "$(printf 'x%.0s' {1..255})")
    for i in 0 1 1023 1024 1075 1076 10188 10189 10752 10753 1048063 1048064 5242880; do truncate -s "$i" "sizes/$i"; done
    for i in 0 1 65534 4294967294; do
        touch "owners/$i"
        chown "$i:$i" "owners/$i"
    done
    for i in 0 181 184 400; do touch -d "@$((now - i * 86400))" "dates/$i"; done
    touch -d '1960-05-06 07:08:09 UTC' dates/before
    touch -d '2030-01-02 03:04:05 UTC' dates/future
    touch deep/a/b/c/file deep/a.txt deep/a-b/z
    seq 10000 > deep/lines
}

# both NAME "FLAG…": what each of them prints goes to NAME.ours and NAME.theirs.
both()
{
    local name=$1 i=0 fs
    local -a arguments=(-a base.img -m /dev/sda) directories=(/types /names /deep /sizes /owners /dates) flags

    read -ra flags <<< "$2"
    for fs in "${filesystems[@]}"; do
        arguments+=(-a "$IMAGES/$fs" -m "/dev/sd$(tr 0-4 b-f <<< "$i"):/$fs")
        directories+=("/$fs")
        i=$((i + 1))
    done
    timeout 600 "$TOP/tests/compare/guestfs.sh" "$BUILD" "$theirs" "${flags[@]}" "${arguments[@]}" "${directories[@]}" \
        > "$BATS_FILE_TMPDIR/$name.theirs" 2> "$BATS_FILE_TMPDIR/$name.err" || echo "failed: $?" >> "$BATS_FILE_TMPDIR/$name.theirs"
    "$BUILD/bin/virt-ls" "${flags[@]}" "${arguments[@]}" "${directories[@]}" > "$BATS_FILE_TMPDIR/$name.ours" ||
        echo "failed: $?" >> "$BATS_FILE_TMPDIR/$name.ours"
}

# Each runs once, in half a minute, and two minutes more where virt-ls's appliance has yet to be made.
setup_file()
{
    [[ ! $(why_not) ]] || return 0
    make_scratch
    mkdir "$TMPDIR/tree"
    cd "$TMPDIR/tree" || return 1
    make_tree
    cd .. || return 1
    truncate -s 64M base.img
    mke2fs -q -F -t ext4 -d tree base.img
    both plain ""
    both l -l
    both R -R
    both lR -lR
    both csv "-lR --csv --times --uids --extra-stats --checksum"
    remove_scratch
}

setup()
{
    local why

    why=$(why_not)
    [[ ! $why ]] || skip "$why"
    setup_test
    cp "$BATS_FILE_TMPDIR"/*.{ours,theirs} .
}

# same NAME LINES: equal, and not because there is nothing.
same()
{
    [[ $(wc -l < "$1.theirs") -ge $2 ]]
    if grep '^failed: ' "$1.theirs"; then return 1; fi
    diff "$1.theirs" "$1.ours"
}

@test "plain" {
    same plain 60
}

@test "-l" {
    same l 90
}

@test "-R, but for the slash that virt-ls puts before a path" {
    sed -i 's,^/,,' R.theirs
    same R 80
}

@test "-lR" {
    same lR 130
}

# Device numbers depend on which disk was found first, inode numbers of vfat on who asked first.
@test "-lR --csv --times --uids --extra-stats --checksum" {
    sed -i -E 's/^(([^,]*,){8})[^,]*/\1DEVICE/; /vfat/s/^(([^,]*,){9})[^,]*/\1INODE/' csv.theirs csv.ours
    same csv 130
}
