#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# An appliance's clock runs as the host's does, though a busy host keeps a kernel that boots from measuring its counter.

load ../lib/helpers
load ../lib/hotplug

@test "an emulated appliance has its counter's rate from the host, and its clock runs as the host's" {
    local host_before host_after before after

    launch --accel=tcg --slots 2
    in_it cat /proc/cmdline > cmdline
    [[ $(uname -m) != x86_64 ]] || grep -q ' tsc_early_khz=[1-9][0-9]*' cmdline \
        || { echo "the kernel's command line does not say it: $(< cmdline)"; false; }
    host_before=$(cut -d ' ' -f 1 /proc/uptime)
    before=$(in_it cut -d ' ' -f 1 /proc/uptime)
    in_it sleep 3 # by the appliance's clock: one that is too fast ends it early
    after=$(in_it cut -d ' ' -f 1 /proc/uptime)
    host_after=$(cut -d ' ' -f 1 /proc/uptime)
    # The host's interval lies around the appliance's.
    awk -v from="$host_before" -v to="$host_after" -v before="$before" -v after="$after" \
        'BEGIN { host = to - from; guest = after - before; print "host", host, "guest", guest; exit !(guest >= 3 && guest <= host * 1.02) }'
}
