#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   build-rpm.sh BUILD VERSION
#
# Makes BUILD/rpm/RPMS by rpmbuild, with the appliance that has been built here. On Debian rpm's data base is empty, so that
# nothing can be said about dependencies.
set -euo pipefail

cd "$(dirname "$0")/../.."
build=$(realpath "$1") top=$(realpath "$1")/rpm name=virt-live-tools-$2 nodeps=()
rm -rf "$top"
mkdir -p "$top/SOURCES"
docs/packaging/copy-sources.sh "$build" "$top/$name"
tar -C "$top" -czf "$top/SOURCES/$name.tar.gz" "$name"
rm -rf "${top:?}/$name"
[ -e /usr/lib/sysimage/rpm ] || nodeps=(--nodeps)
rpmbuild -bb "${nodeps[@]}" --define "_topdir $top" docs/packaging/rpm/virt-live-tools.spec
