# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2016 # what stands in single quotes is for another shell
# A libvirt daemon of the test's own that root runs: qemu:///system, in a mount namespace; nothing of the host's is touched.
#
#     system_namespace
#     start_libvirtd_by in_namespace

# libvirt waits for each QEMU that it has ended to be reaped, by PID 1, which is late in some containers.
make_reaper()
{
    cat > reaper.py << 'END'
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
subprocess.Popen(sys.argv[1:])
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
END
}

# libvirtd has fixed directories when root runs it: others are mounted over them, for the processes
# of one mount namespace. $holder keeps it, whatever becomes of the daemon. Where the host has not
# got them, as without libvirt-daemon-system, they are made in a layer over what they are in.
system_namespace()
{
    requires_mount_namespace
    requires nsenter setsid
    # As Debian's packages make them. Where its user may not open /dev/kvm, libvirtd asks QEMU anew what it
    # can at every question.
    cp /etc/passwd passwd
    grep -q '^libvirt-qemu:' passwd || echo libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin >> passwd
    sed -E '/libvirt-qemu/! { s/^(kvm:.*:)$/\1libvirt-qemu/; t; s/^(kvm:.*[^:])$/\1,libvirt-qemu/ }' /etc/group > group
    grep -q '^libvirt-qemu:' group || echo libvirt-qemu:x:64055: >> group
    setsid unshare --mount sh -euc 'cover() {
            mkdir -p "layer/$1" "work/$1"
            mount -t overlay -o "lowerdir=/$1,upperdir=layer/$1,workdir=work/$1" none "/$1"; }
        [ -d /etc/libvirt ] || { cover etc; mkdir /etc/libvirt; }
        [ -d /run/libvirt ] || { cover run; mkdir /run/libvirt; }
        for d in cache lib log; do
            [ -d "/var/$d/libvirt" ] || { cover "var/$d"; mkdir "/var/$d/libvirt"; }; done
        for d in /etc/libvirt /run/libvirt /var/cache/libvirt /var/lib/libvirt /var/log/libvirt; do
            mount -t tmpfs none $d; done
        mount --bind passwd /etc/passwd
        mount --bind group /etc/group
        echo ready; exec sleep 100000' > holder.log 2>&1 3>&- &
    holder=$!
    on_cleanup end_group "$holder"
    wait_until 30 test -s holder.log
    grep -q ready holder.log || skip "libvirtd's directories cannot be made here: $(< holder.log)"
    # Its user is another one than our QEMU's.
    in_namespace sh -c 'printf "%s\n" "stdio_handler = \"file\"" "remember_owner = 0" > /etc/libvirt/qemu.conf'
}

in_namespace() { nsenter --mount --target "$holder" --wdns="$TMPDIR" "$@"; }

# start_libvirtd_by COMMAND...: which runs it as `env` would. Its pid is in `daemon`, in the file libvirtd.pid too.
start_libvirtd_by()
{
    local directory=${user_home:-$TMPDIR}

    make_reaper
    "$@" setsid python3 reaper.py libvirtd --pid-file "$directory/libvirtd.pid" > libvirtd.log 2>&1 3>&- &
    wait_until 30 test -s "$directory/libvirtd.pid"
    daemon=$(< "$directory/libvirtd.pid")
    on_cleanup end_libvirtd
}

# Its socket stays, without a listener. A QEMU that it was asking what it can do is a daemon that waits for it, for ever.
end_libvirtd()
{
    local reaper

    reaper=$(ps -o ppid= "$daemon") || [[ ! $reaper ]] # it has ended
    kill -KILL "$daemon" 2> /dev/null || ! libvirtd_runs
    [[ ! $reaper ]] || pkill -KILL --parent "$((reaper))" --full -- '-machine none,' || [[ $? -eq 1 ]] # there was none
    wait_until 30 eval '! libvirtd_runs'
    rm -f "${user_home:-$TMPDIR}/libvirtd.pid"
}

libvirtd_runs() { kill -0 "$daemon" 2> /dev/null; }

system_listens() { listens /run/libvirt/libvirt-sock in_namespace; }
