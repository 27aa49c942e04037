# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What depends on the processor that the appliance is for, $APPLIANCE_ARCH as Debian calls it (default: this host's).

# shellcheck disable=SC2034 # for the scripts that read this

host_architecture=$(dpkg --print-architecture 2> /dev/null || uname -m | sed 's/^x86_64$/amd64/; s/^aarch64$/arm64/')
: "${APPLIANCE_ARCH:=$host_architecture}"
case $APPLIANCE_ARCH in
amd64) machine=x86_64 ;;
arm64) machine=aarch64 ;;
*)     echo "no appliance can be built for $APPLIANCE_ARCH" >&2; exit 1 ;;
esac
# Of binutils; and what runs a program of that processor with its libraries in a tree: run_in TREE COMMAND…
binutils='' emulator=''
if [ "$APPLIANCE_ARCH" != "$host_architecture" ]; then
    binutils=$machine-linux-gnu-
    emulator=qemu-$machine-static
fi
run_in() { local tree=$1; shift; ${emulator:+$emulator -L "$tree"} "$@"; }
export APPLIANCE_ARCH
