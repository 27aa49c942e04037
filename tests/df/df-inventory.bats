#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a partition table says is in a row or is named, whatever the kernel made of it; a disk with partitions is looked at as a whole.

load ../lib/helpers

setup()
{
    requires_appliance
    requires sfdisk
    setup_test
    truncate -s 16M p.img
    mke2fs -q -F -b 1024 -L inner p.img
}

# table NAME SIZE SCRIPT: a new image with that partition table
table() { truncate -s "$2" "$1" && sfdisk -q "$1" <<< "$3"; }

# put NAME MEBIBYTES…: p.img is at these places
put()
{
    local at name=$1

    shift
    for at; do dd if=p.img of="$name" bs=1M seek="$at" conv=notrunc,sparse status=none; done
}

# patch NAME OFFSET OCTAL
patch() { printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

gpt=$'label: gpt\nstart=2048, size=32768\n'

entries='select(.type != "guest") | .guest + " " + .device + " " + .type + " " + .status'

# scan IMAGE…: all entries, in $output; what was said, in $stderr
scan() { run --separate-stderr virt-df-live --json "$@"; output=$(json "$entries"); }

@test "a cut MBR image: the partition that is behind the end, and that of which a part is missing" {
    table gone.img 64M $'label: dos\nstart=2048, size=32768\nstart=40960, size=32768'
    put gone.img 1 20
    cp --sparse=always gone.img part.img
    truncate -s 18M gone.img
    truncate -s 30M part.img
    scan gone.img part.img
    assert_status 1
    assert_equal "$output" "gone.img /dev/sda1 filesystem ok
gone.img /dev/sda2 unknown corrupt
part.img /dev/sda1 filesystem ok
part.img /dev/sda2 filesystem corrupt"
    assert_contains "$stderr" "gone.img: /dev/sda2: the partition begins behind the end of the disk" "part.img: /dev/sda2: "
}

@test "cut where the filesystem can still be read: its row, and what is missing" {
    truncate -s 32M v.img
    mkfs.vfat v.img > /dev/null
    table cut.img 64M $'label: dos\nstart=2048, size=65536, type=c'
    dd if=v.img of=cut.img bs=1M seek=1 conv=notrunc,sparse status=none
    truncate -s 30M cut.img
    run -1 --separate-stderr virt-df-live --csv --noheadings cut.img
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" "cut.img,/dev/sda1"
    assert_equal "$stderr" "virt-df-live: cut.img: /dev/sda1: the disk is cut: the last 3 MiB of the partition are missing"
}

@test "logical partitions behind the end" {
    table logical.img 64M $'label: dos\nstart=2048, size=32768\nstart=34816, type=5\nstart=36864, size=32768\nstart=71680, size=32768'
    put logical.img 1 18 35
    truncate -s 35M logical.img
    scan logical.img
    assert_status 1
    assert_equal "$output" "logical.img /dev/sda1 filesystem ok
logical.img /dev/sda2 unknown corrupt
logical.img /dev/sda5 filesystem ok
logical.img /dev/sda6 unknown corrupt"
}

@test "a cut GPT image: what is there is scanned, the rest is named, and so is the disk" {
    table cut.img 64M "$gpt"$'start=45056, size=32768\nstart=90112, size=32768'
    put cut.img 1 22 44
    truncate -s 40M cut.img
    scan cut.img
    assert_status 1
    assert_equal "$output" "cut.img /dev/sda unknown corrupt
cut.img /dev/sda1 filesystem ok
cut.img /dev/sda2 filesystem ok
cut.img /dev/sda3 unknown corrupt"
    assert_contains "$stderr" "cut.img: /dev/sda: the disk is cut: its partition table is for a larger one" \
        "cut.img: /dev/sda3: the partition begins behind the end of the disk"
}

@test "a table with nothing but an extended partition: the disk is not lost, and no other one hides it" {
    table only.img 32M $'label: dos\nstart=64, size=32768, type=5'
    cp --sparse=always only.img data.img
    dd if=/dev/urandom of=data.img bs=1M seek=8 count=1 conv=notrunc status=none
    scan -a p.img -a only.img -a data.img
    assert_status 1
    assert_equal "$output" "p.img++ /dev/sda filesystem ok
p.img++ /dev/sdb unknown ok
p.img++ /dev/sdc unknown unsupported"
    assert_contains "$stderr" "p.img++: /dev/sdc: unknown data: a partition table without partitions, and data"
}

@test "GPT: without its protective MBR, with its first or its second copy alone" {
    table whole.img 64M "$gpt"
    put whole.img 1
    for name in bare first second; do cp --sparse=always whole.img $name.img; done
    dd if=/dev/zero of=bare.img bs=512 count=1 conv=notrunc status=none
    dd if=/dev/zero of=first.img bs=512 seek=131071 count=1 conv=notrunc status=none
    dd if=/dev/zero of=second.img bs=512 seek=1 count=1 conv=notrunc status=none
    run -0 --separate-stderr virt-df-live --json bare.img first.img second.img
    assert_equal "$(json "$entries")" "bare.img /dev/sda1 filesystem ok
first.img /dev/sda1 filesystem ok
second.img /dev/sda1 filesystem ok"
    # … of a second disk, too
    cp p.img a.img
    run -0 --separate-stderr virt-df-live --csv --noheadings -a a.img -a second.img
    assert_equal "$(cut -d , -f 2 <<< "$output")" "/dev/sda
/dev/sdb1"
}

@test "GPT: with a wrong checksum in both copies, or gone but for its protective MBR, is corrupt" {
    table crc.img 64M "$gpt"
    put crc.img 1
    cp --sparse=always crc.img gone.img
    patch crc.img 528 '\0377'
    patch crc.img $((67108864 - 512 + 16)) '\0377'
    dd if=/dev/zero of=gone.img bs=512 seek=1 count=33 conv=notrunc status=none
    dd if=/dev/zero of=gone.img bs=512 seek=131039 count=33 conv=notrunc status=none
    scan crc.img gone.img
    assert_status 1
    assert_equal "$output" "crc.img /dev/sda unknown corrupt
gone.img /dev/sda unknown corrupt"
    assert_contains "$stderr" "crc.img: /dev/sda: its partition table (GPT) is damaged: no copy of it can be read" \
        "gone.img: /dev/sda: its partition table (GPT) is gone: there is its protective MBR alone"
}

@test "more partitions than the kernel shows" {
    { printf 'label: gpt\ntable-length: 512\nfirst-lba: 2048\n'
        for i in {0..299}; do echo "start=$((2048 + i * 1024)), size=1024"; done; } > many
    table many.img 256M "$(cat many)"
    truncate -s 512K s.img
    mke2fs -q -F -b 1024 s.img
    for i in 0 254 255 299; do dd if=s.img of=many.img bs=512 seek=$((2048 + i * 1024)) conv=notrunc,sparse status=none; done
    run -0 --separate-stderr virt-df-live --csv --noheadings many.img
    assert_equal "$(cut -d , -f 2 <<< "$output")" "/dev/sda1
/dev/sda255
/dev/sda256
/dev/sda300"
    run -0 --separate-stderr virt-ls -a many.img -m /dev/sda300 /
    assert_equal "$output" "lost+found"
}

@test "an ISO image with a partition table: the whole, and what the table adds to it" {
    requires xorriso
    requires mkfs.vfat
    mkdir tree
    seq 200000 > tree/file
    truncate -s 4M esp.img
    mkfs.vfat esp.img > /dev/null
    xorriso -as mkisofs -quiet -R -appended_part_as_gpt -append_partition 2 0xef esp.img -o hybrid.iso tree 2> /dev/null
    xorriso -as mkisofs -quiet -R --protective-msdos-label -o label.iso tree 2> /dev/null
    run -0 --separate-stderr virt-df-live --csv --noheadings hybrid.iso label.iso
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" "hybrid.iso,/dev/sda
hybrid.iso,/dev/sda2
label.iso,/dev/sda"
    assert_equal "$stderr" ""
}

@test "what boots is no failure; data without a signature in a partition is" {
    table boot.img 64M $'label: gpt\nstart=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649\nsize=4096, type=E3C9E316-0B5C-4DB8-817D-F92DF00215AE\nstart=8192, size=32768'
    put boot.img 4
    dd if=/dev/urandom of=boot.img bs=512 seek=2048 count=2048 conv=notrunc status=none
    cp --sparse=always boot.img data.img
    table data.img 64M $'label: gpt\nstart=2048, size=2048\nsize=4096\nstart=8192, size=32768'
    scan boot.img data.img
    assert_status 1
    assert_equal "$output" "boot.img /dev/sda1 unknown ok
boot.img /dev/sda2 unknown ok
boot.img /dev/sda3 filesystem ok
data.img /dev/sda1 unknown unsupported
data.img /dev/sda2 unknown ok
data.img /dev/sda3 filesystem ok"
    assert_equal "$stderr" "virt-df-live: data.img: /dev/sda1: unknown data: no signature that libblkid knows"
}

@test "empty is what is zeros in a sample of all of it" {
    truncate -s 32M data.img late.img zeros.img
    dd if=/dev/urandom of=data.img bs=64K seek=1 count=510 conv=notrunc status=none
    dd if=/dev/urandom of=late.img bs=1M seek=13 count=1 conv=notrunc status=none
    table bare.img 32M 'label: gpt'
    run -1 --separate-stderr virt-df-live -o GUEST,STATUS --noheadings data.img late.img zeros.img bare.img
    assert_equal "$(tr -s ' ' <<< "$output")" "data.img unsupported
late.img unsupported
zeros.img empty
bare.img empty"
    assert_contains "$stderr" "data.img: /dev/sda: unknown data: " \
        "zeros.img: the disk is empty: zeros in all of 16 MiB that were read, of 32 MiB" \
        "bare.img: a partition table without partitions: zeros in all of "
}

@test "a journal on another disk is no failure where its filesystem is there" {
    truncate -s 16M journal.img e.img
    mke2fs -q -F -O journal_dev -b 1024 journal.img
    mke2fs -q -F -t ext4 -b 1024 e.img
    # Of libblkid's figures only the UUID and the feature say so; the kernel mounts it read-only without the journal.
    uuid=$(blkid -p -o value -s UUID journal.img)
    debugfs -w -R "feature -has_journal" e.img 2> /dev/null
    debugfs -w -R "ssv journal_uuid $uuid" e.img 2> /dev/null
    debugfs -w -R "ssv journal_dev 0x700" e.img 2> /dev/null
    debugfs -w -R "feature has_journal" e.img 2> /dev/null
    [[ $(blkid -p -o value -s EXT_JOURNAL e.img) == "$uuid" ]] || skip "debugfs does not make such a filesystem"
    scan -a e.img -a journal.img
    assert_status 0
    assert_equal "$output" "e.img+ /dev/sda filesystem ok
e.img+ /dev/sdb member ok"
    scan journal.img
    assert_status 1
    assert_equal "$output" "journal.img /dev/sda member unsupported"
}
