# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Of which distribution's packages the appliance is made: $APPLIANCE_DISTRIBUTION, a directory beside this one, by default the host's
# own. What that directory lacks is as in the one that the line `like NAME` of its file `packages` names. The script that sources
# this has set `here`, its own directory, and has sourced lists.sh.
#
#   package_list   the file of names
#   module_list    which modules of the kernel; their names are Linux's, so one file does for all that have no other
#   fetch          the program that fetches, unpacks and names packages

# shellcheck disable=SC2034,SC2154 # for the scripts that read this; `here`

# The first of these that there is a directory for: this system, what it is like. Else Debian: its packages make an appliance anywhere.
host_distribution()
{
    local ID='' ID_LIKE='' name
    # shellcheck disable=SC1090 # a file of the system
    if [ -r "$1" ]; then . "$1"; fi
    for name in $ID $ID_LIKE; do
        if [ -e "$here/../$name/packages" ]; then echo "$name"; return; fi
    done
    echo debian
}

distribution_file()
{
    local dir=$here/../$APPLIANCE_DISTRIBUTION found
    while ! found=$(compgen -G "$dir/$1"); do
        dir=$([ ! -e "$dir/packages" ] || like "$dir/packages")
        [ -n "$dir" ] || { echo "$APPLIANCE_DISTRIBUTION: there is no $1 in appliance/$APPLIANCE_DISTRIBUTION" >&2; return 1; }
    done
    echo "$found"
}

: "${APPLIANCE_DISTRIBUTION:=$(host_distribution /etc/os-release)}"
export APPLIANCE_DISTRIBUTION
package_list=$(distribution_file packages)
module_list=$(distribution_file modules)
fetch=$(distribution_file 'fetch-*.sh')
