# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# virt-ls: a large tree, a small directory, and many guests; beside the virt-ls of guestfs-tools, whose output must be ours.

ls=$build/bin/virt-ls
their_ls=$(command -v virt-ls || :)

# 100,000 files, some with a few bytes, in 1,000 directories.
make_tree() {
    local i
    for ((i = 0; i < 1000; i++)); do
        mkdir -p "$work/tree/d$((i / 20))/e$i"
        (cd "$work/tree/d$((i / 20))/e$i" && seq -f 'file-%02.0f.txt' 0 99 | xargs touch && echo text > file-07.txt)
    done
}

# That, and a root as a Linux guest has it.
make_trees() {
    local i
    say "making a tree of 100,000 files, and 200 guests"
    make_tree
    mke2fs -q -F -t ext4 -N 120000 -d "$work/tree" "$work/tree.img" 400M
    rm -rf "$work/tree"
    mkdir -p "$work/root"/{etc,usr/{bin,lib},var}
    ln -s usr/bin "$work/root/bin"
    echo 'ID=guest' > "$work/root/usr/lib/os-release"
    echo 'UUID=4f1c2a5e-9d1b-4c57-8e0f-2f6f3c1d9b01 / ext4 defaults 0 1' > "$work/root/etc/fstab"
    mke2fs -q -F -t ext4 -U 4f1c2a5e-9d1b-4c57-8e0f-2f6f3c1d9b01 -d "$work/root" "$work/guest.img" 20M
    mkdir "$work/guests"
    for ((i = 1; i <= 200; i++)); do cp --sparse=always "$work/guest.img" "$work/guests/$i.img"; done
    find "$work/guests" -name '*.img' | sort > "$work/guest-list"
}

theirs() { tests/compare/guestfs.sh "$build" "$their_ls" "$@" 2>> "$work/err"; }

# compare NAME TIMES THEIR-TIMES ARGUMENT…: so many commands of ours, and of theirs
compare() {
    local name=$1 times=$2 their_times=$3 i file
    shift 3
    file=$work/${name//[ ,\/]/-}
    for ((i = 0; i < times; i++)); do timed "$file.ours" "$ls" "$@"; done
    mv "$work/out" "$file.out"
    median_row "$name" "$file.ours"
    [ "$their_times" -gt 0 ] || return 0
    for ((i = 0; i < their_times; i++)); do timed "$file.theirs" theirs "$@"; done
    cmp "$file.out" "$work/out" || { say "$name: the outputs differ"; exit 1; }
    median_row "guestfs-tools: $name" "$file.theirs"
    say "  so ours is $(paste <(sort -n "$file.ours" | sed -n $(((times + 1) / 2))p) <(sort -n "$file.theirs" | sed -n $(((their_times + 1) / 2))p) |
        awk '{ printf "%.1f", $2 / $1 }') times as fast"
}

# many_guests NAME OPTION…: /etc of 200 guests, each by what its fstab says
many_guests() {
    local name=$1 i
    shift
    for i in 1 2 3; do timed "$work/many" "$ls" "$@" --images-from "$work/guest-list" /etc; done
    [ "$(wc -l < "$work/out")" = 200 ] || { say "$name: $(wc -l < "$work/out") lines for 200 guests"; exit 1; }
    median_row "$name" "$work/many" 200 "one command"
    rm "$work/many"
}

bench_ls() {
    local known=0
    make_trees
    timed "$work/first" "$ls" -a "$work/guest.img" /etc # makes what the later ones use
    # The first makes libguestfs' appliance, and tells whether it can.
    if [ "$their_ls" ] && theirs -a "$work/guest.img" -m /dev/sda / > "$work/out"; then known=1
    else say "  virt-ls of guestfs-tools does not work here: left out"; fi
    compare "virt-ls, a small directory" 9 $((known * 5)) -a "$work/guest.img" -m /dev/sda /etc
    compare "virt-ls -lR, 100,000 files" 5 $((known * 3)) -a "$work/tree.img" -m /dev/sda -lR /
    compare "virt-ls -R, 100,000 files" 3 $((known * 1)) -a "$work/tree.img" -m /dev/sda -R /
    many_guests "virt-ls /etc, 200 guests, defaults"
    many_guests "virt-ls /etc, 200 guests, 1 appliance" -P 1
    print_table of
}
