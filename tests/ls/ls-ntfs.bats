#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-ls: junctions and links of an NTFS are the guest's, and are followed; they never show where they are mounted here.

load ../lib/helpers

# A junction is an attribute that ntfs-3g writes.
setup()
{
    requires_appliance
    requires_root
    requires mkntfs ntfs-3g python3 /dev/fuse
    setup_test
    truncate -s 64M w.img
    mkntfs -q -F -f w.img > /dev/null 2>&1
    mkdir mnt
    ntfs-3g w.img mnt || skip "ntfs-3g cannot mount here"
    on_cleanup unmount_quietly
    mkdir -p mnt/Windows/System32 mnt/Users/Public
    junction 'Documents and Settings' 'C:\Users'
    junction 'Elsewhere' 'D:\data'
    ln -s ../Users/Public mnt/Windows/relative
    umount mnt
}

unmount_quietly() { ! mountpoint -q "$TMPDIR/mnt" || umount "$TMPDIR/mnt"; }

# junction NAME PATH
junction()
{
    mkdir "mnt/$1"
    python3 - "mnt/$1" "$2" << 'END'
import os, struct, sys
where, path = sys.argv[1:]
printed = path.encode("utf-16le")
real = ("\\??\\" + path).encode("utf-16le")
data = struct.pack("<HHHH", 0, len(real), len(real) + 2, len(printed)) + real + b"\0\0" + printed + b"\0\0"
os.setxattr(where, "system.ntfs_reparse_data", struct.pack("<IHH", 0xA0000003, len(data), 0) + data, follow_symlinks=False)
END
}

@test "a junction is printed as the guest has it, and followed, whatever the case of its name" {
    run -0 --separate-stderr virt-ls -l -a w.img /
    assert_contains "$output" "Documents and Settings -> /Users" 'Elsewhere -> D:\data'
    [[ $output != */run/* ]]
    run -0 --separate-stderr virt-ls -a w.img "/Documents and Settings" "/documents and settings/public/.."
    assert_equal "$output" "Public
Public"
    run -0 --separate-stderr virt-ls -a w.img /Windows/relative/..
    assert_equal "$output" Public
    run -1 --separate-stderr virt-ls -a w.img /Elsewhere
    assert_contains "$stderr" "w.img: /Elsewhere: No such file or directory"
}

@test "in a Linux, they lead to below where that has it" {
    mkdir -p r/mnt/win
    truncate -s 16M r.img
    mke2fs -q -F -d r r.img
    run -0 --separate-stderr virt-ls -l -a r.img -a w.img -m /dev/sda -m /dev/sdb:/mnt/win /mnt/win
    assert_contains "$output" "Documents and Settings -> /mnt/win/Users"
    run -0 --separate-stderr virt-ls -a r.img -a w.img -m /dev/sda -m /dev/sdb:/mnt/win "/mnt/win/Documents and Settings"
    assert_equal "$output" Public
}
