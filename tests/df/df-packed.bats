#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images that are compressed, or in an archive.

load ../lib/helpers

setup_file()
{
    make_scratch
    export PACKED=$TMPDIR
    cd "$PACKED" || return 1
    cp "$IMAGES/ext4.img" disk.raw
    gzip -k disk.raw
    xz -k disk.raw
    bzip2 -k disk.raw
    if command -v zstd > /dev/null; then zstd -q -k disk.raw; fi
    qemu-img convert -O qcow2 disk.raw disk.qcow2
    qemu-img convert -O vmdk -o subformat=streamOptimized disk.raw disk.vmdk
    echo '<Envelope/>' > disk.ovf
    tar -cf disk.ova disk.ovf disk.vmdk
}
teardown_file() { TMPDIR=$PACKED remove_scratch; }

setup()
{
    setup_test
    requires_appliance
}

# rows IMAGE…: the rows without the guests' names
rows()
{
    virt-df-live --csv "$@" | tail -n +2 | cut -d , -f 2-
}

@test "gzip, xz, bzip2, zstd: the rows of the image, whatever the file's name" {
    local expected compressed
    expected=$(rows "$PACKED/disk.raw")
    for compressed in "$PACKED"/disk.raw.*; do
        cp "$compressed" image
        assert_equal "$(rows image)" "$expected"
    done
}

@test "a compressed qcow2; an OVA, whose disk is read where it lies; a compressed OVA" {
    local expected
    expected=$(rows "$PACKED/disk.raw")
    gzip -c "$PACKED/disk.qcow2" > disk.qcow2.gz
    gzip -c "$PACKED/disk.ova" > disk.ova.gz
    assert_equal "$(rows disk.qcow2.gz)" "$expected"
    assert_equal "$(rows "$PACKED/disk.ova")" "$expected"
    assert_equal "$(rows disk.ova.gz)" "$expected"
}

@test "an archive in each format of tar, a raw disk in it that ends within a block" {
    local expected format
    cp "$PACKED/disk.raw" odd.raw
    printf x >> odd.raw
    expected=$(rows odd.raw)
    for format in gnu ustar pax v7; do
        tar --format="$format" -cf "$format.tar" odd.raw
        # Those of version 7 have no signature.
        if [[ $format != v7 ]]; then assert_equal "$(rows "$format.tar")" "$expected"; fi
    done
}

@test "a VHD in an archive, and one that is compressed" {
    local expected
    qemu-img convert -O vpc -o force_size "$PACKED/disk.raw" disk.vhd
    expected=$(rows disk.vhd)
    tar -cf vhd.tar disk.vhd
    gzip -c disk.vhd > disk.vhd.gz
    assert_equal "$(rows vhd.tar)" "$expected"
    assert_equal "$(rows disk.vhd.gz)" "$expected"
}

@test "virt-ls, too, and two disks of one guest of which one is compressed" {
    run -0 virt-ls -a "$PACKED/disk.raw.gz" -m /dev/sda /
    assert_equal "$output" "$(virt-ls -a "$PACKED/disk.raw" -m /dev/sda /)"
    run -0 --separate-stderr virt-df-live -a "$PACKED/disk.raw" -a "$PACKED/disk.raw.xz"
    assert_equal "$(names_of_table <<< "$output")" "disk.raw+:/dev/sda
disk.raw+:/dev/sdb"
}

@test "the images beside them share an appliance as before, and rows come in the order of the list" {
    run -0 --separate-stderr virt-df-live --stats "$PACKED/disk.raw" "$PACKED/disk.raw.gz" "$PACKED/disk.qcow2"
    assert_equal "$(names_of_table <<< "$output")" "disk.raw:/dev/sda
disk.raw.gz:/dev/sda
disk.qcow2:/dev/sda"
    assert_contains "$stderr" '"waves": 2,'
}

@test "cut off or damaged: corrupt, with what the program says, and the others are answered" {
    head -c 20000 "$PACKED/disk.raw.gz" > cut.gz
    head -c 5000 "$PACKED/disk.raw.xz" > cut.xz
    head -c 20000 "$PACKED/disk.ova" > cut.ova
    cp "$PACKED/disk.raw.bz2" damaged.bz2
    printf 'damaged' | dd of=damaged.bz2 bs=1 seek=4000 conv=notrunc status=none
    run -1 --separate-stderr virt-df-live -o GUEST,STATUS --noheadings cut.gz cut.xz damaged.bz2 cut.ova "$PACKED/disk.raw"
    assert_equal "$(tr -s ' ' <<< "$output")" "cut.gz corrupt
cut.xz corrupt
damaged.bz2 corrupt
cut.ova corrupt
disk.raw ok"
    assert_contains "$stderr" "cut.gz: it cannot be unpacked: gzip: unexpected end of file" "cut.xz: it cannot be unpacked: xz: " \
        "damaged.bz2: it cannot be unpacked: bzip2: " "cut.ova: the archive is cut off: disk.vmdk has "
}

@test "an archive with no disk image, or with several, is named" {
    cp "$PACKED"/disk.{raw,vmdk,ovf} .
    tar -cf none.ova disk.ovf
    tar -cf two.ova disk.ovf disk.vmdk disk.raw
    run -1 --separate-stderr virt-df-live none.ova two.ova
    assert_contains "$stderr" "none.ova: there is no disk image in the archive" \
        "two.ova: there are 2 disk images in the archive (disk.vmdk, disk.raw): unpack it"
}

@test "a name in an archive that leads out of it is only a name" {
    python3 - "$PACKED/disk.raw" <<- 'END'
	import sys, tarfile
	with tarfile.open("out.tar", "w") as archive:
	    archive.add(sys.argv[1], arcname="../../../../../etc/disk.raw")
	END
    assert_equal "$(rows out.tar)" "$(rows "$PACKED/disk.raw")"
}

@test "other archives are named, with what to do; --format=raw is obeyed" {
    printf 'PK\3\4%01020d' 0 > disk.zip
    printf 'VMA\0%01020d' 0 > disk.vma
    printf 'EVF\11\15\12\377\0%01016d' 0 > disk.E01
    run -1 --separate-stderr virt-df-live disk.zip disk.vma disk.E01
    assert_contains "$stderr" "disk.zip: it is a zip archive: unpack it (unzip)" \
        "disk.vma: it is a backup of Proxmox VE: unpack it (vma extract)" "disk.E01: it is an EnCase image (EWF): unpack it (ewfexport"
    run -1 --separate-stderr virt-df-live --format=raw "$PACKED/disk.raw.gz"
    assert_contains "$stderr" "disk.raw.gz: /dev/sda: unknown data"
}

# shellcheck disable=SC2016 # the inner shell expands it
@test "zeros take no room: 1 GiB of them, in a directory that has 64 MiB" {
    requires_mount_namespace
    # What gzip has compressed may stand behind each other.
    truncate -s 512M half
    gzip -1 -c half > half.gz
    cat half.gz half.gz > zeros.gz
    run -1 --separate-stderr unshare --mount sh -c 'mkdir room && mount -t tmpfs -o size=64M,mode=1777 room room &&
        TMPDIR=$PWD/room virt-df-live --timeout 300 zeros.gz'
    assert_contains "$stderr" "zeros.gz: the disk is empty: zeros in all of"
}

# shellcheck disable=SC2016 # the inner shell expands it
@test "without room for what is in it the image is refused, and the others are answered" {
    requires_mount_namespace
    head -c 80M /dev/urandom | gzip -1 > random.gz
    run -1 --separate-stderr unshare --mount sh -c 'mkdir room && mount -t tmpfs -o size=70M,mode=1777 room room &&
        TMPDIR=$PWD/room virt-df-live -o GUEST,STATUS --noheadings random.gz '"$PACKED/disk.raw"
    assert_contains "$stderr" "random.gz: there is no room for what is in it in $PWD/room; TMPDIR names another directory"
    assert_equal "$(tr -s ' ' <<< "$output")" "random.gz refused
disk.raw ok"
}

@test "what takes longer than --timeout is timed out, and the program is ended" {
    mkdir bin
    printf '#!/bin/sh\nexec sleep 1000\n' > bin/gzip
    chmod 755 . bin bin/gzip
    PATH=$PWD/bin:$PATH run -1 --separate-stderr virt-df-live --timeout 3 "$PACKED/disk.raw.gz"
    assert_contains "$stderr" "disk.raw.gz: $PACKED/disk.raw.gz could not be unpacked within 3 s (--timeout)"
    assert_nothing_left
}

@test "a program that is not there is named" {
    mkdir bin
    ln -s /nonexistent bin/bzip2
    printf '#!/bin/sh\n' > bin/empty
    run -1 --separate-stderr env PATH="$PWD/bin:/usr/sbin" "$(command -v virt-df-live)" "$PACKED/disk.raw.bz2"
    assert_contains "$stderr" "disk.raw.bz2: it has to be unpacked by bzip2, which cannot be started: No such file or directory; is it installed?"
}

@test "who unpacks has no rights, and no other file open" {
    requires_root
    mkdir bin
    cat > bin/gzip <<- END
	#!/bin/bash
	(echo x > "$PWD/written") 2> /dev/null || wrote=not
	printf '%s %s %s\n' "\$(id -u)" "\$(ls /proc/\$\$/fd | tr '\n' ' ')" "\$wrote written" >&2
	exit 1
	END
    chmod 777 . bin
    chmod 755 bin/gzip
    PATH=$PWD/bin:$PATH run -1 --separate-stderr virt-df-live "$PACKED/disk.raw.gz"
    [[ $stderr != *"gzip: 0 "* ]]
    [[ $stderr == *" 0 1 2 "*"not written" ]]
    [[ ! -e written ]]
}
