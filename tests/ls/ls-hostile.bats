#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-ls of trees that were made to be trouble: what there is comes out whole, what cannot be listed is named, and no
# file is opened that must not be.
# bats file_tags=slow

load ../lib/helpers

setup() { requires_appliance; requires mke2fs debugfs; setup_test; }

# build SIZE [MKE2FS-OPTION…]: t.img from the directory tree, which is then removed
build()
{
    truncate -s "$1" t.img
    mke2fs -q -F -t ext4 -d tree "${@:2}" t.img
    rm -rf tree
}

# list OPTION…: of t.img
list() { timeout 300 virt-ls -a t.img -m /dev/sda "$@"; }

@test "names: newlines, escapes, no UTF-8, 255 bytes; -0 keeps them apart" {
    local long

    long=$(printf 'x%.0s' {1..255})
    mkdir tree
    touch tree/$'new\nline' tree/$'esc\e[2J' tree/$'no\xff\xfeutf' "tree/$long" tree/-l 'tree/ ' 'tree/*'
    build 8M
    list -0 / > out
    (printf '%s\0' ' ' '*' -l $'esc\e[2J' lost+found $'new\nline' $'no\xff\xfeutf' "$long") | cmp - out
    run -0 list --json /
    assert_equal "$(json 'select(.path | contains("utf")) | .path_b64' | base64 -d)" $'/no\xff\xfeutf'
    run -0 list -lR --csv --checksum /
    assert_contains "$output" ",/$long" $',"/new\nline"'
}

@test "paths longer than PATH_MAX" {
    python3 - <<- 'END'
	import os
	os.mkdir("tree"); os.chdir("tree")
	for i in range(60):
	    os.mkdir("d" * 200); os.chdir("d" * 200)
	open("bottom", "w").close()
	END
    build 16M
    list -R / > out
    [[ $(tail -n 2 out | head -n 1 | wc -c) -gt 12000 ]]
    [[ $(wc -l < out) -eq 62 ]] # 60 directories, bottom, lost+found
    grep -q '/bottom$' out
}

@test "100,000 files in one directory" {
    requires mkfs.btrfs # mke2fs looks through the whole directory for each, squashfs's driver also
    mkdir tree
    (cd tree && seq -f 'a-name-of-thirty-bytes-%07.0f' 100000 | xargs touch)
    truncate -s 1G t.img
    mkfs.btrfs -q --rootdir tree t.img > log 2>&1
    list / > out
    [[ $(wc -l < out) -eq 100000 ]]
    LC_ALL=C sort -c out
    list -lR / > out
    [[ $(wc -l < out) -eq 100001 ]]
}

@test "a million files, in bounded memory" {
    local most now

    requires mksquashfs
    mkdir empty
    awk 'BEGIN { for (d = 0; d < 1000; d++) { printf "d%d d 755 0 0\n", d
        for (i = 0; i < 1000; i++) printf "d%d/a-file-whose-name-is-somewhat-long-%d i 644 0 0 f\n", d, i } }' > pseudo
    mksquashfs empty t.img -pf pseudo -quiet -no-progress > log
    start virt-ls --memsize 256 -R -a t.img -m /dev/sda /
    most=0
    while kill -0 "$pid" 2> gone; do
        # Its own: the template, which it sums up, is mapped for a while.
        now=$(awk '/^RssAnon:/ { print $2 }' "/proc/$pid/status" 2> gone || echo 0)
        [[ ${now:-0} -le $most ]] || most=$now
        sleep 0.2
    done
    status=0
    wait "$pid" || status=$?
    assert_status 0
    [[ $(wc -l < out) -eq 1001000 ]]
    echo "the command had at most $most kB"
    [[ $most -gt 0 && $most -lt 16384 ]]
    assert_nothing_left
}

@test "links as DIR: loops, absolute, too many ..; always inside the guest" {
    mkdir -p tree/a/b tree/etc
    echo guest > tree/etc/only-the-guest-has-this
    ln -s loop tree/loop
    ln -s two tree/one
    ln -s one tree/two
    ln -s /etc tree/a/absolute
    ln -s ../../../../../../etc tree/a/b/up
    ln -s /proc/self/root/etc tree/a/proc
    build 8M
    run -0 list /a/absolute /a/b/up /../../etc /a/b/up/../etc
    assert_equal "$output" "$(yes only-the-guest-has-this | head -n 4)"
    run --separate-stderr list /loop /one /a/proc
    assert_status 1
    assert_equal "$output" ""
    assert_equal "$stderr" "virt-ls: t.img: /loop: Too many levels of symbolic links
virt-ls: t.img: /one: Too many levels of symbolic links
virt-ls: t.img: /a/proc: No such file or directory"
}

@test "devices, FIFOs and sockets are told and not opened; hard links; a sparse file of 16 TB" {
    requires_root
    mkdir tree
    mkfifo tree/fifo
    mknod tree/console c 5 1
    mknod tree/disk b 8 0
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("tree/socket")'
    echo text > tree/file
    ln tree/file tree/hard
    build 8M
    debugfs -w -R 'sif /file size 0xfffffff0000' t.img 2> log # of which 5 bytes are there
    run -0 list -lR --extra-stats /
    assert_equal "$(sed -E 's/ +/ /g; s/^(. .... [0-9]+) [^ ]+ [0-9]+ /\1 /; /lost|\/$/d' <<< "$output")" \
        "c 0644 0 1 5:1 0 /console
b 0644 0 1 8:0 0 /disk
p 0644 0 1 0:0 0 /fifo
- 0644 17592185978880 2 0:0 2 /file
- 0644 17592185978880 2 0:0 2 /hard
s 0755 0 1 0:0 0 /socket"
    # A FIFO that is opened waits for a writer for ever. Only what is a file has a checksum.
    debugfs -w -R 'sif /file size 5' t.img 2>> log
    run -0 list -lR --checksum=md5 --csv /
    assert_equal "$(grep -c "$(echo text | md5sum | cut -d ' ' -f 1)" <<< "$output")" 2
    assert_equal "$(grep -c ',,/' <<< "$output")" 6
}

@test "a directory that is in itself: an error, and not for ever" {
    mkdir -p tree/a/b tree/c
    touch tree/a/b/file tree/c/file
    build 8M
    printf 'ln a a/b/again\nln a c/again\n' | debugfs -w -f - t.img > log 2>&1
    run --separate-stderr list -R /
    assert_status 1
    assert_contains "$output" "a/b/file" "c/file"
    [[ $(wc -l <<< "$output") -lt 20 ]]
    assert_contains "$stderr" "virt-ls: t.img: /"
    assert_nothing_left
}

@test "times that are none: more than 999,999,999 nanoseconds" {
    mkdir tree
    touch tree/file
    build 8M
    debugfs -w -R 'sif /file mtime_extra 0xfffffffc' t.img 2> log
    run -0 --separate-stderr list -lR --times --time-t /
    assert_contains "$output" " /file"
    run -0 list -lR --json /
    assert_contains "$output" '"/file"'
}

@test "an inode that is damaged is what the kernel says, the others go on" {
    mkdir tree
    touch tree/{before,broken,later}
    build 8M -O metadata_csum
    debugfs -w -R 'sif /broken checksum 0x12345678' t.img 2> log
    run --separate-stderr list -lR /
    assert_status 1
    assert_equal "$(grep -o '/[a-z]*$' <<< "$output" | tr -d '\n')" "//before/later"
    assert_contains "$stderr" "virt-ls: t.img: /broken: stat: Bad message"
}
