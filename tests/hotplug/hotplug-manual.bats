#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The scripts of the man page work as they stand there.
# shellcheck disable=SC2016 # what stands in single quotes is for another shell

load ../lib/helpers
load ../lib/hotplug

# script HEADING: what is indented below it, up to the next heading
script()
{
    awk -v heading="$1" '/^=head/ { inside = index($0, heading) > 0 } inside && /^ /' \
        "$TOP/virt-hotplug/virt-hotplug.pod" | sed 's/^ //'
}

# run_script: that on stdin. What is said to be an error has to be one, with these words; all else works.
run_script()
{
    {
        echo 'fails() { said=$("${@:2}" 2>&1) && { echo "not an error: ${*:2}"; exit 1; }
            [[ $said == *"$1"* ]] || { echo "not said: $1, but: $said"; exit 1; }; }'
        sed -E 's/^(virt-hotplug .*[^ ]) +# error: (.*)$/fails "\2" \1/'
    } > script
    run -0 --separate-stderr bash -eu -o pipefail script
    # What a shell that ended in the middle would have left.
    assert_equal "$(virt-hotplug list)" ""
    # shellcheck disable=SC2154 # bats sets it
    [[ $stderr != *virt-hotplug:* ]] || { echo "$stderr"; return 1; }
}

@test "the first example: partitions, a filesystem, files" {
    mkdir files
    echo hello > files/greeting
    run_script < <(script "=head1 EXAMPLES" | sed '/^virt-hotplug shutdown/q')
    run -0 virt-df-live --json new.img
    assert_equal "$(json 'select(.type == "filesystem") | .device + " " + .fstype')" "/dev/sda1 ext4"
}

@test "1. raw libvirt" {
    image ext4.img disk.img
    run_script < <(script "=head2 1. Raw libvirt")
    assert_contains "$output" "/dev/sdiu" $'\n0\n1\n' $'\n253\n254'
}

@test "2. slots" {
    image ext4.img foo.img
    image ext4.img bar.img
    image ext4.img baz.img
    run_script < <(script "=head2 2. Slots")
    assert_equal "$output" "/dev/sdb
/dev/sda
/dev/sdb
/dev/sdb"
}

@test "3. serial numbers" {
    image gpt.qcow2 system.qcow2
    image gpt.img backup.img
    image ext4.img other.img
    run_script < <(script "=head2 3. Serial numbers")
    assert_contains "$output" $'backup\nbackup1' $'system\nsystem1'
}

@test "4. rewriting names" {
    image ext4.img first.img
    truncate -s 3M second.img
    run_script < <(script "=head2 4. Rewriting names")
    assert_contains "$output" "/dev/sdc
/dev/sda
/dev/sda
/dev/sdc
$(stat -c %s first.img)
" "sdb"
}
