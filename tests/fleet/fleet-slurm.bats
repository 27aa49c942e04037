#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# An array of jobs on a cluster of one node: munge, slurmctld and slurmd of Debian, on loopback, with files of the test's own.

load ../lib/helpers

setup() { setup_test; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# daemon NAME COMMAND...: in the foreground of a process of its own, until the test is over
daemon()
{
    "${@:2}" > "$1.log" 2>&1 3>&- &
    on_cleanup end_softly $!
}

# slurmd starts a process for each job, which outlives it.
end_steps()
{
    local pid

    for pid in $(pgrep slurmstepd); do
        if tr '\0' '\n' < "/proc/$pid/environ" | grep -qxF "SLURM_CONF=$SLURM_CONF"; then kill -KILL "$pid"; fi
    done
}

start_munge()
{
    mkdir -m 711 munge
    head -c 1024 /dev/urandom > munge/key
    chmod 400 munge/key
    daemon munged munged --foreground --force --key-file="$PWD/munge/key" --socket="$PWD/munge/socket" --pid-file="$PWD/munge/pid" \
        --log-file="$PWD/munge/log" --seed-file="$PWD/munge/seed"
    wait_until 30 listens munge/socket
}

# A job that was requeued may start when its credential has expired.
start_slurm()
{
    local host

    host=$(hostname -s)
    mkdir state spool
    export SLURM_CONF=$PWD/slurm.conf
    cat > slurm.conf << END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$PWD/munge/socket,cred_expire=5
StateSaveLocation=$PWD/state
SlurmdSpoolDir=$PWD/spool
SlurmctldPidFile=$PWD/slurmctld.pid
SlurmdPidFile=$PWD/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
MailProg=/bin/true
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=4096
PartitionName=main Nodes=$host Default=YES State=UP
END
    on_cleanup end_steps
    daemon slurmctld slurmctld -D -c
    daemon slurmd slurmd -D
    wait_until 60 node_is_idle
}

node_is_idle() { [[ $(timeout 20 sinfo --noheader --format=%T 2> sinfo.log) == idle ]]; }
answered() { grep -qs '"type":"guest"' "$1"; }
array_has_ended() { [[ ! $(squeue --noheader --jobs="$1" 2>&1) ]]; }
restarts() { scontrol show job "$1" | grep -oP 'Restarts=\K\d+'; }

# bats test_tags=slow
@test "an array of 8 over 400 images, one task killed and requeued, finds what one run finds: nothing twice, nothing lost" {
    requires_appliance
    requires_root
    requires munged slurmctld slurmd sbatch jq python3
    local id

    mkdir images result
    cd images && links 399 && cd ..
    image gpt.qcow2 images/gpt.qcow2
    printf '%s\n' "$PWD"/images/* > images.list
    assert_equal "$(wc -l < images.list)" 400
    virt-df-live -q --json --images-from images.list > whole.json

    start_munge
    start_slurm
    # Small waves, so that the task is in the middle when it is requeued.
    id=$(LIST=$PWD/images.list OUTPUT=$PWD/result ARGUMENTS="-P 1 --wave=4" \
        sbatch --parsable --export=ALL --mem=0 "$TOP/docs/packaging/slurm/virt-df-live.sbatch")
    wait_until 300 answered result/part-3.json
    scontrol requeue "${id}_3"
    wait_until 60 test "$(restarts "${id}_3")" = 1
    wait_until 600 array_has_ended "$id"
    grep -c . result/part-*.json
    find . -maxdepth 1 -name 'virt-df-live[_-]*.log' -exec cat {} +
    jq -c 'del(.elapsed_s)' whole.json > expected.json
    jq -s -c 'sort_by(.index)[] | del(.elapsed_s)' result/part-*.json > found.json
    assert_equal "$(jq -s 'map(select(.type == "guest")) | length' found.json)" 400
    diff expected.json found.json
    assert_nothing_left
}

# bats test_tags=slow
@test "the commands of docs/fleet.md, typed as they stand there" {
    requires_appliance
    requires_root
    requires munged slurmctld slurmd sbatch jq python3
    local typed

    mkdir -p srv/images
    cd srv/images && links 20 && cd ../..
    printf '%s\n' "$PWD"/srv/images/* > srv/images.list
    start_munge
    start_slurm
    typed=$(sed -n 's/^    \(sbatch .*\)/\1/p' "$TOP/docs/fleet.md" | sed "s|/srv/|$PWD/srv/|g; s|docs/packaging|$TOP/docs/packaging|")
    run -0 bash -c "$typed"
    assert_contains "$output" "Submitted batch job "
    wait_until 600 array_has_ended "${output##* }"
    cat virt-df-live-*.log
    cd srv/result
    typed=$(sed -n "s/^    \(jq .*part-.*\)/\1/p" "$TOP/docs/fleet.md" | head -n 1)
    run -0 bash -c "$typed"
    assert_equal "$(jq -s -c '[.[] | select(.type == "guest") | .index]' all.json)" "$(jq -n -c '[range(20)]')"
}
