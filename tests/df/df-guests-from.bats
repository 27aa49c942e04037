#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Lists of guests (--guests-from), and what a list of images cannot say.

load ../lib/helpers

setup()
{
    setup_test
    cp "$IMAGES/ext4.img" a.img
    cp "$IMAGES/ext4.img" b.img
}

@test "an entry of a list of images is one path, TAB included" {
    printf 'a.img\tb.img\n' > list
    run --separate-stderr virt-df-live --json --images-from list
    assert_status 1
    [[ $(wc -l <<< "$output") -eq 1 ]]
    [[ $(jq -r '[.type, .status, .images[0]] | @csv' <<< "$output") == '"guest","unreadable","a.img	b.img"' ]]
    cp a.img $'a.img\tb.img'
    run -0 --separate-stderr bash -c 'find . -name "a.img?b.img" -print0 | virt-df-live --json -0 --images-from -'
    [[ $(jq -r 'select(.type == "guest").images | length' <<< "$output") -eq 1 ]]
}

@test "a guest of two images, with a name of its own" {
    echo '{"name":"web1","images":["a.img","b.img"],"format":"raw"}' > list
    run -0 --separate-stderr virt-df-live --guests-from list
    assert_equal "$(names_of_table <<< "$output")" "web1:/dev/sda
web1:/dev/sdb"
}

@test "what --json wrote is a list of guests" {
    cp a.img $'\xff.img'
    run -0 --separate-stderr bash -c 'virt-df-live --json -a a.img -a b.img $'"'"'\xff.img'"'"' > out && virt-df-live --json --guests-from - < out'
    assert_equal "$(grep -v elapsed_s out)" "$(grep -v elapsed_s <<< "$output")"
    [[ $(jq -c 'select(.type == "guest") | [.guest, .images_b64 // .images]' <<< "$output") == \
        '["a.img+",["a.img","b.img"]]'$'\n''["�.img",["/y5pbWc="]]' ]]
}

@test "a line that is no guest is named, and the others are answered" {
    printf '%s\n' '{"images":["a.img"],"fromat":"raw"}' '{"images":["b.img"]}' > list
    run --separate-stderr virt-df-live --guests-from list
    assert_status 1
    assert_contains "$stderr" 'virt-df-live: list:1: a guest has no member "fromat"'
    assert_equal "$(names_of_table <<< "$output")" "b.img:/dev/sda"
}
