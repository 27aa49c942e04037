#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images in Ceph RBD: a real cluster on loopback, which takes some time to come up. `make check-ceph` runs this.

load ../lib/helpers
load ../lib/domains
load ../lib/remote
load ../lib/ceph

setup_file()
{
    [[ ${CHECK_CEPH-} ]] || return 0
    make_scratch
    export CLUSTER=$TMPDIR/ceph
    start_ceph "$CLUSTER" > "$TMPDIR/start.log" 2>&1
    rbd --no-progress import "$IMAGES/ext4.img" vms/web1
    rbd --no-progress snap create vms/web1@monday
    ceph auth get-or-create-key client.backup mon 'profile rbd' osd 'profile rbd pool=vms' > "$CLUSTER/backup.key"
}

teardown_file()
{
    [[ ${CHECK_CEPH-} ]] || return 0
    stop_ceph "$CLUSTER"
    TMPDIR=$(dirname "$CLUSTER") remove_scratch
}

setup()
{
    [[ ${CHECK_CEPH-} ]] || skip "make check-ceph runs it"
    requires_appliance
    setup_test
    export CEPH_CONF=$CLUSTER/ceph.conf
    monitor=$(sed -n 's/^mon_host = .*v1:\(.*\)]$/\1/p' "$CEPH_CONF")
    key=$(cat "$CLUSTER/backup.key")
    escaped=$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$key")
}

@test "an image, and a snapshot of it, have the rows of the file" {
    image ext4.img
    run -0 --separate-stderr virt-df-live --csv ext4.img rbd:///vms/web1 rbd:///vms/web1@monday "rbd:///vms/web1?conf=$CEPH_CONF"
    assert_equal "$(tail -n +2 <<< "$output" | cut -d , -f 2- | sort -u | wc -l)" 1
    assert_equal "$(tail -n +2 <<< "$output" | cut -d , -f 1)" "ext4.img
web1
web1@monday
web1"
}

@test "with a key, and without any configuration; the key is in no command line" {
    unset CEPH_CONF
    virt-df-live "rbd://backup:$escaped@$monitor/vms/web1" > rows 3>&- &
    command=$!
    local pid seen=0
    while kill -0 "$command" 2> /dev/null; do
        for pid in $(pgrep -f 'qemu-nbd.*web1'); do
            seen=1
            if grep -qaF "$key" "/proc/$pid/cmdline" "/proc/$pid/environ" 2> /dev/null; then touch told; fi
        done
    done
    wait "$command"
    assert_equal "$(names_of_table < rows)" "web1:/dev/sda"
    [[ $seen -eq 1 && ! -e told ]]
}

# The client asks a monitor that refuses its key again and again.
@test "what is not there, a wrong key, no cluster: each is said, and the others are answered" {
    run -1 --separate-stderr virt-df-live --timeout 20 -o GUEST,STATUS --noheadings rbd:///vms/none rbd:///none/x rbd:///vms/web1@none \
        "rbd://backup:AQDvigxrdxSdFhAAyIQyaARRBs6f1fo0EqOzmA%3D%3D@$monitor/vms/web1" rbd://127.0.0.1:1/vms/far rbd:///vms/web1
    assert_equal "$(tr -s ' ' <<< "$output")" "none unreadable
x unreadable
web1@none unreadable
web1 timeout
far timeout
web1 ok"
    assert_contains "$stderr" "none: error reading header from none: No such file" "x: error opening pool none: No such file" \
        "web1: no answer from rbd://backup:***@$monitor/vms/web1 within 20 s" "far: no answer from rbd://127.0.0.1:1/vms/far within 20 s"
}

# told WHAT: how long the last run took, for each of 100 images
told() { echo "# 100 images, $1: $(sed -n 's/^stats: //p' <<< "$stderr" | jq '.wall_s * 10 | round') ms each" >&3; }

@test "100 images in one run, and the same as files" {
    local i
    image ext4.img
    for ((i = 0; i < 100; i++)); do echo "rbd:///vms/web1@monday"; done > list
    for ((i = 0; i < 100; i++)); do echo "$PWD/ext4.img"; done > files
    run -0 --separate-stderr virt-df-live --csv --noheadings --stats --images-from list
    assert_equal "$(grep -c '^web1@monday,/dev/sda,' <<< "$output")" 100
    rows=$(cut -d , -f 2- <<< "$output")
    told "in Ceph"
    run -0 --separate-stderr virt-df-live --csv --noheadings --stats --isolate=guest --images-from files
    assert_equal "$(cut -d , -f 2- <<< "$output")" "$rows"
    told "files, each in an appliance of its own"
    run -0 --separate-stderr virt-df-live --csv --noheadings --stats --images-from files
    assert_equal "$(cut -d , -f 2- <<< "$output")" "$rows"
    told "files"
}

@test "a storage pool of libvirt" {
    hypervisor "<pool type='rbd'><name>ceph</name><source><host name='${monitor%:*}' port='${monitor##*:}'/><name>vms</name></source>
        <volume><name>web1</name><capacity>1</capacity><target><path>vms/web1</path></target></volume></pool>"
    run -0 --separate-stderr virt-df-live --json -c "$uri" --pool ceph
    assert_equal "$(json 'select(.type == "filesystem") | .guest + " " + .device + " " + .fstype')" "web1 /dev/sda ext4"
}

@test "a disk of a libvirt guest" {
    hypervisor "$(domain a "<disk type='network'><source protocol='rbd' name='vms/web1'><config file='$CEPH_CONF'/></source>
        <target dev='vda'/></disk>")"
    run -0 --separate-stderr virt-df-live --json -c "$uri"
    assert_equal "$(json 'select(.type == "filesystem") | .guest + " " + .device + " " + .fstype')" "a /dev/sda ext4"
}
