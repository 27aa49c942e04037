#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A signal goes to a process that exists: through base/pid-signal.h, which checks the number. kill(2) takes the -1 of a fork()
# that failed for "every process".

load ../lib/helpers

@test "one file sends signals, and the agent's last one goes to all of the appliance" {
    run bash -c "cd '$TOP' && grep -rnE '\b(kill|killpg)\(' --include=*.c \
        common appliance/agent virt-df-live virt-ls virt-hotplug | grep -vE '^[^:]+:[0-9]+: *(/?\*|//)'"
    [[ $output == *'common/base/pid-signal.c:'* ]]
    rest=$(grep -vE '^common/base/pid-signal.c:' <<< "$output")
    [[ $rest == 'appliance/agent/boot.c:'*'kill(-1, SIGKILL);' && $(wc -l <<< "$rest") -eq 1 ]]
}
