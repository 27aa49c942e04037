#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copies of one guest have the same UUIDs and names of everything. In one wave each gets its own figures, as it does alone; and
# nothing of a guest is left for the next.

load ../lib/helpers
load ../lib/volumes

setup_file() { set_up_volumes lvm.img lvm-one.img lvm-nodes.img lvm-two md.img md-disks btrfs-two ldm luks1.img; }
teardown_file() { remove_scratch; }

# offset FILE LABEL: where the ext4 of that label begins in it
offset()
{
    python3 - "$@" <<- 'END'
	import sys
	data, label = open(sys.argv[1], "rb").read(), sys.argv[2].encode() + b"\0"
	# s_volume_name is 120 bytes into the superblock, which is 1024 bytes in, and s_magic is 56 in.
	at = data.find(label)
	while data[at - 120 + 56 : at - 120 + 58] != b"\x53\xef":
	    at = data.find(label, at + 1)
	print(at - 120 - 1024)
	END
}

# rows OPTION-OR-IMAGE…
rows() { virt-df-live -P 1 --csv --noheadings "$@"; }

# bats test_tags=slow
@test "200 copies of a guest with LVM, in one wave; one of them has a file less" {
    local i name
    requires python3 debugfs
    volume lvm.img 000.img
    for ((i = 1; i < 200; i++)); do ln 000.img "$(printf %03d.img "$i")"; done
    rm 100.img
    volume lvm.img 100.img
    debugfs -w -R "rm name" "100.img?offset=$(offset 100.img root)" 2> log
    rows 000.img | sed 's/^[^,]*,//' > alone
    rows 100.img | sed 's/^[^,]*,//' > other
    run -1 cmp alone other
    for ((i = 0; i < 200; i++)); do
        name=$(printf %03d.img "$i")
        if ((i == 100)); then sed "s/^/$name,/" other; else sed "s/^/$name,/" alone; fi
    done > expected
    run -0 --separate-stderr rows --stats ./???.img
    assert_contains "$stderr" '"waves": 1,'
    diff expected <(echo "$output")
}

@test "copies of arrays and of btrfs over two disks, one after the other" {
    local i
    for ((i = 0; i < 10; i++)); do
        guest_record "$VOLUMES/md-disks-a.img" "$VOLUMES/md-disks-b.img"
        guest_record "$VOLUMES/btrfs-two-a.img" "$VOLUMES/btrfs-two-b.img"
    done > list
    run -0 --separate-stderr virt-df-live -P 1 --json --guests-from list
    for ((i = 0; i < 10; i++)); do printf 'one\ntwo\nboth\n'; done > expected
    diff expected <(json 'select(.type == "filesystem") | .label')
}

@test "20 copies of a guest with dynamic disks, in one wave; one of them has a file less" {
    local i disk name
    requires python3 debugfs
    for ((i = 0; i < 20; i++)); do
        mkdir "$i"
        for disk in a b c; do ln -s "$VOLUMES/ldm-$disk.img" "$i/$disk.img"; done
    done
    # Either half of the mirror, whichever is read.
    for disk in b c; do
        rm "10/$disk.img"
        volume "ldm-$disk.img" "10/$disk.img"
        debugfs -w -R "rm mirrored.txt" "10/$disk.img?offset=$(offset "10/$disk.img" mirrored)" 2> log
    done
    for ((i = 0; i < 20; i++)); do guest_record "$PWD/$i/a.img" "$PWD/$i/b.img" "$PWD/$i/c.img"; done > list
    for i in 0 10; do rows -a "$i/a.img" -a "$i/b.img" -a "$i/c.img" | sed 's/^[^,]*,//' > "rows-$i"; done
    [[ $(wc -l < rows-0) -eq 5 && $(diff rows-0 rows-10 | grep -c '^<') -eq 1 ]]
    for ((i = 0; i < 20; i++)); do if ((i == 10)); then cat rows-10; else cat rows-0; fi; done > expected
    run -0 --separate-stderr rows --stats --guests-from list
    assert_contains "$stderr" '"waves": 1,'
    diff expected <(cut -d , -f 2- <<< "$output")
}

# assert_labels EXPECTED LIST ARGUMENT…: the filesystems' labels, after one wave in which there was nothing to say
assert_labels()
{
    run -0 --separate-stderr virt-df-live -P 1 --json --stats --guests-from "${@:2}"
    assert_contains "$stderr" '"waves": 1,'
    assert_equal "$(grep -v ^stats: <<< "$stderr")" ""
    assert_equal "$(json 'select(.type == "filesystem") | .label' | paste -sd ' ')" "$1"
}

@test "volume groups that are called as the agent's own devices are in nobody's way" {
    {
        guest_record "$VOLUMES/lvm-nodes.img"
        guest_record "$VOLUMES/lvm-two-a.img" "$VOLUMES/lvm-two-b.img" "$VOLUMES/lvm.img"
        guest_record "$VOLUMES/md.img"
    } > list
    assert_labels "array0 error view ram2 boot first mirror raid second striped root varlog raid0 raid1 raid5 raid10 old" list
}

@test "a volume's name is forgotten with its guest: the next guest's disk has its number" {
    local two=("$VOLUMES/lvm-two-a.img" "$VOLUMES/lvm-two-b.img")
    {
        guest_record "$VOLUMES/lvm-one.img"
        guest_record "${two[@]}"
        guest_record "$VOLUMES/luks1.img"
        guest_record "${two[@]}"
    } > list
    assert_labels "centos first mirror raid second striped luks1 first mirror raid second striped" list --key all:key:secret
}
