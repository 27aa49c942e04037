#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The manifest of a Job. `make check-kubernetes` brings the npm packages that read it; there is no cluster here.

load ../lib/helpers

manifest=$TOP/docs/packaging/kubernetes/virt-df-live.yaml

setup()
{
    setup_test
    export NODE_PATH=$BUILD/kubernetes/node_modules
    requires node "$NODE_PATH/kubernetes-models"
    node "$TOP/tests/fleet/kubernetes-job.js" json "$manifest" > job.json
}

job() { jq -e "$@" job.json; }

@test "the API's schema has all of its members, with such values" {
    run -0 node "$TOP/tests/fleet/kubernetes-job.js" check "$manifest"
    # It would say so.
    sed 's/readOnlyRootFilesystem/readOnlyRootFileSystem/' "$manifest" > wrong.yaml
    run ! node "$TOP/tests/fleet/kubernetes-job.js" check wrong.yaml
    assert_contains "$output" "'\"readOnlyRootFileSystem\"' does not exist"
    sed 's/completions: 8/completions: eight/' "$manifest" > wrong.yaml
    run ! node "$TOP/tests/fleet/kubernetes-job.js" check wrong.yaml
    assert_contains "$output" "completions must be integer"
}

# https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
@test "the pods are what the restricted Pod Security Standard allows, and the images read-only" {
    job '.spec.template.spec | (.hostNetwork, .hostPID, .hostIPC) == null'
    job '.spec.template.spec.securityContext | .runAsNonRoot and .runAsUser > 0 and .seccompProfile.type == "RuntimeDefault"'
    job '.spec.template.spec.containers + (.spec.template.spec.initContainers // []) | all(.securityContext
        | .allowPrivilegeEscalation == false and .privileged != true and .capabilities == {drop: ["ALL"]})'
    job '.spec.template.spec.containers | all(.securityContext.readOnlyRootFilesystem and (.ports // [] | all(.hostPort == null)))'
    job '[.spec.template.spec.volumes[] | keys[] | select(. != "name")] - ["configMap", "emptyDir", "persistentVolumeClaim"] == []'
    job '.spec.template.spec.containers[0].volumeMounts[] | select(.name == "images") | .readOnly'
}

@test "it has as many completions as it tells the pods" {
    job '.spec.completionMode == "Indexed" and .spec.completions == (.spec.template.spec.containers[0].env[]
        | select(.name == "JOB_COMPLETIONS") | .value | tonumber)'
}

# There is no kubelet here: each pod's command, with its environment, and paths of this test in place of the volumes.
@test "what its pods would run scans every guest once, and does not fail for one that cannot be scanned" {
    requires_appliance
    requires jq
    local index completions script

    mkdir images results list
    cd images && links 20 && cd ..
    { printf '%s\n' "$PWD"/images/*; echo "$PWD/images/missing.img"; } > list/images.list
    script=$(job -r '.spec.template.spec.containers[0].args[0]' | sed "s|/list/|$PWD/list/|; s|/results/|$PWD/results/|")
    completions=$(job .spec.completions)
    for ((index = 0; index < completions; index++)); do
        run -0 env JOB_COMPLETION_INDEX=$index JOB_COMPLETIONS="$completions" sh -c "$script"
    done
    run -1 --separate-stderr virt-df-live --json --images-from list/images.list
    jq -s -c 'sort_by(.index)[] | del(.elapsed_s)' results/part-*.json > parts.json
    jq -c 'del(.elapsed_s)' <<< "$output" | diff - parts.json
}
