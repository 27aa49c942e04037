#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A real Debian: its root, and /boot and /home from partitions of their own that its fstab names. What virt-ls says is what
# find said of the trees that the image was made of.

load ../lib/helpers
load ../lib/guests

# Why there is none; nothing where there is.
why_not()
{
    if [[ ! -e $GUESTS/debian.img ]]; then cat "$BATS_FILE_TMPDIR/why"; fi
}

setup_file()
{
    file_requires "${appliance_parts[@]}" || return 0
    make_scratch
    make_guests # nothing: it says where they are, and drops those that are too old
    if [[ ! -e $GUESTS/debian.img ]]; then
        file_requires mmdebstrap || return 0
        # Only what mmdebstrap itself says (no network, no packages) is a reason to skip.
        "$TOP/tests/images/make-guests.sh" "$BUILD" "$GUESTS" debian.img 2> "$BATS_FILE_TMPDIR/why" ||
            grep -q '^make-guests: mmdebstrap: ' "$BATS_FILE_TMPDIR/why" || { cat "$BATS_FILE_TMPDIR/why"; return 1; }
    fi
}

teardown_file() { remove_scratch; }

setup()
{
    local why

    setup_test
    why=$(why_not)
    [[ ! $why ]] || skip "${why##*$'\n'}"
}

# list OPTION…: of what is in all three filesystems, without what mke2fs adds; one blank between columns
list() { virt-ls -a "$GUESTS/debian.img" "$@" | grep -vE '(^|/)lost\+found$' | tr -s ' '; }

@test "-lR --uids: each file of three filesystems, with its type, mode, size, owner and target" {
    # A directory's size depends on the block size.
    list -lR --uids / | sed -E '/^d/s/^(d [0-7]+) [0-9]+/\1 -/; / \/$/d' > ours
    sed -E '/^d/s/^(d [0-7]+) [0-9]+/\1 -/' "$GUESTS/debian.files" | LC_ALL=C sort -t / -k 2 > host
    [[ $(wc -l < host) -gt 5000 ]]
    diff <(LC_ALL=C sort -t / -k 2 ours) host
}

@test "-lR and -R have as many entries as the trees" {
    local count

    count=$(wc -l < "$GUESTS/debian.files")
    assert_equal "$(list -lR / | wc -l)" $((count + 1)) # and the root itself
    assert_equal "$(list -R / | wc -l)" "$count"
    assert_equal "$(list -R /usr/share | wc -l)" "$(awk '$6 ~ "^/usr/share/"' "$GUESTS/debian.files" | wc -l)"
}

@test "plain: /boot and /home are those of their own partitions" {
    run -0 --separate-stderr list /boot /home
    assert_equal "$stderr" ""
    assert_contains "$output" "
grub
vmlinuz-6." "
user"
    assert_equal "$(list / | head -n 5)" "bin
boot
dev
etc
home"
}

@test "-l of /boot: the size of the kernel" {
    local size

    size=$(sed -n 's,^- 0644 \([0-9]*\) .* /boot/vmlinuz-.*,\1,p' "$GUESTS/debian.files")
    list -l /boot | grep -E "^-rw-r--r-- 1 [0-9]+ [0-9]+ $size .* vmlinuz-"
}

@test "without fstab's part: -m of the root alone has an empty /home" {
    run -0 virt-ls -a "$GUESTS/debian.img" -m /dev/sda2 /home
    assert_equal "$output" ""
}

# offset N: where the partition begins, in bytes
offset() { sfdisk --json "$GUESTS/debian.img" | jq ".partitiontable | .partitions[$1].start * 512"; }

# superblock N WHAT: as dumpe2fs reads it, which takes no offset everywhere
superblock()
{
    dd if="$GUESTS/debian.img" of=part bs=64K iflag=skip_bytes skip="$(offset "$1")" count=1 status=none
    dumpe2fs -h part 2> /dev/null | sed -n "s/^$2: *//p"
}

@test "virt-df-live sees the same three, as full as their superblocks say" {
    local i

    PATH=$PATH:/usr/sbin:/sbin
    run -0 --separate-stderr virt-df-live --json "$GUESTS/debian.img"
    assert_equal "$(json 'select(.type == "filesystem") | .device')" "/dev/sda1
/dev/sda2
/dev/sda3"
    for i in 0 1 2; do
        assert_equal "$(json "select(.device == \"/dev/sda$((i + 1))\") | .inodes_free")" "$(superblock "$i" 'Free inodes')"
        assert_equal "$(json "select(.device == \"/dev/sda$((i + 1))\") | .uuid")" "$(superblock "$i" 'Filesystem UUID')"
    done
}
