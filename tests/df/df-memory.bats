#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest that takes more memory than an appliance has: it gets another one, for itself, that has more.
# bats file_tags=slow

load ../lib/helpers

setup()
{
    PATH=$PATH:/usr/sbin:/sbin
    requires_appliance
    requires debugfs mke2fs dumpe2fs
    setup_test
}

# journaled FILE MIB: an ext4 whose journal has so much data for free blocks
journaled()
{
    local blocks
    truncate -s 1600M "$1"
    mke2fs -q -F -t ext4 -b 4096 -J size=600 "$1"
    # The numbers as ranges: FIRST-LAST,FIRST-LAST
    blocks=$(debugfs -R "ffb $(($2 * 256))" "$1" 2> /dev/null | sed 's/^[^:]*: *//' | tr -s ' ' '\n' | awk '
        NF && $1 != last + 1 { if (first) printf "%s-%s,", first, last; first = $1 }
        NF { last = $1 }
        END { print first "-" last }')
    tr '\0' z < /dev/zero | head -c "$2M" > data
    printf 'jo\njw -b %s data\njc\n' "$blocks" | debugfs -w -f - "$1" > journal.log 2>&1
    rm data
    dumpe2fs -h "$1" 2> /dev/null | grep -q needs_recovery
}

@test "a journal of 380 MiB is replayed in an appliance with more memory; others stay where they are" {
    journaled dirty.img 380
    cp --sparse=always dirty.img before.img
    cp "$IMAGES/ext4.img" good.img
    run -0 --separate-stderr virt-df-live -P 1 --timeout 600 --stats --json good.img dirty.img good.img
    assert_equal "$(json 'select(.type == "filesystem") | "\(.guest) \(.status) \(.clean) \(.recovered)"')" \
        $'good.img ok true null\ndirty.img ok false true\ngood.img ok true null'
    jq -e '.waves == 2' <<< "${stderr#*stats: }"
    cmp dirty.img before.img
}

@test "where --memsize says how much there is, it is read without its journal, and that is said" {
    journaled dirty.img 200
    run --separate-stderr virt-df-live --memsize 256 --timeout 600 --json dirty.img
    assert_status 1
    assert_equal "$(json 'select(.type == "filesystem") | "\(.status) \(.clean) \(.recovered) \(.size > 0)"')" \
        "unsupported false false true"
    assert_contains "$stderr" "its journal cannot be replayed, so it was read without: that takes more than the"
}

@test "a key of LUKS2 that takes 700 MB to derive, of a guest's own" {
    requires cryptsetup
    local size
    size=$(stat -c %s "$IMAGES/ext4.img")
    printf secret > key
    truncate -s $((size + (16 << 20))) luks.img
    cryptsetup luksFormat -q --type luks2 --pbkdf argon2id --pbkdf-memory 700000 --pbkdf-parallel 1 \
        --pbkdf-force-iterations 4 luks.img key || skip "cryptsetup does not make one here"
    echo '{"name": "one", "images": ["luks.img"], "key_files": ["key"]}' > list
    run --separate-stderr virt-df-live --timeout 600 --stats --json --guests-from list
    # It was opened: what is in it is nothing, as nothing was written.
    assert_equal "$(json 'select(.device == "/dev/sda") | .status')" ok
    jq -e '.waves == 2' <<< "${stderr#*stats: }"
}
