#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   check-samples.sh BUILD
#
# Runs virt-df-live on the sample images of libblkid (util-linux, tests/ts/blkid) and of e2fsck (e2fsprogs, tests/*/image.gz):
# every one is answered, with a type that libblkid has for it, and none harms an appliance. They are not ours to keep: the
# source packages come from apt-get, by a deb-src line of its own, into BUILD/samples. MIRROR and SUITE say from where.

set -euo pipefail

here=$(dirname "$(realpath "$0")")
build=$(realpath "$1")
dir=$build/samples
suite=${SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}

# Nothing of the system's apt is read or written, but for its keys.
apt()
{
    apt-get -q -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$dir/lists" \
        -o Dir::Cache="$dir/cache" -o APT::Sandbox::User="$(id -un)" "$@"
}

fetch()
{
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    echo "deb-src ${MIRROR:-http://deb.debian.org/debian} $suite main" > "$dir/sources.list"
    (cd "$dir" && apt update && apt source --download-only util-linux e2fsprogs) > "$dir/apt.log" 2>&1 ||
        { tail -n 5 "$dir/apt.log" >&2; echo "check-samples: the source packages cannot be fetched" >&2; exit 1; }
}

# Only what is looked at.
unpack()
{
    local image name

    rm -rf "$dir/source" "$dir/images"
    mkdir -p "$dir/source" "$dir/images/blkid" "$dir/images/tables" "$dir/images/e2fsck"
    tar -C "$dir/source" --strip-components=1 -xf "$dir"/util-linux_*.orig.tar.* --wildcards '*/tests/ts/blkid/*' '*/tests/expected/blkid/*'
    tar -C "$dir/source" --strip-components=1 -xf "$dir"/e2fsprogs_*.orig.tar.*z --wildcards '*/tests/*/image.gz'
    for image in "$dir"/source/tests/ts/blkid/images-fs/*.img.xz; do xz -dc "$image" > "$dir/images/blkid/$(basename "$image" .xz)"; done
    for image in "$dir"/source/tests/ts/blkid/images-pt/*.img.xz; do xz -dc "$image" > "$dir/images/tables/$(basename "$image" .xz)"; done
    for image in "$dir"/source/tests/*/image.gz; do
        name=$(basename "$(dirname "$image")")
        gzip -dc "$image" > "$dir/images/e2fsck/$name.img"
    done
}

[[ -e $dir/images/e2fsck ]] || { fetch && unpack; }
exec "$here/compare-samples.py" "$build/bin/virt-df-live" "$dir"
