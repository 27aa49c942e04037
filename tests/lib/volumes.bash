# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For the bats files about volumes, after `load ../lib/helpers`: the images of make-volumes.sh, kept below BUILD so that only the
# first run makes them.

# make_volumes NAME…: what is missing of them; their directory goes to VOLUMES.
make_volumes()
{
    export VOLUMES=$BUILD/test-volumes
    make_kept "$VOLUMES" make-volumes.sh "$@"
}

# For setup_file(): these volumes, and what it takes to make them. A file that uses it calls remove_scratch in teardown_file.
set_up_volumes()
{
    file_requires "${appliance_parts[@]}" "$BUILD/appliance/tools" "$BUILD/bin/virt-hotplug" || return 0
    make_scratch
    make_volumes "$@"
}

# volume NAME [AS]: a copy of an image here, that the test may change
volume() { cp --sparse=always "$VOLUMES/$1" "${2:-$1}"; }

# devices ARGUMENT…: "DEVICE LABEL" of each filesystem, a line each; what else was said is in $stderr. The labels say which
# filesystem it is, so that no row can be another's.
devices()
{
    run --separate-stderr virt-df-live --json "$@"
    json 'select(.type == "filesystem") | .device + " " + (.label // "-")'
}
