#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images behind NBD: who serves them, what is said where one does not, and that others do not wait.

load ../lib/helpers
load ../lib/remote

setup()
{
    requires_appliance
    requires qemu-nbd nbdkit python3
    setup_test
}

@test "nbd:// and nbd+unix://, raw and qcow2, with and without an export's name" {
    serve_nbd "$TMPDIR/raw" "$IMAGES/ext4.img" --format=raw
    serve_nbd "$TMPDIR/named" "$IMAGES/ext4.qcow2" --format=raw --export-name="a name/b"
    serve_nbd_tcp "$IMAGES/ext4.img" --format=raw --export-name=disk
    assert_same_row "nbd+unix:///?socket=$TMPDIR/raw" "nbd+unix:///a%20name/b?socket=$TMPDIR/named" \
        "nbd://127.0.0.1:$port/disk"
    # What the guests are called.
    assert_equal "$(names_of_csv)" "raw b disk"
}

@test "a server by its name" {
    getent hosts localhost > /dev/null || skip "localhost cannot be looked up: /etc/hosts does not have it"
    serve_nbd_tcp "$IMAGES/ext4.img" --format=raw --export-name=disk
    assert_same_row "nbd://localhost:$port/disk"
}

names_of_csv()
{
    cut -d , -f 1 <<< "$output" | xargs
}

@test "URIs in a list, as disks of a guest beside files, with -a, with --format" {
    serve_nbd "$TMPDIR/s" "$IMAGES/ext4.qcow2" --format=raw
    { guest_record "nbd+unix:///?socket=$TMPDIR/s" "$IMAGES/xfs.img"; guest_record "$IMAGES/ext4.img"; } > list
    run -0 --separate-stderr virt-df-live --csv --noheadings --guests-from list
    assert_equal "$(cut -d , -f 1,2 <<< "$output" | xargs)" "s+,/dev/sda s+,/dev/sdb ext4.img,/dev/sda"
    run -0 --separate-stderr virt-df-live --csv --noheadings -a "$IMAGES/xfs.img" -a "nbd+unix:///?socket=$TMPDIR/s"
    assert_equal "$(cut -d , -f 1,2 <<< "$output" | xargs)" "xfs.img+,/dev/sda xfs.img+,/dev/sdb"
    run --separate-stderr virt-df-live --format=raw "nbd+unix:///?socket=$TMPDIR/s"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: s: /dev/sda: unknown data"
    run -0 virt-ls -a "nbd+unix:///?socket=$TMPDIR/s" -m /dev/sda /
    assert_contains "$output" "lost+found"
}

@test "what is not there is said, with why" {
    serve_nbd "$TMPDIR/s" "$IMAGES/ext4.img" --format=raw --export-name=right
    touch plain
    run --separate-stderr virt-df-live "nbd+unix:///wrong?socket=$TMPDIR/s" "nbd://127.0.0.1:$(free_port)/x" \
        "nbd+unix:///y?socket=$TMPDIR/none" "nbd+unix:///z?socket=$TMPDIR/plain" nbd://no-such-host.invalid/w
    assert_status 1
    assert_contains "$stderr" "virt-df-live: wrong: speak to its NBD server: " "'wrong'" \
        "virt-df-live: x: connect to 127.0.0.1 port " "Connection refused" \
        "virt-df-live: y: connect to $TMPDIR/none: No such file or directory" \
        "virt-df-live: z: connect to $TMPDIR/plain: Connection refused" \
        "virt-df-live: w: look up no-such-host.invalid: "
    assert_equal "$(wc -l <<< "$stderr")" 5
}

@test "URIs that are not read are wrong usage, or one entry of a list" {
    run --separate-stderr virt-df-live ftp://user:secret@host/x.img
    assert_status 2
    assert_contains "$stderr" "ftp:// is not read; nbd, nbd+unix, http, https, ssh, iscsi and rbd are"
    run --separate-stderr virt-df-live "nbd+unix:///x"
    assert_status 2
    assert_contains "$stderr" "ends with ?socket=PATH"
    printf 'nbds://host/x\n%s\n' "$IMAGES/ext4.img" > list
    run --separate-stderr virt-df-live --csv --noheadings --images-from list
    assert_status 1
    assert_contains "$stderr" "virt-df-live: list:1: nbds:// is not read"
    assert_contains "$output" "ext4.img,/dev/sda"
}

@test "what a remote image names is not followed, by any policy" {
    qemu-img create -q -f qcow2 -u -b /etc/shadow -F raw over.qcow2 4M
    serve_nbd "$TMPDIR/s" over.qcow2 --format=raw
    run --separate-stderr virt-df-live --backing=allow "nbd+unix:///?socket=$TMPDIR/s"
    assert_status 1
    assert_contains "$stderr" 'virt-df-live: s: the image names a backing file, "/etc/shadow"; what a remote image'
}

# connected COUNT: at once, to the port
connected() { [[ $(awk -v port="$(printf ':%04X$' "$port")" '$3 ~ port && $4 == "01"' /proc/net/tcp | wc -l) -eq $1 ]]; }

@test "a server that says nothing costs its own guest the time-out, and others nothing" {
    serve_silence
    start virt-df-live --csv --noheadings --timeout=6 -P 1 "nbd://127.0.0.1:$port/a" \
        "nbd://127.0.0.1:$port/b" "$IMAGES/ext4.img"
    wait_until 30 connected 2
    finish
    assert_status 1
    assert_contains "$stderr" "virt-df-live: a: no answer from nbd://127.0.0.1:$port/a within 6 s (--timeout)" \
        "virt-df-live: b: no answer from nbd://127.0.0.1:$port/b within 6 s (--timeout)"
    assert_contains "$output" "ext4.img,/dev/sda"
    assert_nothing_left
}

@test "a server that stops answering later does so, too" {
    serve_nbdkit "$TMPDIR/slow" --filter=delay file "$IMAGES/ext4.img" rdelay=1000
    serve_nbd "$TMPDIR/good" "$IMAGES/ext4.img" --format=raw
    run --separate-stderr virt-df-live --csv --noheadings --timeout=6 --isolate=none --format=raw \
        "nbd+unix:///?socket=$TMPDIR/slow" "nbd+unix:///?socket=$TMPDIR/good" "$IMAGES/ext4.img"
    assert_status 1
    assert_equal "$stderr" "virt-df-live: slow: no answer within 6 s (--timeout)"
    assert_contains "$output" "good,/dev/sda" "ext4.img,/dev/sda"
    assert_nothing_left
}

@test "a server that stops when QEMU speaks to it stops no other guest" {
    # The first connection is served, the second never.
    serve_nbd "$TMPDIR/real" "$IMAGES/ext4.img" --format=raw
    in_background python3 -c 'if True:
        import socket, sys, threading
        def pump(a, b):
            while (data := a.recv(65536)):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        server = socket.socket(socket.AF_UNIX)
        server.bind(sys.argv[2])
        server.listen()
        ours, _ = server.accept()
        theirs = socket.socket(socket.AF_UNIX)
        theirs.connect(sys.argv[1])
        threading.Thread(target=pump, args=(ours, theirs)).start()
        threading.Thread(target=pump, args=(theirs, ours)).start()
        kept = []
        while True:
            kept.append(server.accept())' "$TMPDIR/real" "$TMPDIR/once"
    wait_until 30 is_socket "$TMPDIR/once"
    run --separate-stderr virt-df-live --csv --noheadings --timeout=6 --isolate=none -P 1 \
        "$IMAGES/ext4.img" "nbd+unix:///?socket=$TMPDIR/once" "$IMAGES/ext3.img"
    assert_status 1
    assert_equal "$stderr" "virt-df-live: once: no answer within 6 s (--timeout)"
    assert_contains "$output" "ext4.img,/dev/sda" "ext3.img,/dev/sda"
}

@test "a server that dies is an error of its own guest" {
    # It has its scripts in /tmp, and cannot remove them.
    # shellcheck disable=SC2016 # for the other shell
    on_cleanup bash -c 'grep -lsF "# $TMPDIR" /tmp/nbdkit??????/get_size | xargs -r dirname | xargs -r rm -r'
    # shellcheck disable=SC2016 # nbdkit runs it
    serve_nbdkit "$TMPDIR/dying" eval get_size="echo 25165824 # $TMPDIR" pread='kill -KILL $PPID'
    run --separate-stderr virt-df-live --csv --noheadings --isolate=none --format=raw \
        "nbd+unix:///?socket=$TMPDIR/dying" "$IMAGES/ext4.img"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: dying: "
    assert_equal "$(wc -l <<< "$stderr")" 1
    assert_contains "$output" "ext4.img,/dev/sda"
}

# bats test_tags=slow
@test "many guests behind one server, each with an appliance to itself" {
    local i uris=()
    serve_nbd "$TMPDIR/s" "$IMAGES/ext4.img" --format=raw
    for ((i = 0; i < 40; i++)); do uris+=("nbd+unix:///?socket=$TMPDIR/s"); done
    run -0 --separate-stderr virt-df-live --csv --noheadings --stats --isolate=none "${uris[@]}"
    assert_equal "$(wc -l <<< "$output")" 40
    assert_equal "$(jq .waves <<< "${stderr#stats: }")" 40
    assert_nothing_left
}

@test "a signal ends what is being connected, too" {
    serve_silence
    start virt-df-live "nbd://127.0.0.1:$port/a" "nbd://127.0.0.1:$port/b"
    wait_until 30 is_running vlt-remote
    kill -TERM "$pid"
    finish
    assert_status 143
    assert_nothing_left
    run ! is_running vlt-remote
}
