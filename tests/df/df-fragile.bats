#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Filesystems whose drivers are unmaintained or easily crashed: read, each in an appliance that its guest has for itself.

load ../lib/helpers

setup()
{
    requires_appliance
    setup_test
}

# What is in those that a tool fills: 500,000 bytes that are no zeros, and one file more.
tree()
{
    mkdir -p tree/etc
    head -c 500000 "$BUILD/appliance/root" | tr '\0' x > tree/data
    echo guest > tree/etc/hostname
}

# make TYPE FILE: skips the test where the program for it is missing
make_fragile()
{
    local PATH=$PATH:/usr/sbin:/sbin
    case $1 in
    jfs)      requires mkfs.jfs; truncate -s 24M "$2"; mkfs.jfs -q "$2" ;;
    nilfs2)   requires mkfs.nilfs2; truncate -s 160M "$2"; mkfs.nilfs2 -q "$2" ;;
    reiserfs) requires mkfs.reiserfs; truncate -s 64M "$2"; mkfs.reiserfs -qff "$2" ;;
    minix)    requires mkfs.minix; truncate -s 8M "$2"; mkfs.minix "$2" ;;
    bfs)      requires mkfs.bfs; truncate -s 4M "$2"; mkfs.bfs "$2" ;;
    hfs)      requires hformat; truncate -s 8M "$2"; HOME=$TMPDIR hformat -l label "$2" ;;
    romfs)    requires genromfs; tree; genromfs -d tree -f "$2" -V label ;;
    ufs1)     requires makefs; tree; makefs -t ffs -s 16m -o version=1 "$2" tree ;;
    esac > making.log 2>&1 || { cat making.log; return 1; }
}

# row TYPE FSTYPE JQ-CONDITION: made here, and its row
row()
{
    make_fragile "$1" image
    run --separate-stderr virt-df-live --json image
    assert_status 0
    echo "$output"
    json 'select(.type == "filesystem")' | jq -e --argjson file "$(stat -c %s image)" --arg type "$2" '
        .fstype == $type and .status == "ok" and .device == "/dev/sda"
        and .size <= $file and .available <= .size - .used and ('"$3"')'
    same_as_host "$2"
}

# The same figures as the kernel of this host has, where that knows the type and the test may mount.
same_as_host()
{
    local options=ro,loop
    if [[ $EUID -ne 0 ]] || ! grep -qw "$1" /proc/filesystems; then return 0; fi
    mkdir -p mnt
    mount -t "$1" -o $options image mnt || return 0
    on_cleanup umount "$PWD/mnt"
    assert_equal "$(json 'select(.type == "filesystem") | "\(.size) \(.available)"')" \
        "$(stat -f -c '%S %b %a' mnt | awk '{ print $1 * $2, $1 * $3 }')"
}

# shellcheck disable=SC2016 # $file is jq's
large='.size > 0.9 * $file'

@test "jfs" { row jfs jfs "$large and .used < 200000"; }

@test "nilfs2" { row nilfs2 nilfs2 "$large and .used > 0"; }

@test "reiserfs: the free blocks that debugreiserfs says" {
    local free
    row reiserfs reiserfs "$large"
    free=$(PATH=$PATH:/usr/sbin:/sbin debugreiserfs image 2> /dev/null | sed -n 's/^Free blocks.*: *\([0-9]*\)$/\1/p')
    assert_equal "$(json 'select(.type == "filesystem") | .available')" "$((free * 4096))"
}

@test "minix: the blocks that mkfs says, but for those before the data" {
    row minix minix "$large"
    assert_equal "$(json 'select(.type == "filesystem") | .size / 1024')" \
        "$(awk '$2 == "blocks" { all = $1 } /Firstdatazone/ { split($1, part, "="); print all - part[2] }' making.log)"
}

@test "bfs" { row bfs bfs "$large"; }

@test "hfs: the free bytes that hvol says, and its name" {
    row hfs hfs "$large and .label == \"label\""
    HOME=$TMPDIR hmount image > volume
    assert_equal "$(json 'select(.type == "filesystem") | .available')" "$(sed -n 's/^Volume has \([0-9]*\) bytes free$/\1/p' volume)"
}

@test "romfs: what is in it, and nothing is free" { row romfs romfs '.size > 500000 and .used == .size'; }

# makefs puts the superblock of the second where the kernel does not look for it.
@test "ufs of the first version" { row ufs1 ufs ".size > 15000000 and .used > 500000 and .used < 600000"; }

# marks TYPE OFFSET BYTE: clean as it is made; not when that byte of its superblock says that it is mounted
marks()
{
    make_fragile "$1" image
    cp image mounted
    printf '%b' "$3" | dd of=mounted bs=1 seek="$2" conv=notrunc status=none
    run -0 --separate-stderr virt-df-live --json image mounted
    assert_equal "$(json 'select(.type == "filesystem") | "\(.guest) \(.fstype) \(.clean) \(.recovered) \(.status)"')" \
        "image $1 true null ok
mounted $1 false null ok"
}

@test "a jfs that was not unmounted says so" { marks jfs $((32768 + 40)) '\001'; }
@test "a minix that was not unmounted says so" { marks minix $((1024 + 18)) '\000'; }
@test "an hfs that was not unmounted says so" { marks hfs $((1024 + 10)) '\000'; }

@test "virt-ls lists their files, and reads them" {
    make_fragile romfs image
    run -0 virt-ls -a image -m /dev/sda --checksum=crc -lR /
    assert_contains "$output" "$(cksum < tree/data | cut -d ' ' -f 1)" /etc/hostname
}

@test "a type that -m names is looked for in an appliance of its own" {
    make_fragile romfs image
    run -0 virt-ls -a image -m /dev/sda:/:ro:romfs /etc
    assert_equal "$output" hostname
}

@test "others keep the appliance that they share, and --stats has the further ones" {
    make_fragile minix minix.img
    make_fragile romfs romfs.img
    for i in 1 2 3 4; do cp "$IMAGES/ext4.img" "$i.img"; done
    run -0 --separate-stderr virt-df-live -P 1 --stats --json 1.img 2.img minix.img 3.img romfs.img 4.img
    assert_equal "$(json 'select(.type == "filesystem") | .guest + " " + .fstype')" \
        $'1.img ext4\n2.img ext4\nminix.img minix\n3.img ext4\nromfs.img romfs\n4.img ext4'
    jq -e '.waves == 3' <<< "${stderr#*stats: }"
}

@test "what is beside it in its guest comes with it" {
    make_fragile minix minix.img
    run -0 --separate-stderr virt-df-live --json -a "$IMAGES/ext4.img" -a minix.img
    assert_equal "$(json 'select(.type == "filesystem") | .device + " " + .fstype')" $'/dev/sda ext4\n/dev/sdb minix'
}

@test "--filesystems=safe: they are named, and have no appliance of their own" {
    make_fragile minix minix.img
    run -1 --separate-stderr virt-df-live --filesystems=safe --stats --json minix.img "$IMAGES/ext4.img"
    assert_equal "$(json 'select(.type == "guest") | .status')" $'unsupported\nok'
    assert_contains "$stderr" "minix.img: /dev/sda: unsupported filesystem: minix (--filesystems=safe leaves it out)" '"waves": 1,'
    run -1 virt-ls --filesystems=safe -a minix.img -m /dev/sda /
    assert_contains "$output" "unsupported filesystem: minix"
}

@test "those that are cut off, or damaged, cost themselves only" {
    local i names=()
    for i in minix jfs reiserfs nilfs2 ufs1 romfs hfs; do
        (make_fragile $i "$i.img") > /dev/null || continue
        [[ -e $i.img ]] || continue
        cp "$i.img" "cut-$i.img"
        truncate -s "$(($(stat -c %s "$i.img") / 3))" "cut-$i.img"
        # The superblock's place is kept, what follows it is noise.
        cp "$i.img" "noise-$i.img"
        head -c 200000 "$BUILD/appliance/kernel" | dd of="noise-$i.img" seek=70000 conv=notrunc status=none oflag=seek_bytes bs=64K
        names+=("cut-$i.img" "noise-$i.img")
    done
    ((${#names[@]} > 0)) || skip "no program that makes one is installed"
    cp "$IMAGES/ext4.img" good.img
    run --separate-stderr virt-df-live --json good.img "${names[@]}" good.img
    echo "$output; $stderr"
    assert_equal "$(json 'select(.type == "guest") | .guest')" "$(printf '%s\n' good.img "${names[@]}" good.img)"
    assert_equal "$(json 'select(.type == "filesystem" and .guest == "good.img") | .status')" $'ok\nok'
}

@test "a type that this kernel has no driver for is named at once" {
    requires mkfs.cramfs
    tree
    mkfs.cramfs tree image
    run --separate-stderr virt-df-live --stats image
    if [[ $stderr == *unsupported* ]]; then assert_contains "$stderr" "unsupported filesystem: cramfs" '"waves": 1,'; fi
}
