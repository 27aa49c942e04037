#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What virt-ls prints of real images: its forms, many guests, failures, exit statuses.

load ../lib/helpers

setup() { requires_appliance; setup_test; }

@test "names, sorted, of several directories" {
    run -0 --separate-stderr virt-ls -a "$IMAGES/ext4.img" -m /dev/sda /etc / /data/empty /etc/
    assert_equal "$stderr" ""
    assert_equal "$output" $'hostname\ndata\netc\nlost+found\nhostname'
    assert_nothing_left
}

@test "-R: paths below" {
    run -0 virt-ls -R -a "$IMAGES/ext4.img" -m /dev/sda /etc /data
    assert_equal "$output" "hostname
empty
file1
file2
file3
file4
file5
file6
file7
file8
noise.bin"
}

@test "-l: as ls -la" {
    run -0 virt-ls -l -a "$IMAGES/ext4.img" -m /dev/sda /etc
    [[ ${lines[0]} =~ ^total\ [0-9]+$ ]]
    [[ ${lines[1]} =~ ^drwxr-xr-x\ 2\ 0\ 0\ .*\ \.$ ]]
    [[ ${lines[3]} =~ ^-rw-r--r--\ 1\ 0\ 0\ +6\ .*\ hostname$ ]]
}

@test "-lR, with checksums that are right" {
    run -0 virt-ls -lR --checksum=sha256 -a "$IMAGES/ext4.img" -m /dev/sda /etc
    assert_equal "$output" "d 0755       1024 /etc
- 0644          6 $(echo guest | sha256sum | cut -d ' ' -f 1) /etc/hostname"
    run -0 virt-ls -lR --checksum=crc -a "$IMAGES/ext4.img" -m /dev/sda /etc
    assert_contains "$output" " $(echo guest | cksum | cut -d ' ' -f 1) /etc/hostname"
}

@test "--json has the files, then the guest" {
    run -0 virt-ls --json -R --checksum -a "$IMAGES/ext4.img" -m /dev/sda /etc
    assert_equal "$(json .type)" $'file\nfile\nguest'
    assert_equal "$(json 'select(.path == "/etc/hostname") | "\(.size) \(.mode) \(.checksum)"')" \
        "6 0644 $(echo guest | md5sum | cut -d ' ' -f 1)"
    assert_equal "$(json 'select(.type == "guest") | "\(.status) \(.files) \(.problems)"')" "ok 2 0"
}

@test "many guests: names before paths, in the order of the list" {
    printf '%s\n' "$IMAGES"/{xfs,ext4,vfat}.img > list
    run -0 --separate-stderr virt-ls --images-from list -m /dev/sda /etc
    assert_equal "$output" $'xfs.img:hostname\next4.img:hostname\nvfat.img:hostname'
    run -0 virt-ls --images-from list -m /dev/sda -lR --csv /etc
    assert_contains "$output" ",xfs.img:/etc" ",ext4.img:/etc/hostname"
}

@test "100 guests in waves, each once" {

    links 100
    printf '%s\n' "${names[@]}" > list
    run -0 --separate-stderr virt-ls --stats --wave 40 --images-from list -m /dev/sda /etc
    assert_equal "$output" "$(printf '%s:hostname\n' "${names[@]}")"
    assert_contains "$stderr" '"guests": 100' '"failed": 0'
    assert_nothing_left
}

@test "-0: NUL behind paths, and between entries of a list" {
    printf '%s\0' "$IMAGES"/ext4.img > list
    virt-ls -0 --images-from list -m /dev/sda /etc > out
    printf 'ext4.img:hostname\0' | cmp - out
}

@test "a directory that is not there is named, the others are listed, exit 1" {
    run --separate-stderr virt-ls --stats -a "$IMAGES/ext4.img" -m /dev/sda /gone /etc /etc/hostname
    assert_status 1
    assert_equal "$output" "hostname"
    assert_contains "$stderr" '"failed": 1,'
    assert_equal "$(grep -v ^stats: <<< "$stderr")" "virt-ls: ext4.img: /gone: No such file or directory
virt-ls: ext4.img: /etc/hostname: Not a directory"
}

@test "a guest that has nothing to list is named, the others are listed, exit 1" {
    printf '%s\n' "$IMAGES"/{ext4,zeros,random,xfs}.img gone.img > list
    run --separate-stderr virt-ls --images-from list -m /dev/sda /etc
    assert_status 1
    assert_equal "$output" $'ext4.img:hostname\nxfs.img:hostname'
    assert_contains "$stderr" "virt-ls: zeros.img: " "virt-ls: random.img: " "virt-ls: gone.img: "
    assert_equal "$(wc -l <<< "$stderr")" 3
}

@test "without an operating system: an error that says how to choose" {
    run --separate-stderr virt-ls -a "$IMAGES/gpt.img" /
    assert_status 1
    assert_equal "$output" ""
    assert_contains "$stderr" "virt-ls: gpt.img: " "-m" "/dev/sda2"
}

@test "several disks are one guest" {
    run -0 virt-ls -a "$IMAGES/ext4.img" -a "$IMAGES/xfs.img" -m /dev/sdb /etc
    assert_equal "$output" "hostname"
}

@test "images are not changed" {
    image ext4.img
    before=$(cksum ext4.img; stat -c '%a %u %g %Y %Z' ext4.img)
    run -0 virt-ls -lR --checksum -a ext4.img -m /dev/sda /
    assert_equal "$(cksum ext4.img; stat -c '%a %u %g %Y %Z' ext4.img)" "$before"
}
