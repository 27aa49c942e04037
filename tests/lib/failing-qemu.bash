# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A QEMU that cannot restore what was saved before a certain time, and otherwise is QEMU. For a directory with a cache of the test's
# own, `cache`.

# QEMU finds its modules by where it is itself, so for that time it has the name of its sister.
qemu=/usr/bin/qemu-system-x86_64
sister=/usr/bin/qemu-system-i386

# It fails to restore what was saved before `outdated` was last touched. (It can write nowhere that would tell how often.)
make_failing_qemu()
{
    touch outdated
    cat > failing <<EOF
#!/bin/bash
if [[ " \$* " == *" -incoming "* && '$PWD/outdated' -nt \$(echo '$PWD'/cache/template-*/state) ]]; then exit 1; fi
exec $sister "\$@"
EOF
    chmod 755 failing
}

# failing COMMAND...: in a mount namespace of its own, so that the host's QEMU stays as it is. The words before the command are for
# `start`, which takes no function.
# shellcheck disable=SC2016 # for the shell within
within_failing=(unshare --mount sh -c 'mount --bind "$0" "$1" && mount --bind failing "$0" && shift && exec "$@"' "$qemu" "$sister")
failing() { "${within_failing[@]}" "$@"; }
