#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Parts of a list (--shard), and what puts them together again.

load ../lib/helpers

setup()
{
    local i

    requires_appliance
    setup_test
    for i in 0 1 2 3 4; do
        ln -s "$IMAGES/ext4.img" "$i.img"
        echo "$i.img"
    done > list
    echo nowhere.img >> list
}

# Everything but the time that it took.
together() { jq -s -c 'sort_by(.index)[] | del(.elapsed_s)' "$@"; }

@test "shards put together are the whole list" {
    local k
    run --separate-stderr bash -c 'virt-df-live --json --images-from list > whole'
    assert_status 1
    for k in 0 1; do
        run --separate-stderr bash -c "virt-df-live --json --shard $k/2 --images-from list > part-$k"
        assert_status "$k" # the last entry is in the second
    done
    assert_equal "$(together part-0 part-1)" "$(together whole)"
    assert_equal "$(jq 'select(.type == "guest").index' part-1 | xargs)" "1 3 5"
}

@test "a task of a Slurm array has its shard, and one without guests is no failure" {
    export SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=8
    SLURM_ARRAY_TASK_ID=2 run -0 --separate-stderr virt-df-live --shard auto --images-from list
    assert_equal "$(names_of_table <<< "$output")" "1.img:/dev/sda"
    SLURM_ARRAY_TASK_ID=8 run -0 virt-df-live --noheadings --shard auto --images-from list
    assert_equal "$output" ""
}

@test "virt-ls has the same shards, and the same index" {
    run -0 --separate-stderr virt-ls --json --shard 1/3 --images-from list -m /dev/sda /
    assert_equal "$(jq -r '"\(.index) \(.guest)"' <<< "$output" | sort -u)" "1 1.img
4 4.img"
}

@test "a run that was cut off is continued, and together they are the whole" {
    local rest
    run --separate-stderr bash -c 'virt-df-live --json --images-from list > whole'
    head -c $(($(head -n 5 whole | wc -c) + 20)) whole > part # 2.img has its filesystem only
    run --separate-stderr bash -c 'virt-df-live --json --resume part --images-from list > rest'
    assert_status 1 # nowhere.img
    rest=$(jq 'select(.type == "guest").index' rest | xargs)
    assert_equal "$rest" "2 3 4 5"
    jq -R -c 'fromjson?' part | jq -s -c 'INDEX(.[] | select(.type == "guest"); .index) as $whole |
        .[] | select($whole[.index | tostring])' > good
    assert_equal "$(together good rest)" "$(together whole)"
}

@test "where all has been answered nothing is scanned, and that is no failure" {
    run -0 --separate-stderr bash -c 'virt-df-live --json 0.img 1.img > part'
    run -0 --separate-stderr virt-df-live --stats --json --resume part 0.img 1.img
    assert_equal "$output" ""
    assert_contains "$stderr" '"guests": 0'
    run -2 --separate-stderr virt-df-live --resume list --images-from list
    assert_contains "$stderr" "--resume: list is no output of --json"
}
