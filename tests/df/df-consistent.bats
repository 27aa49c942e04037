#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --consistent: a running guest of libvirt is read as of one point in time, from a backup that ends whatever happens.

load ../lib/helpers
load ../lib/daemon
load ../lib/domains

setup()
{
    requires_appliance
    requires qemu-img
    setup_test
    prepare_daemon
    mkdir -p "$user_home/images"
    image ext4.img "$user_home/images/web.raw"
    size=$(stat -c %s "$user_home/images/web.raw")
    # What a guest overwrites the disk with: another filesystem of that size.
    image ext2.img "$user_home/other.img"
    truncate -s "$size" "$user_home/other.img"
}

# start_web RAW|QCOW2: two disks, one of which the guest only reads; and db, which does not run
start_web()
{
    [[ $1 == raw ]] || qemu-img convert -O "$1" "$user_home/images/web.raw" "$user_home/images/web.$1"
    image ext3.img "$user_home/images/second.img"
    define web "<driver name='qemu' type='$1'/><source file='$user_home/images/web.$1'/>" \
        "<disk type='file'><source file='$user_home/images/second.img'/><target dev='vdb' bus='virtio'/><readonly/></disk>"
    image ext4.img "$user_home/images/db.img"
    define db "<source file='$user_home/images/db.img'/>"
    autostart web
    start_daemon guest_runs web
}

rows() { json 'select(.type == "filesystem") | .guest + " " + .device + " " + .fstype'; }
no_backup() { [[ $(monitor web "info block-jobs") == *"No active jobs"* ]]; }
has_backup() { ! no_backup; }
no_keeper() { ! is_running vlt-backups && [[ ! $(find "$user_home" /var/tmp -maxdepth 1 -name 'virt-live-*' -user nobody) ]]; }

assert_all_over()
{
    wait_until 30 no_backup
    wait_until 30 no_keeper
    assert_equal "$(find "$user_home/images" | sort | xargs -n 1 basename | xargs)" "images db.img second.img $1web.raw"
    wait_until 30 eval '! is_running vlt-'
    guest_runs web
}

# start_live ARGUMENT…: as live, in the background
start_live()
{
    start setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups env HOME="$user_home" TMPDIR="$user_home" XDG_CACHE_HOME="$SUITE/cache" \
        LIBVIRT_AUTOSTART=0 XDG_RUNTIME_DIR="$user_home/run" "$USER_BIN/virt-df-live" -c qemu:///session "$@"
}

# Lets what start_live started come to where it has a backup, and stops it there. Without a pause: a scan takes less than half a second.
stop_with_backup()
{
    local deadline=$((SECONDS + 120)) # it may have to save its appliance first
    until compgen -G "$user_home/virt-live-*/b*/nbd" > /dev/null; do
        ((SECONDS < deadline)) || { cat out err; return 1; }
    done
    kill -STOP "$pid"
    wait_until 30 has_backup
}

# QEMU says on its own stdout how that went; the next scan sees it.
overwrite()
{
    monitor web "qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend \"write -s $user_home/other.img 0 $size\"" > /dev/null
}

# check_point_in_time FORMAT
check_point_in_time()
{
    start_live --json --consistent -d web
    stop_with_backup
    sleep 0.2
    overwrite
    kill -CONT "$pid"
    finish
    assert_status 0
    assert_equal "$stderr" ""
    assert_equal "$(rows)" "web /dev/sda ext4
web /dev/sdb ext3"
    assert_equal "$(json 'select(.type == "guest") | .images | join(" ")')" "$user_home/images/web.$1 $user_home/images/second.img"
}

@test "qcow2: as it was when the backup began, whatever the guest writes afterwards" {
    requires_root
    start_web qcow2
    check_point_in_time qcow2
    assert_all_over "web.qcow2 "
    # And now it is as the guest made it. One that does not run is read as ever.
    run -0 --separate-stderr live --json --consistent
    assert_equal "$(rows)" "db /dev/sda ext4
web /dev/sda ext2
web /dev/sdb ext3"
    assert_equal "$stderr" ""
    assert_all_over "web.qcow2 "
    run -0 as_user env LIBVIRT_AUTOSTART=0 XDG_RUNTIME_DIR="$user_home/run" "$USER_BIN/virt-ls" -c qemu:///session --consistent -d web -m /dev/sda /
    assert_contains "$output" lost+found
    assert_all_over "web.qcow2 "
}

@test "raw, too; and a guest that stands in the list twice has one backup after the other" {
    requires_root
    start_web raw
    check_point_in_time raw
    run -0 --separate-stderr live --json --consistent -d web -d db -d web
    assert_equal "$(rows | grep sda)" "web /dev/sda ext2
db /dev/sda ext4
web /dev/sda ext2"
    assert_all_over
}

@test "a signal ends the backup, SIGKILL as well" {
    local signal
    requires_root
    start_web raw
    for signal in INT TERM KILL; do
        start_live --consistent -d web
        stop_with_backup
        kill "-$signal" "$pid"
        [[ $signal == KILL ]] || kill -CONT "$pid"
        finish
        [[ $status -gt 128 ]]
        [[ $signal == KILL ]] || no_backup # it has waited for that
        assert_all_over
    done
}

@test "one whose keeper was killed is ended by the next run" {
    requires_root
    start_web raw
    start_live --consistent -d web
    stop_with_backup
    kill -KILL "$(ours vlt-backups)"
    kill -KILL -- -"$pid"
    finish
    wait_until 30 no_keepers_process
    has_backup
    run -0 --separate-stderr live --json --consistent -d web
    assert_equal "$(rows | grep sda)" "web /dev/sda ext4"
    assert_all_over
}
no_keepers_process() { ! is_running vlt-; }

# bats test_tags=slow
@test "somebody else's backup is left alone, and said" {
    requires_root
    requires cc
    start_web raw
    printf '%s\n' '#include <libvirt/libvirt.h>' '#include <stdio.h>' 'int main(int count, char **words) {' \
        'char xml[1000]; virDomainPtr domain = virDomainLookupByName(virConnectOpen("qemu:///session"), "web");' \
        'snprintf(xml, sizeof xml, "<domainbackup mode=\"pull\"><server transport=\"unix\" socket=\"%s/s\"/></domainbackup>", words[1]);' \
        'return virDomainBackupBegin(domain, xml, NULL, 0) < 0 || count < 2; }' > theirs.c
    cc theirs.c -o "$user_home/theirs" -lvirt
    mkdir -m 777 "$user_home/theirs.d"
    as_daemon_user env LIBVIRT_AUTOSTART=0 "$user_home/theirs" "$user_home/theirs.d"
    has_backup
    run --separate-stderr live --json --consistent -d web -d db
    assert_status 1
    assert_equal "$(rows)" "db /dev/sda ext4"
    assert_contains "$stderr" "virt-df-live: web: --consistent: libvirt cannot begin a backup: "
    has_backup
}

@test "a hypervisor that makes no backups: unsupported, and guests that do not run are read" {
    image ext4.img
    hypervisor "$(runstate=1 domain runs "$(disk ext4.img)")" "$(domain stands "$(disk ext4.img)")"
    run --separate-stderr virt-df-live --json --consistent -c "$uri"
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status')" "runs unsupported
stands ok"
    assert_contains "$stderr" "virt-df-live: runs: --consistent: libvirt cannot begin a backup: "
    assert_nothing_left
}

@test "it is wrong usage where no libvirt guest is named" {
    run --separate-stderr virt-df-live --consistent "$IMAGES/ext4.img"
    assert_status 2
    assert_contains "$stderr" "--consistent is for libvirt guests: name one with -d"
}
