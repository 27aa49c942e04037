#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Windows dynamic disks (LDM): every kind of volume, over one disk or three; what is missing or makes no sense is named.
# tests/images/make-ldm.py makes them; ldmtool and virt-df (compare-virt-df.bats) say that they are what they are meant to be.

load ../lib/helpers
load ../lib/volumes

setup_file() { set_up_volumes ldm.img ldm ldm-gpt ldm-plain; }
teardown_file() { remove_scratch; }

setup()
{
    setup_test
    requires python3
    cd "$VOLUMES" || return 1
}

# figures ARGUMENT…: size, used and available of each filesystem, a line each
figures()
{
    virt-df-live --csv --noheadings "$@" | cut -d , -f 3-5
}

make_ldm() { "$TOP/tests/images/make-ldm.py" "$@"; }

# The devices of a disk group's volumes with these numbers, and what is in each.
volumes_of()
{
    local group=$1 number
    local -a labels=('' SIMPLE spanned striped mirrored raid5)

    for number in "${@:2}"; do echo "/dev/mapper/ldm_vol_${group}_Volume$number ${labels[number]}"; done
}

@test "simple, spanned, striped, mirrored, RAID 5, over three disks: each once, and the disks as members" {
    assert_equal "$(devices -a ldm-a.img -a ldm-b.img -a ldm-c.img)" "$(volumes_of MBR-Dg0 1 2 3 4 5)"
    run -0 --separate-stderr virt-df-live --json -a ldm-a.img -a ldm-b.img -a ldm-c.img
    assert_equal "$stderr" ""
    assert_equal "$(json 'select(.type != "guest" and .type != "filesystem") | "\(.type) \(.fstype) \(.status)"' | sort | uniq -c | xargs)" \
        "11 member LDM ok"
}

@test "… with GUID partition tables" {
    assert_equal "$(devices -a ldm-gpt-a.img -a ldm-gpt-b.img -a ldm-gpt-c.img)" "$(volumes_of GPT-Dg0 1 2 3 4 5)"
}

@test "… on one disk" {
    assert_equal "$(devices ldm.img)" "$(volumes_of One-Dg0 1 2 3 4 5)"
}

@test "their figures are those of the same filesystems by themselves" {
    figures ldm-plain-?.img > "$TMPDIR/plain"
    [[ $(wc -l < "$TMPDIR/plain") -eq 5 ]]
    diff "$TMPDIR/plain" <(figures -a ldm-a.img -a ldm-b.img -a ldm-c.img)
    diff "$TMPDIR/plain" <(figures -a ldm-gpt-a.img -a ldm-gpt-b.img -a ldm-gpt-c.img)
    diff "$TMPDIR/plain" <(figures ldm.img)
}

@test "the disks in any order" {
    [[ $(devices -a ldm-c.img -a ldm-a.img -a ldm-b.img) == "$(volumes_of MBR-Dg0 1 2 3 4 5)" ]]
}

# What lies in every chunk of it, which figures do not show.
# bats test_tags=slow
@test "a file in each is what it was; in RAID 5 and in the mirror also without one of the disks" {
    local name number=0 lack disks

    for name in simple spanned striped mirrored raid5; do
        number=$((number + 1))
        for lack in none a b c; do
            [[ $lack == none || $name == raid5 || ($name == mirrored && $lack != a) ]] || continue
            disks=()
            for disk in a b c; do [[ $disk == "$lack" ]] || disks+=(-a "ldm-$disk.img"); done
            run -0 --separate-stderr virt-ls "${disks[@]}" -m "/dev/mapper/ldm_vol_MBR-Dg0_Volume$number" -lR --csv --checksum=sha256 /
            assert_contains "$output" "$(seq $((100000 + 50000 * number)) | sha256sum | cut -d ' ' -f 1)"
        done
    done
}

@test "without one of the disks: what can be read is, the rest is named, with the disk" {
    run -1 --separate-stderr virt-df-live --csv -a ldm-b.img -a ldm-c.img
    assert_equal "$(cut -d , -f 2 <<< "$output")" "Filesystem
/dev/mapper/ldm_vol_MBR-Dg0_Volume4
/dev/mapper/ldm_vol_MBR-Dg0_Volume5"
    assert_equal "$stderr" "virt-df-live: ldm-b.img+: /dev/mapper/ldm_vol_MBR-Dg0_Volume1: a disk of it is missing: Disk1
virt-df-live: ldm-b.img+: /dev/mapper/ldm_vol_MBR-Dg0_Volume2: a disk of it is missing: Disk1
virt-df-live: ldm-b.img+: /dev/mapper/ldm_vol_MBR-Dg0_Volume3: a disk of it is missing: Disk1"
}

@test "… and without two" {
    run -1 --separate-stderr virt-df-live --csv ldm-c.img
    assert_equal "$(cut -d , -f 2 <<< "$output")" "Filesystem
/dev/mapper/ldm_vol_MBR-Dg0_Volume4"
    assert_contains "$stderr" "ldm_vol_MBR-Dg0_Volume5: disks of it are missing: Disk1, Disk2"
    run -1 --separate-stderr virt-df-live --json ldm-c.img
    assert_equal "$(json 'select(.device == "/dev/mapper/ldm_vol_MBR-Dg0_Volume5") | .status')" unsupported
}

@test "ldmtool reads the same database" {
    local guid

    requires ldmtool
    guid=$(ldmtool scan ldm-a.img ldm-b.img ldm-c.img 2> "$TMPDIR/log" | jq -r '.[]')
    { echo "scan ldm-a.img ldm-b.img ldm-c.img"; for n in 1 2 3 4 5; do echo "show volume $guid Volume$n"; done; } > "$TMPDIR/script"
    ldmtool < "$TMPDIR/script" 2> "$TMPDIR/log" | sed -n '/^{/,/^}/p' | jq -r '"\(.type) \(.partitions | join(" "))"' > "$TMPDIR/said"
    assert_equal "$(cat "$TMPDIR/said")" "simple Disk1-01
spanned Disk1-02 Disk1-03 Disk2-01
striped Disk1-04 Disk2-02
mirrored Disk2-03 Disk3-01
RAID5 Disk1-05 Disk2-04 Disk3-02"
}

@test "a partition beside it, of a GUID table, is read as any" {
    cd "$TMPDIR"
    make_ldm --gpt --system "$IMAGES/vfat.img" disk.img "simple:a:$IMAGES/ntfs.img"
    run -0 --separate-stderr virt-df-live --json disk.img
    assert_equal "$(json 'select(.type == "filesystem") | .device + " " + .fstype')" "/dev/sda3 vfat
/dev/mapper/ldm_vol_WIN-TEST-Dg0_Volume1 ntfs"
}

@test "two groups of one guest, of the same names" {
    cd "$TMPDIR"
    make_ldm one.img "simple:a:$IMAGES/ntfs.img"
    # Another GUID, by its bytes: it stands in PRIVHEADs, in the VMDB and in the record of the group.
    python3 -c 'import sys, uuid
guid = str(uuid.uuid5(uuid.NAMESPACE_DNS, "WIN-TEST-Dg0")).encode()
data = open("one.img", "rb").read()
assert data.count(guid) == 8
open("two.img", "wb").write(data.replace(guid, guid[:-1] + (b"1" if guid.endswith(b"0") else b"0")))'
    run -0 --separate-stderr virt-df-live --json -a one.img -a two.img
    assert_equal "$(json 'select(.type == "filesystem") | .device')" "/dev/mapper/ldm_vol_WIN-TEST-Dg0_Volume1
/dev/mapper/ldm_vol_WIN-TEST-Dg0_Volume1.2"
}

@test "names are made fit for a device" {
    cd "$TMPDIR"
    make_ldm --group $'a b/\e"\\' disk.img "simple:a:$IMAGES/ntfs.img"
    run -0 --separate-stderr virt-df-live --json disk.img
    assert_equal "$(json 'select(.type == "filesystem") | .device')" "/dev/mapper/ldm_vol_a_b_____Volume1"
}

# What they say may be of two times: which is true is not for us to guess.
@test "a disk that fell out of its group: nothing of that group is shown" {
    cd "$TMPDIR"
    make_ldm --stale a.img,b.img "mirrored:ab:$IMAGES/ntfs.img" "simple:a:$IMAGES/ext4.img"
    run -1 --separate-stderr virt-df-live --csv -a a.img -a b.img
    assert_equal "$output" "VirtualMachine,Filesystem,1K-blocks,Used,Available,Use%"
    assert_contains "$stderr" "Volume1: disks contradict each other: its database is not of the same time"
    run -1 --separate-stderr virt-df-live --json -a a.img -a b.img
    assert_equal "$(json 'select(.type == "guest") | .status')" corrupt
}

@test "the same disk twice in a guest" {
    run -1 --separate-stderr virt-df-live --csv -a ldm-a.img -a ldm-b.img -a ldm-b.img -a ldm-c.img
    assert_equal "$output" "VirtualMachine,Filesystem,1K-blocks,Used,Available,Use%"
    assert_contains "$stderr" "contradict each other: another says that it is the same disk"
}

@test "a piece that is said to be outside of its disk" {
    cd "$TMPDIR"
    for beyond in 200000 9223372036854000000; do
        make_ldm --beyond "$beyond" a.img,b.img "spanned:ab:$IMAGES/ntfs.img" "simple:b:$IMAGES/ext4.img"
        run -1 --separate-stderr virt-df-live --csv -a a.img -a b.img
        assert_equal "$(cut -d , -f 2 <<< "$output")" "Filesystem
/dev/mapper/ldm_vol_WIN-TEST-Dg0_Volume2"
        assert_contains "$stderr" "Volume1: a piece of it is outside of its disk, Disk1"
    done
}

# The records begin behind the VMDB, whose header has a sector; the database is the disk's last MiB.
@test "a database that cannot be read: pieces that are filesystems are read, the others named; the next guest is right" {
    cp --sparse=always ldm.img "$TMPDIR/broken.img"
    cd "$TMPDIR"
    dd if=/dev/urandom of=broken.img bs=512 seek=$(($(stat -c %s broken.img) / 512 - 2048 + 17)) count=20 conv=notrunc status=none
    run -1 --separate-stderr virt-df-live --csv -P 1 broken.img "$VOLUMES/ldm.img"
    assert_contains "$stderr" "broken.img: /dev/sda"
    assert_equal "$(grep -c '^ldm.img,/dev/mapper/' <<< "$output")" 5
}

@test "nothing is written to the images" {
    local before

    before=$(cksum ldm*.img)
    run -0 virt-df-live ldm.img
    run -0 virt-df-live -a ldm-a.img -a ldm-b.img -a ldm-c.img
    run -1 virt-df-live -a ldm-a.img -a ldm-c.img
    assert_equal "$(cksum ldm*.img)" "$before"
}
