#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# All that is Debian's own: how packages are fetched, unpacked and named. Nothing is installed; no root is needed.
#
#   fetch-debian.sh [--with-libraries] DIR PACKAGE…
#                                      downloads what DIR lacks, prints the files' paths; also of the packages with libraries
#                                      on which those depend
#   fetch-debian.sh --for-building DIR PACKAGE…
#                                      likewise, with what is needed to build with them: headers, libraries to link with
#   fetch-debian.sh --choose DIR PACKAGE…
#                                      the first of these that there is
#   fetch-debian.sh --tar FILE         the tree in FILE, as a tar on stdout
#   fetch-debian.sh --describe FILE    "NAME VERSION"
#
# $APPLIANCE_ARCH is the architecture of the packages, by default this host's. For another one apt has lists of its own in DIR/apt, of
# the same sources, and knows nothing of what is installed here: the host's are left as they are.

set -euo pipefail
shopt -s inherit_errexit

die() { echo "fetch-debian: $*" >&2; exit 1; }

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=appliance/build/architecture.sh
. "$here/../build/architecture.sh"
# shellcheck source=appliance/build/fetched.sh
. "$here/../build/fetched.sh"

# Another architecture's apt: all of its programs read this file first.
use_architecture()
{
    local own
    mkdir -p "$1/apt/state" "$1/apt/cache/archives/partial"
    own=$(realpath "$1/apt")
    : >> "$own/status"
    printf '%s\n' "APT::Architecture \"$APPLIANCE_ARCH\";" "APT::Architectures { \"$APPLIANCE_ARCH\"; };" "Dir::State \"$own/state\";" \
        "Dir::State::status \"$own/status\";" "Dir::Cache \"$own/cache\";" > "$own/conf"
    export APT_CONFIG=$own/conf
    [ -e "$own/updated" ] || { apt update >&2 && : > "$own/updated"; } || die "apt-get update failed for $APPLIANCE_ARCH: is there a network?"
}

# apt drops to the user _apt, who may not write to root's directories.
apt() { local as_root=(); if [ "$(id -u)" = 0 ]; then as_root=(-o APT::Sandbox::User=root); fi
        apt-get -q "${as_root[@]}" "$@"; }

# depends_on PACKAGE REGEX: those of its dependencies
depends_on() { apt-cache depends --important "$1" | awk -v name="$2" '$1 == "Depends:" && $2 ~ name { print $2 }'; }

# kernel_of META: a package that is empty, and depends on the kernel. That may be one package; or there are some with its modules, on
# which it (Debian 14, where the kernel's own is empty, too) or META depends (Ubuntu's extra ones).
kernel_of()
{
    local real
    real=$(depends_on "$1" '^linux-image-[0-9]' | sed -n 1p) || real=''
    [ -n "$real" ] || die "$1: apt does not know which kernel it stands for; run apt-get update"
    echo "$real"
    depends_on "$real" '^linux-(base|binary|modules)-[0-9]'
    depends_on "$1" '^linux-modules-extra-[0-9]'
}

# linux-image stands for linux-image-ARCHITECTURE, of Debian.
resolve()
{
    case $1 in
    linux-image)         kernel_of "$1-$APPLIANCE_ARCH" ;;
    linux-image-generic) kernel_of "$1" ;;
    *)                   echo "$1" ;;
    esac
}

# The packages with libraries on which these depend, each a name. The resolver is asked as on a host on which nothing is installed
# yet. OpenSSL's provider of old ciphers is a library, and is filed under programs.
libraries_of()
{
    local all names
    all=$(apt -s -o Dir::State::status=/dev/null --no-install-recommends install "$@") ||
        die "apt cannot resolve what $* depend on; does apt-get update work?"
    names=$(sed -n 's/^Inst \([^ ]*\) .*/\1/p' <<< "$all")
    # shellcheck disable=SC2086 # names
    apt-cache show --no-all-versions $names |
        awk -v sections=" $sections\$" '/^Package: / { name = $2 }
            /^Section: / && ($0 ~ sections || name ~ /^openssl-provider-/) { print name }' | LC_ALL=C sort -u
}

# What has been downloaded is there, also where apt cannot be asked.
choose()
{
    local dir=$1 name; shift
    if [ "$APPLIANCE_ARCH" != "$host_architecture" ]; then use_architecture "$dir"; fi
    for name in "$@"; do
        if compgen -G "$dir/${name}_*.deb" > /dev/null || apt-cache show "$name" > /dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    die "apt knows none of $*; run apt-get update"
}

# 'FILE SHA256' for each package. apt says nothing of one that lies in the directory where it runs.
locate()
{
    local empty
    empty=$(mktemp -d)
    (
        trap 'rm -rf "$empty"' EXIT
        cd "$empty" && apt download --print-uris "$@" |
            sed -n "s/^'[^']*' \([^ ]*\) [0-9]* SHA256:\([0-9a-f]*\)$/\1 \2/p"
    )
}

has() { [ -f "$1/$2" ] && echo "$3  $1/$2" | sha256sum --quiet --check - >/dev/null 2>&1; }

# Downloads into a directory of its own, so that an interrupted download is never taken for a package, and leaves nothing.
download()
{
    local dir=$1 part; shift
    part=$(mktemp -d "$dir/part.XXXXXX")
    (
        trap 'rm -rf "$part"' EXIT
        (cd "$part" && apt download "$@" >&2) ||
            die "apt-get download failed: is there a network? does apt-get update work?"
        mv "$part"/*.deb "$dir/"
    ) || exit 1
}

fetch()
{
    local libraries=$1 dir=$2; shift 2
    local names
    if [ "$APPLIANCE_ARCH" != "$host_architecture" ]; then use_architecture "$dir"; fi
    mapfile -t names < <(printf '%s\n' "$@" | LC_ALL=C sort -u)
    mkdir -p "$dir"
    local record name file sum found lines=() packages=() missing=()
    record=$(record_of "$dir" "$libraries" "${names[@]}")
    if recorded "$dir" "$record"; then return; fi

    command -v apt-get >/dev/null || die "no apt-get: this script is for Debian and its kin"
    for name in "${names[@]}"; do
        found=$(resolve "$name")
        while read -r name; do packages+=("$name"); done <<< "$found"
    done
    if [ -n "$libraries" ]; then
        found=$(libraries_of "${packages[@]}")
        mapfile -t packages < <(printf '%s\n' "${packages[@]}" ${found:+"$found"} | LC_ALL=C sort -u)
    fi
    found=$(locate "${packages[@]}") || die "apt-get download failed: is there a network? does apt-get update work?"
    mapfile -t lines <<< "$found"
    [ "${#lines[@]}" = "${#packages[@]}" ] ||
        die "apt found ${#lines[@]} of ${#packages[@]} packages (${packages[*]}); run apt-get update"
    for name in "${lines[@]}"; do
        read -r file sum <<< "$name"
        has "$dir" "$file" "$sum" || missing+=("${file%%_*}")
    done
    if [ "${#missing[@]}" -gt 0 ]; then download "$dir" "${missing[@]}"; fi
    write_record "$dir" "$record" "${lines[@]%% *}"
}

sections='(.*/)?libs' # those of libraries
# shellcheck disable=SC2016
case ${1:-} in
--tar)      [ $# = 2 ] || die "usage: fetch-debian.sh --tar FILE";      dpkg-deb --fsys-tarfile "$2" ;;
--describe) [ $# = 2 ] || die "usage: fetch-debian.sh --describe FILE"
            dpkg-deb --show --showformat '${Package} ${Version}\n' "$2" ;;
--choose)   [ $# -ge 3 ] || die "usage: fetch-debian.sh --choose DIR PACKAGE…"; shift; choose "$@" ;;
--with-libraries)
            [ $# -ge 3 ] || die "usage: fetch-debian.sh --with-libraries DIR PACKAGE…"; shift; fetch libraries "$@" ;;
--for-building)
            [ $# -ge 3 ] || die "usage: fetch-debian.sh --for-building DIR PACKAGE…"; shift
            sections='(.*/)?(libs|libdevel|devel)'; fetch building "$@" ;;
*)          [ $# -ge 2 ] || die "usage: fetch-debian.sh DIR PACKAGE…";  fetch '' "$@" ;;
esac
