#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# LUKS, with and without a key, alone and with LVM and RAID around it.

load ../lib/helpers
load ../lib/volumes

setup_file() { set_up_volumes luks1.img luks2.img nested.img lvm-on-luks.img; }
teardown_file() { remove_scratch; }

setup()
{
    setup_test
    cd "$VOLUMES" || return 1
}

@test "without a key: encrypted, and named" {
    run -1 --separate-stderr virt-df-live --csv luks1.img luks2.img nested.img
    assert_equal "$(cut -d , -f 2 <<< "$output")" "Filesystem
/dev/onmd/plain"
    assert_equal "$stderr" "virt-df-live: luks1.img: /dev/sda: encrypted: crypto_LUKS
virt-df-live: luks2.img: /dev/sda: encrypted: crypto_LUKS
virt-df-live: nested.img: /dev/onmd/secret: encrypted: crypto_LUKS"
}

@test "the status is encrypted" {
    run -1 --separate-stderr virt-df-live --json luks1.img
    assert_equal "$(json 'select(.type == "guest") | .status')" encrypted
}

@test "a key for all: LUKS1, LUKS2 with argon2id, LUKS on LVM on RAID, LVM on LUKS" {
    run -0 --separate-stderr virt-df-live --json --key all:key:secret luks1.img luks2.img nested.img lvm-on-luks.img
    assert_equal "$(json 'select(.type == "filesystem") | .label')" "luks1
luks2
secret
plain
inner"
}

@test "a key by device, and by UUID" {
    assert_equal "$(devices --key /dev/sda:key:secret luks1.img | cut -d ' ' -f 2)" luks1
    assert_equal "$(devices --key 7D3E4F50-1111-4222-8333-944455556666:key:secret luks2.img)" \
        "/dev/mapper/luks-7d3e4f50-1111-4222-8333-944455556666 luks2"
    assert_equal "$(devices --key /dev/onmd/secret:key:secret nested.img | cut -d ' ' -f 2)" "secret
plain"
}

@test "two copies in one guest: each is opened, under a name of its own" {
    local uuid=7d3e4f50-1111-4222-8333-944455556666
    ln -s "$VOLUMES/luks2.img" "$TMPDIR/copy.img"
    assert_equal "$(devices --key all:key:secret -a luks2.img -a "$TMPDIR/copy.img")" "/dev/mapper/luks-$uuid luks2
/dev/mapper/luks-$uuid.2 luks2"
}

@test "a key that is for something else is not tried" {
    run -1 --separate-stderr virt-df-live --key /dev/sdb:key:secret luks1.img
    assert_equal "$stderr" "virt-df-live: luks1.img: /dev/sda: encrypted: crypto_LUKS"
}

@test "a wrong key is said to be wrong, and is not printed" {
    run -1 --separate-stderr virt-df-live -v --key all:key:wr0ng luks1.img
    assert_contains "$stderr" "luks1.img: /dev/sda: encrypted: crypto_LUKS: no key that was given for it fits"
    [[ $stderr$output != *wr0ng* ]]
}

@test "the second of several keys fits" {
    assert_equal "$(devices --key all:key:no --key all:key:secret luks1.img | cut -d ' ' -f 2)" luks1
}

@test "a key from a file, with or without a newline, and from stdin" {
    echo secret > "$TMPDIR/key"
    assert_equal "$(devices --key "all:file:$TMPDIR/key" luks1.img | cut -d ' ' -f 2)" luks1
    printf secret > "$TMPDIR/key"
    assert_equal "$(devices --key "all:file:$TMPDIR/key" luks1.img | cut -d ' ' -f 2)" luks1
    assert_equal "$(printf 'no\nsecret\n' | devices --keys-from-stdin luks1.img | cut -d ' ' -f 2)" luks1
}

@test "virt-ls, too" {
    run -0 virt-ls --key all:key:secret -a lvm-on-luks.img -m /dev/inner/root /
    assert_contains "$output" name
}

@test "nothing is written to the images" {
    local before
    before=$(cksum luks1.img nested.img)
    run -0 virt-df-live --key all:key:secret luks1.img nested.img
    assert_equal "$(cksum luks1.img nested.img)" "$before"
}

@test "a guest of a list has keys of its own, which no other guest gets" {
    printf secret > "$TMPDIR/key"
    printf '%s\n' "{\"images\":[\"$PWD/luks1.img\"],\"key_files\":[\"$TMPDIR/key\"]}" \
        "{\"name\":\"other\",\"images\":[\"$PWD/luks1.img\"]}" > "$TMPDIR/list"
    run -1 --separate-stderr virt-df-live --stats --guests-from "$TMPDIR/list"
    assert_contains "$stderr" "other: /dev/sda: encrypted: crypto_LUKS" '"waves": 2,'
    assert_equal "$(names_of_table <<< "$output")" "luks1.img:/dev/mapper/luks-$(blkid -p -s UUID -o value luks1.img)"
}
