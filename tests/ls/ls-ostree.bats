#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Systems that OSTree has deployed: the tree is that of the booted deployment, for virt-ls and for virt-df-live's mount points.

load ../lib/helpers
load ../lib/guests

setup_file()
{
    file_requires "${appliance_parts[@]}" "$BUILD/appliance/tools" "$BUILD/bin/virt-hotplug" || return 0
    make_scratch
    make_guests coreos.img deployed.img silverblue.img
}

teardown_file() { remove_scratch; }

setup()
{
    setup_test
    cd "$GUESTS" || return 1
}

# points ARGUMENT…: "DEVICE MOUNTPOINT" of each filesystem
points()
{
    run -0 --separate-stderr virt-df-live --json "$@"
    json 'select(.type == "filesystem") | "\(.device) \(.mountpoint // "-")"'
}

@test "CoreOS: the deployment of the boot loader's highest version, with /etc of its own and /var of all" {
    run -0 --separate-stderr virt-ls -a coreos.img / /usr/bin /etc /var /var/log /home
    assert_equal "$output" "bin
boot
etc
home
ostree
proc
root
sysroot
usr
var
env
of-bbb
hostname
os-release
home
log
roothome
journal
core"
    assert_equal "$stderr" ""
}

@test "CoreOS: /boot is where the boot loader's entries are, and /sysroot is left empty" {
    run -0 virt-ls -a coreos.img /boot /boot/loader/entries /sysroot
    assert_equal "$(grep -v lost+found <<< "$output")" "boot
loader
loader.1
ostree
ostree-1-fedora-coreos.conf
ostree-2-fedora-coreos.conf"
    run -0 virt-ls -v -a coreos.img /
    assert_contains "$output" "OSTree deployment: ostree/deploy/fedora-coreos/deploy/bbb.0" \
        "/dev/sda2 at /boot: it has the boot loader's entries"
}

@test "CoreOS: links lead to where the guest has them, and nothing is seen twice" {
    run -0 virt-ls -a coreos.img -R /
    assert_contains "$output" "var/home/core" "etc/hostname"
    assert_equal "$(grep -c -E 'of-(aaa|ccc)' <<< "$output")" 0
}

@test "without entries: the deployment that was made last" {
    run -0 --separate-stderr virt-ls -a deployed.img /usr/bin /var/log
    assert_equal "$output" "env
of-aaa
journal"
    assert_equal "$stderr" ""
}

@test "Silverblue: in a subvolume, with an fstab, its entries in the root itself" {
    run -0 --separate-stderr virt-ls -a silverblue.img /usr/bin /home /boot /var/log
    assert_equal "$output" "env
of-bbb
alice
loader
journal"
    assert_equal "$stderr" ""
}

@test "where the guest mounts its filesystems" {
    assert_equal "$(points coreos.img)" "/dev/sda1 -
/dev/sda2 /boot
/dev/sda3 /"
    assert_equal "$(points silverblue.img)" "/dev/sda /"
    assert_equal "$(points deployed.img)" "/dev/sda /"
}

@test "the filesystem itself is read with -m" {
    run -0 virt-ls -a coreos.img -m /dev/sda3 /ostree/deploy/fedora-coreos/deploy
    assert_equal "$output" "aaa.0
aaa.0.origin
bbb.0
bbb.0.origin
ccc.0
ccc.0.origin"
}

# What the entry leads to is not there, or leads elsewhere: then the newest counts.
@test "an entry that leads nowhere, or out of the deployments" {
    requires debugfs
    cp --sparse=always deployed.img "$TMPDIR/odd.img"
    cd "$TMPDIR"
    printf 'version 9\noptions ostree=/etc/passwd\n' > a.conf
    printf 'version 8\noptions ostree=/ostree/boot.1/x\n' > b.conf
    printf 'version 7\noptions ostree=/ostree/out\n' > c.conf
    printf '%s\n' 'mkdir boot/loader' 'mkdir boot/loader/entries' 'cd boot/loader/entries' 'write a.conf a.conf' 'write b.conf b.conf' \
        'write c.conf c.conf' 'cd /ostree' 'symlink out ../../../../deploy/../deploy/..' > commands
    debugfs -w -f commands odd.img > log 2>&1
    run -0 virt-ls -a odd.img /boot/loader/entries /usr/bin
    assert_equal "$output" "a.conf
b.conf
c.conf
env
of-aaa"
}
