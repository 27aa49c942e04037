#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names in lists: what can be a file's name can be an image; what a terminal would obey is escaped.

load ../lib/helpers

setup() { requires_appliance; setup_test; image ext4.img good.img; }

@test "spaces, quotes, UTF-8, a dash" {
    printf '%s\n' 'two words.img' ' before.img' 'after.img ' "it's \"quoted\".img" 'größe.img' '-v' > list
    while IFS= read -r name; do ln good.img "./$name"; done < list
    run -0 --separate-stderr virt-df-live --csv --noheadings --images-from list
    assert_equal "$(sed 's/,\/dev.*//' <<< "$output")" "two words.img
 before.img
after.img 
\"it's \"\"quoted\"\".img\"
größe.img
-v"
    assert_equal "$stderr" ""
}

@test "a newline, with -0" {
    ln good.img $'two\nlines.img'
    printf '%s\0' $'two\nlines.img' good.img > list
    run -0 --separate-stderr virt-df-live -0 --images-from list
    assert_equal "$(names_of_table <<< "$output")" 'two\nlines.img:/dev/sda
good.img:/dev/sda'
}

@test "invalid UTF-8 and control characters are escaped in the table" {
    ln good.img $'bad\xff.img'
    ln good.img $'red\e[31m.img'
    run -0 --separate-stderr virt-df-live $'bad\xff.img' $'red\e[31m.img'
    assert_equal "$(names_of_table <<< "$output")" 'bad\xFF.img:/dev/sda
red\x1B[31m.img:/dev/sda'
}

@test "… and on stderr" {
    run --separate-stderr virt-df-live $'gone\xff\e[31m\n.img'
    assert_status 1
    assert_equal "$(grep -c . <<< "$stderr")" 1
    assert_contains "$stderr" 'gone\xFF\x1B[31m\n.img: '
    [[ $stderr != *$'\e'* ]]
}

@test "in JSON, what is not UTF-8 stands again as base64" {
    ln good.img $'bad\xff.img'
    run -0 --separate-stderr virt-df-live --json $'bad\xff.img'
    assert_equal "$(json 'select(.type == "filesystem") | .guest_b64' | base64 -d | od -An -tx1)" \
        "$(printf 'bad\xff.img' | od -An -tx1)"
    assert_equal "$(json 'select(.type == "filesystem") | .images_b64[0]' | base64 -d | od -An -tx1)" \
        "$(printf 'bad\xff.img' | od -An -tx1)"
}

@test "a blank line, trailing spaces and a carriage return are named" {
    printf 'good.img\n\ngood.img \ngood.img\r\ngood.img\n' > list
    run --separate-stderr virt-df-live --images-from list
    assert_status 1
    assert_equal "$(names_of_table <<< "$output")" "good.img:/dev/sda
good.img:/dev/sda"
    assert_equal "$(grep -c . <<< "$stderr")" 3
    assert_contains "$stderr" "virt-df-live: list:2: the line is blank" "ends with a space" "ends with a carriage return"
}

@test "a last line without a newline counts" {
    printf 'good.img\ngood.img' > list
    run -0 virt-df-live --csv --noheadings --images-from list
    assert_equal "$(wc -l <<< "$output")" 2
}

@test "a name that is too long" {
    printf 'good.img\n%5000s\ngood.img\n' x > list
    run --separate-stderr virt-df-live --images-from list
    assert_status 1
    assert_equal "$(sed 1d <<< "$output" | wc -l)" 2
    assert_equal "$(grep -c . <<< "$stderr")" 1
}

@test "300 images of one name are told apart by their order and in JSON" {
    local i

    for ((i = 0; i < 300; i++)); do
        mkdir "d$i"
        ln good.img "d$i/disk.img"
        echo "d$i/disk.img"
    done > list
    run -0 --separate-stderr virt-df-live --json --images-from list
    assert_equal "$(json 'select(.type == "guest") | .images[0]')" "$(cat list)"
    assert_equal "$(json 'select(.type == "filesystem") | .guest' | sort | uniq -c | tr -s ' ')" " 300 disk.img"
}

@test "an empty list is an error" {
    run virt-df-live --images-from /dev/null
    assert_status 1
    assert_contains "$output" "the list is empty"
}
