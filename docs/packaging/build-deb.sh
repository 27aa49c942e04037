#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   build-deb.sh BUILD VERSION
#
# Makes BUILD/deb/*.deb by dpkg-buildpackage, and has lintian look at them.
set -euo pipefail

cd "$(dirname "$0")/../.."
build=$1 tree=$1/deb/virt-live-tools-$2
docs/packaging/copy-sources.sh "$build" "$tree"
cp -r docs/packaging/debian "$tree/debian"
rm -f "$build"/deb/*.deb
(cd "$tree" && dpkg-buildpackage --build=binary --unsigned-source --unsigned-changes)
rm -rf "$tree"
lintian --fail-on error,warning,info --display-info "$build"/deb/*.changes
