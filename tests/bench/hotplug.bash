# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# virt-hotplug: whole commands, each a process of its own, on an appliance that lives.

hotplug=$build/bin/virt-hotplug

end_appliances() {
    local name
    for name in $("$hotplug" list --noheadings | sed 's/ .*//'); do "$hotplug" shutdown --force "$name"; done
}

bench_hotplug() {
    local i name image=$work/hotplug.img
    [ -e "$build/appliance/tools" ] || { say "  no virt-hotplug: left out"; return 0; }
    mke2fs -q -F -t ext4 "$image" 20M
    name=$("$hotplug" launch --slots 255) # makes what the later ones use
    "$hotplug" attach "$name" "$image" > "$work/out"
    "$hotplug" detach "$name" 0
    for ((i = 0; i < 20; i++)); do
        timed "$work/attach" "$hotplug" attach "$name" "$image"
        timed "$work/list-disks" "$hotplug" list "$name"
        timed "$work/run-true" "$hotplug" run "$name" -- true
        timed "$work/detach" "$hotplug" detach "$name" 0
    done
    "$hotplug" shutdown "$name"
    for ((i = 0; i < 5; i++)); do
        timed "$work/launch" "$hotplug" launch --slots 255
        timed "$work/shutdown" "$hotplug" shutdown "$(cat "$work/out")"
    done
    median_row "virt-hotplug attach" "$work/attach"
    median_row "virt-hotplug detach" "$work/detach"
    median_row "virt-hotplug list" "$work/list-disks"
    median_row "virt-hotplug run true" "$work/run-true"
    median_row "virt-hotplug launch, warm" "$work/launch"
    median_row "virt-hotplug shutdown" "$work/shutdown"
    print_table commands
}
