#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --metrics, the alerts and the dashboard, with Debian's prometheus and prometheus-node-exporter.

load ../lib/helpers

rules=$TOP/docs/packaging/prometheus/virt-live-tools.rules.yml
dashboard=$TOP/docs/packaging/grafana/virt-live-tools.json

setup() { setup_test; }

# full.img: an ext4 of which more than 90 % are in use
full_image()
{
    mkdir tree
    head -c 18M /dev/zero | tr '\0' x > tree/file # mkfs leaves out zeros
    truncate -s 20M full.img
    mkfs.ext4 -q -m 0 -O ^has_journal -d tree full.img
}

# metrics: virt.prom of a full filesystem, one that is not, a guest that failed, and hostile names
metrics()
{
    mkdir textfile
    full_image
    image ext4.img $'a"} 1\nvirt{b="\\\xff.img'
    run -1 virt-df-live --quiet --metrics textfile/virt.prom "$IMAGES/gpt.qcow2" full.img $'a"} 1\nvirt{b="\\\xff.img' missing.img
}

# The metrics' names in what is on stdin.
names() { grep -oE '\bvirt_[a-z_]+' | sort -u; }

@test "promtool has nothing to say against the metrics, whatever guests are called" {
    requires_appliance
    requires promtool
    metrics
    run -0 promtool check metrics < textfile/virt.prom
    assert_equal "$output" ""
}

@test "each alert fires when it should, and not before" {
    requires promtool
    run -0 promtool check rules "$rules"
    cp "$rules" "$TOP/tests/fleet/prometheus-rules.yml" .
    run -0 promtool test rules prometheus-rules.yml
    # Each has a case.
    assert_equal "$(grep -oP 'alert: \K\w+' "$rules" | sort -u)" "$(grep -oP 'alertname: \K\w+' prometheus-rules.yml | sort -u)"
}

@test "alerts and dashboard ask for metrics that are written; panels are named" {
    requires_appliance
    requires jq
    metrics
    names < textfile/virt.prom > written
    names < "$rules" > asked
    jq -r '.. | objects | (.expr?, .query? | strings)' "$dashboard" | names >> asked
    [ "$(wc -l < asked)" -ge 10 ]
    assert_equal "$(sort -u asked | comm -23 - written)" ""
    run -0 jq '[.panels[] | (.title | length > 0) and (.description | length > 0) and (.targets | length > 0)] | all and length > 8' "$dashboard"
    assert_equal "$output" true
    assert_equal "$(jq -r '[.panels[].id] | length - (unique | length)' "$dashboard")" 0
}

@test "Prometheus understands each expression of the dashboard" {
    requires jq promtool
    # shellcheck disable=SC2016 # Grafana's variable
    jq '{groups: [{name: "panels", rules: [.panels[].targets[].expr | gsub("\\$instance"; ".*")] | to_entries |
        map({record: "panel:\(.key)", expr: .value})}]}' "$dashboard" > panels.yml
    run -0 promtool check rules panels.yml
    assert_contains "$output" "SUCCESS: $(jq '[.panels[].targets[]] | length' "$dashboard") rules found"
}

# free_port: a port of 127.0.0.1 that nothing listens on
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# daemon COMMAND...: runs until the test is over
daemon()
{
    "$@" > "${1##*/}.log" 2>&1 3>&- &
    on_cleanup end_softly $!
}

# ask PATH: of Prometheus' API
ask()
{
    python3 -c 'import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())' \
        "http://127.0.0.1:$port/api/v1/$1" 2> ask.log
}

# firing ALERT GUEST: whether Prometheus has it, now
firing()
{
    ask alerts | jq -e --arg alert "$1" --arg guest "$2" 'any(.data.alerts[];
        .state == "firing" and .labels.alertname == $alert and (.labels.guest // "") == $guest)' > firing.log
}

@test "node_exporter and Prometheus scrape it: a full disk fires, and a scan that has stopped" {
    requires_appliance
    requires jq python3 prometheus prometheus-node-exporter
    local exporter port

    metrics
    exporter=$(free_port)
    daemon prometheus-node-exporter --web.listen-address="127.0.0.1:$exporter" --collector.disable-defaults \
        --collector.textfile --collector.textfile.directory="$PWD/textfile"
    cp "$rules" rules.yml
    cat > prometheus.yml << END
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
scrape_configs: [{job_name: node, static_configs: [{targets: ['127.0.0.1:$exporter']}]}]
END
    port=$(free_port)
    daemon prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address="127.0.0.1:$port"
    wait_until 60 firing VirtFilesystemFull full.img
    wait_until 60 firing VirtGuestNotScanned missing.img
    run ! firing VirtFilesystemFull gpt.qcow2
    run ! firing VirtScanStopped ''
    run -0 ask 'query?query=count(virt_guest_scan_status)'
    assert_equal "$(json '.data.result[0].value[1]')" 4
    # … as if this had been three days ago.
    sed -i -E "s/^(virt_guest_last_scan_timestamp_seconds.*) [0-9]+\$/\1 $((EPOCHSECONDS - 3 * 86400))/" textfile/virt.prom
    wait_until 60 firing VirtScanStopped ''
}
