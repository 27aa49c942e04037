#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# All that is Fedora's own: how packages are fetched, unpacked and named. Nothing is installed; no root is needed. Its calls are those
# of appliance/debian/fetch-debian.sh:
#
#   fetch-fedora.sh [--with-libraries] DIR PACKAGE…
#   fetch-fedora.sh --choose DIR PACKAGE…
#   fetch-fedora.sh --tar FILE
#   fetch-fedora.sh --describe FILE
#
# `dnf download` compares what comes with the repository's list, and looks at no signature. That is done here, with the keys in
# $RPM_KEYS, by default /etc/pki/rpm-gpg, where Fedora has its own: a package that none of them has signed is not taken.

set -euo pipefail
shopt -s inherit_errexit

die() { echo "fetch-fedora: $*" >&2; exit 1; }

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=appliance/build/architecture.sh
. "$here/../build/architecture.sh"
# shellcheck source=appliance/build/fetched.sh
. "$here/../build/fetched.sh"

# A package may be there for another processor, too (i686).
download() { dnf -q download --arch "$machine" --arch noarch "$@"; }

# files_of OPTION… PACKAGE…: the names of the files that would be downloaded
files_of() { download --url "$@" | sed -n 's|^[^ ]*/\([^ /]*\.rpm\)$|\1|p' | LC_ALL=C sort -u; }

# The files with libraries among those on which these packages depend. The resolver is asked as on a host on which nothing is installed
# yet. Which packages have libraries is asked of all that there are: that is one question.
libraries_of()
{
    local all with
    all=$(files_of --resolve --alldeps "$@") || die "dnf cannot resolve what $* depend on"
    with=$(dnf -q repoquery --arch "$machine" --whatprovides 'lib*.so*' --queryformat '%{name}-%{version}-%{release}.%{arch}.rpm\n') ||
        die "dnf repoquery failed: is there a network?"
    LC_ALL=C comm -12 <(printf '%s\n' "$with" | LC_ALL=C sort -u) <(printf '%s\n' "$all")
}

# named PACKAGE FILE…: its file among these
named()
{
    local file name=$1; shift
    for file in "$@"; do
        if [[ $file == "$name"-+([^-])-+([^-]).rpm ]]; then echo "$file"; return; fi
    done
    die "dnf knows no $name"
}

# check_signatures FILE…: in a database of keys of its own, so that the host's is neither needed nor changed
check_signatures()
{
    local keys=${RPM_KEYS:-/etc/pki/rpm-gpg} base said
    base=$(mktemp -d)
    (
        trap 'rm -rf "$base"' EXIT
        rpmkeys --dbpath "$base" --import "$keys"/* || die "$keys: there are no keys in it with which packages could be checked"
        said=$(LC_ALL=C rpmkeys --dbpath "$base" --define '_pkgverify_level all' --checksig "$@") ||
            die "not signed by a key in $keys: $(grep -v ': digests signatures OK$' <<< "$said")"
    ) || exit 1
}

# Downloads into a directory of its own, so that an interrupted download is never taken for a package, and leaves nothing.
take()
{
    local dir=$1 part; shift
    part=$(mktemp -d "$dir/part.XXXXXX")
    (
        trap 'rm -rf "$part"' EXIT
        download --destdir "$part" "${@%.rpm}" >&2 || die "dnf download failed: is there a network?"
        check_signatures "$part"/*.rpm
        mv "$part"/*.rpm "$dir/"
    ) || exit 1
}

fetch()
{
    local libraries=$1 dir=$2 name file record found names=() files=() missing=(); shift 2
    [ "$APPLIANCE_ARCH" = "$host_architecture" ] || die "an appliance for another processor is made of Debian's packages only"
    mapfile -t names < <(printf '%s\n' "$@" | LC_ALL=C sort -u)
    mkdir -p "$dir"
    record=$(record_of "$dir" "$libraries" "${names[@]}")
    if recorded "$dir" "$record"; then return; fi

    command -v dnf > /dev/null || die "no dnf: this script is for Fedora and its kin"
    found=$(files_of "${names[@]}") || die "dnf does not know all of ${names[*]}"
    mapfile -t files <<< "$found"
    for name in "${names[@]}"; do named "$name" "${files[@]}" > /dev/null; done
    if [ -n "$libraries" ]; then
        found=$(libraries_of "${names[@]}")
        mapfile -t files < <(printf '%s\n' "${files[@]}" ${found:+"$found"} | LC_ALL=C sort -u)
    fi
    for file in "${files[@]}"; do [ -s "$dir/$file" ] || missing+=("$file"); done
    if [ "${#missing[@]}" -gt 0 ]; then take "$dir" "${missing[@]}"; fi
    write_record "$dir" "$record" "${files[@]}"
}

# What has been downloaded is there, also where dnf cannot be asked.
choose()
{
    local dir=$1 name; shift
    for name in "$@"; do
        if compgen -G "$dir/$name-[0-9]*.rpm" > /dev/null || [ -n "$(dnf -q repoquery "$name" 2> /dev/null)" ]; then
            echo "$name"
            return
        fi
    done
    die "dnf knows none of $*"
}

shopt -s extglob
case ${1:-} in
--tar)      [ $# = 2 ] || die "usage: fetch-fedora.sh --tar FILE";      bsdtar -c -f - --format=gnutar "@$2" ;;
--describe) [ $# = 2 ] || die "usage: fetch-fedora.sh --describe FILE"
            rpm -qp --nosignature --queryformat '%{name} %{version}-%{release}\n' "$2" ;;
--choose)   [ $# -ge 3 ] || die "usage: fetch-fedora.sh --choose DIR PACKAGE…"; shift; choose "$@" ;;
--with-libraries)
            [ $# -ge 3 ] || die "usage: fetch-fedora.sh --with-libraries DIR PACKAGE…"; shift; fetch libraries "$@" ;;
--for-building)
            die "an appliance for another processor is made of Debian's packages only" ;;
*)          [ $# -ge 2 ] || die "usage: fetch-fedora.sh DIR PACKAGE…";  fetch '' "$@" ;;
esac
