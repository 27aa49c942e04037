#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   copy-sources.sh BUILD TO
#
# Copies to TO, made anew, the files of this tree as git knows them, changed or not, and the Debian packages that were fetched for the
# appliance, as links.
set -euo pipefail

cd "$(dirname "$0")/../.."
build=$1 to=$2
rm -rf "$to"
mkdir -p "$to/build/appliance"
git ls-files -z --cached --others --exclude-standard | tar -c --null --ignore-failed-read -T - | tar -x -C "$to"
if [ -d "$build/appliance/debs" ]; then cp -al "$build/appliance/debs" "$to/build/appliance/"; fi
