#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   compare-virt-df.sh BUILD VIRT-DF-ARGUMENT…

set -euo pipefail

build=$1; shift
exec "$(dirname "$0")/guestfs.sh" "$build" virt-df "$@"
