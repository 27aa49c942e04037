#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   check-container.sh BUILD [HOST]
#
# The image of docs/packaging/container, of HOST's smallest system (a suite of Debian, by default bookworm) and the packages in BUILD/deb:
# built without a registry and run by podman without root: images of disks on a directory that is mounted read-only, and the pods of the
# Kubernetes manifest by `podman kube play`. Root becomes a user that is made for it, with subordinate ids, and removed; so
# does the result of a mount namespace whose cgroups are those that crun wants. What it prints goes to BUILD/container/log; the last line is
# a table. Exit status 1 if something failed, 77 where podman cannot run containers here.

# shellcheck disable=SC2317 # step() calls them

set -euo pipefail
shopt -s inherit_errexit

die() { echo "check-container: $*" >&2; exit 1; }
skip() { echo "check-container: skipped: $*" >&2; exit 77; }

# shellcheck source=tests/hosts/steps.sh
source "$(dirname "$0")/steps.sh"

user=vlt-container
base=localhost/debian:smallest image=localhost/virt-live-tools:0.1

# What podman's defaults want and a restricted host refuses: more open files than it has, control groups of two kinds.
configure()
{
    printf '%s\n' '[containers]' 'default_ulimits = ["nofile=1024:4096", "nproc=1024:1024"]' 'cgroups = "disabled"' \
        '[engine]' 'cgroup_manager = "cgroupfs"' 'events_logger = "file"' > "$work/containers.conf"
}

# as_user COMMAND…: without root; in / because the user may not see where we are.
as_user()
{
    local environment=(env "HOME=$work/home" "XDG_RUNTIME_DIR=$work/run" "CONTAINERS_CONF=$work/containers.conf")
    if [ "$(id -u)" != 0 ]; then "${environment[@]}" "$@"; return; fi
    # shellcheck disable=SC2016 # for the shell within
    unshare --mount sh -euc '
        user=$1; shift
        mount --make-rshared /
        if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; fi
        cd /
        exec setpriv --reuid="$user" --regid="$user" --init-groups "$@"' sh "$user" "${environment[@]}" "$@"
}

make_base()
{
    local tar=$build/container/$host.tar
    [ -e "$tar" ] || { mmdebstrap --variant=minbase "$host" "$tar.new.tar" && mv "$tar.new.tar" "$tar"; } || return 1
    as_user podman import -q "$tar" "$base"
}

# Each RUN in a chroot: a build needs no more, and the network of the host is where apt finds its packages.
build_image()
{
    as_user podman build --isolation=chroot --network=host --build-arg "BASE=$base" -t "$image" \
        -f "$work/Containerfile" "$work/deb"
}

# Four filesystems, and a file that has none.
make_images()
{
    local i
    mkdir "$work/images"
    for i in 1 2 3 4; do truncate -s 4M "$work/images/$i.img" && mkfs.ext4 -q "$work/images/$i.img" || return 1; done
    head -c 1M /dev/urandom > "$work/images/noise.img"
    chmod -R a+rX "$work/images"
}

# As the Containerfile says.
run_image()
{
    as_user podman run --rm --read-only --tmpfs /scratch:mode=1777 --network=none --cap-drop=all --security-opt=no-new-privileges \
        -v "$work/images:/images:ro" "$image" sh -c "$1"
}

scan()
{
    run_image 'virt-df-live --csv --stats /images/[1-4].img' > "$work/rows.csv" || return 1
    cat "$work/rows.csv"
    "$build/bin/virt-df-live" --csv "$work"/images/[1-4].img | diff - "$work/rows.csv"
}

list() { run_image 'virt-ls -a /images/1.img -m /dev/sda /' | grep -x 'lost+found'; }

# What the container may do.
is_without_rights()
{
    run_image 'id -u; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status; touch /usr/x /images/x; test ! -e /dev/kvm' > "$work/rights" 2>&1 || :
    cat "$work/rights"
    grep -qx 65532 "$work/rights" && grep -q 'CapEff:.0000000000000000' "$work/rights" && grep -q 'NoNewPrivs:.1' "$work/rights" &&
        [ "$(grep -c 'Read-only file system' "$work/rights")" = 2 ]
}

# Two of the Job's pods, which podman has no word for: its template, with an index each and two completions, and directories in the place
# of claims.
make_pods()
{
    /usr/bin/python3 - docs/packaging/kubernetes/virt-df-live.yaml "$work" > "$work/pods.yaml" << 'END'
import copy, sys, yaml
manifest, work = sys.argv[1:]
job = next(document for document in yaml.safe_load_all(open(manifest)) if document["kind"] == "Job")
pods = []
for index in range(2):
    spec = copy.deepcopy(job["spec"]["template"]["spec"])
    container = spec["containers"][0]
    for variable in container["env"]:
        if variable["name"] == "JOB_COMPLETIONS":
            variable["value"] = "2"
    container["env"].append({"name": "JOB_COMPLETION_INDEX", "value": str(index)})
    for volume in spec["volumes"]:
        name = volume["name"]
        spec["volumes"][spec["volumes"].index(volume)] = {"name": name, "hostPath": {
            "path": f"{work}/scratch-{index}" if name == "scratch" else f"{work}/{name}", "type": "Directory"}}
    pods.append({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"virt-df-live-{index}"}, "spec": spec})
yaml.safe_dump_all(pods, sys.stdout)
END
}

play()
{
    mkdir -m 1777 "$work/results" "$work/scratch-0" "$work/scratch-1"
    mkdir "$work/list"
    printf '/images/%s\n' 1.img 2.img noise.img 3.img 4.img > "$work/list/images.list"
    make_pods || return 1
    as_user podman kube play --network=none "$work/pods.yaml" || return 1
    for index in 0 1; do
        [ "$(as_user podman wait "virt-df-live-$index-scan")" = 0 ] || { as_user podman logs "virt-df-live-$index-scan"; return 1; }
    done
    jq -s -c 'sort_by(.index)[] | del(.elapsed_s)' "$work"/results/part-*.json > "$work/together.json"
    cat "$work/together.json"
    run_image 'virt-df-live --json /images/1.img /images/2.img /images/noise.img /images/3.img /images/4.img || :' |
        jq -c 'del(.elapsed_s)' | diff - "$work/together.json"
}

all_steps()
{
    step base make_base && step image build_image && step images make_images && step scan scan && step virt-ls list &&
        step rights is_without_rights && step 'kube play' play
}

clear_up()
{
    as_user podman kube down "$work/pods.yaml" || :
    as_user podman system reset -f || :
    # what containers wrote belongs to their users
    as_user podman unshare rm -rf "$work/home" "$work/results" "$work"/scratch-? || :
    # podman leaves a process that keeps its namespaces
    if [ "$(id -u)" = 0 ]; then pkill -KILL -u "$user" || :; userdel "$user"; fi
    rm -rf "$work"
} >> "$log" 2>&1

case $# in 1 | 2) ;; *) die "usage: check-container.sh BUILD [HOST]" ;; esac
for program in podman crun catatonit newuidmap mmdebstrap jq mkfs.ext4; do command -v "$program" > /dev/null || skip "$program is not installed"; done
cd "$(dirname "$0")/../.."
build=$(realpath "$1") host=${2:-bookworm} failed=0 steps=
compgen -G "$build/deb/virt-live-tools_*.deb" > /dev/null || die "no packages in $build/deb: make deb"
mkdir -p "$build/container"
log=$build/container/log
: > "$log"
work=$(mktemp -d /var/tmp/vlt-container.XXXXXX)
mkdir -m 700 "$work/home" "$work/run"
mkdir "$work/deb"
cp "$build"/deb/virt-live-tools*.deb "$work/deb"
cp docs/packaging/container/Containerfile "$work"
configure
if [ "$(id -u)" = 0 ]; then
    useradd --home-dir "$work/home" --shell /bin/sh "$user"
    grep -q "^$user:" /etc/subuid || usermod --add-subuids 500000-565535 --add-subgids 500000-565535 "$user"
    chown "$user:" "$work/home" "$work/run"
    chmod 755 "$work"
fi
trap clear_up EXIT
echo "check-container: all that is printed goes to $log" >&2
as_user podman unshare true >> "$log" 2>&1 || skip "podman cannot run without root here: $(tail -n 1 "$log")"
all_steps || :
printf '%s, podman %s: %s\n' "$host" "$(podman --version | cut -d ' ' -f 3)" "${steps%, }"
exit "$failed"
