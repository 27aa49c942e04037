# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A libvirt daemon of the test's own, with an ordinary user's directories below user_home. It finds the guests that were
# defined there, and starts those that begin with it.
#
#     prepare_daemon
#     define web "<driver type='qcow2'/><source file='…'/>"     one disk
#     autostart web
#     start_daemon                                               qemu:///session for as_daemon_user

prepare_daemon()
{
    requires libvirtd python3 uuidgen
    requires_user
    mkdir -p "$user_home"/{run,cache,data} "$user_home"/conf/libvirt/{qemu/autostart,secrets}
    echo 'stdio_handler = "file"' > "$user_home/conf/libvirt/qemu.conf"
    chmod 700 "$user_home/run"
    # As PID 1 should: it reaps. What it leaves when the test ends, QEMU above all, it ends.
    cat > "$user_home/reaper.py" << 'END'
import ctypes, os, signal, subprocess, sys
open("reaper.pid", "w").write(str(os.getpid()))
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
daemon = subprocess.Popen(sys.argv[1:])
def end(*unused):
    for pid in open("/proc/thread-self/children").read().split():
        os.kill(int(pid), signal.SIGKILL)
signal.signal(signal.SIGTERM, end)
try:
    while True:
        if os.wait()[0] == daemon.pid:
            end()
except ChildProcessError:
    pass
END
}

# define NAME ELEMENTS [DEVICES]: with one disk, of these elements, and perhaps more; QEMU has a second monitor
define()
{
    cat > "$user_home/conf/libvirt/qemu/$1.xml" << END
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>$1</name><uuid>$(uuidgen)</uuid><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><disk type='file' device='disk'>$2<target dev='vda' bus='virtio'/></disk>${3-}</devices>
<qemu:commandline><qemu:arg value='-monitor'/><qemu:arg value='unix:$user_home/$1.monitor,server=on,wait=off'/></qemu:commandline></domain>
END
}

autostart()
{
    ln -s "../$1.xml" "$user_home/conf/libvirt/qemu/autostart/$1.xml"
}

# secret UUID VALUE: of a volume
secret()
{
    printf "<secret ephemeral='no' private='no'><uuid>%s</uuid><usage type='volume'><volume>%s</volume></usage></secret>" \
        "$1" "$1" > "$user_home/conf/libvirt/secrets/$1.xml"
    printf %s "$2" | base64 > "$user_home/conf/libvirt/secrets/$1.base64"
}

as_daemon_user()
{
    as_user env --chdir="$user_home" XDG_RUNTIME_DIR="$user_home/run" XDG_CONFIG_HOME="$user_home/conf" \
        XDG_CACHE_HOME="$user_home/cache" XDG_DATA_HOME="$user_home/data" "$@"
}

# start_daemon READY...: a command that succeeds when the daemon is
start_daemon()
{
    [[ $(id -u) -ne 0 ]] || chown -R nobody: "$user_home"
    as_daemon_user python3 reaper.py libvirtd > libvirtd.log 2>&1 3>&- &
    daemon=$!
    on_cleanup end_daemon
    wait_until 60 "$@" || { cat libvirtd.log; return 1; }
}

end_daemon()
{
    kill -TERM "$(< "$user_home/reaper.pid")"
    wait "$daemon" || : # its status is that of having been killed
    ! pgrep -f "qemu-system.*$user_home" > /dev/null
}

# monitor NAME COMMAND: what QEMU's monitor of that guest says
monitor()
{
    python3 - "$user_home/$1.monitor" "$2" << 'END'
import socket, sys
monitor = socket.socket(socket.AF_UNIX)
monitor.connect(sys.argv[1])
def read():
    said = b""
    while not said.endswith(b"(qemu) "):
        some = monitor.recv(65536)
        if not some:
            break
        said += some
    return said.decode()
read()
monitor.sendall(sys.argv[2].encode() + b"\n")
print(read())
END
}

guest_runs() { pgrep -f "guest=$1,.*$user_home" > /dev/null; }
daemon_listens() { listens "$user_home/run/libvirt/libvirt-sock"; }

# live ARGUMENT...: virt-df-live, for the daemon's guests, with a cache that it shares with other tests
live()
{
    as_user env LIBVIRT_AUTOSTART=0 XDG_RUNTIME_DIR="$user_home/run" "$USER_BIN/virt-df-live" -c qemu:///session "$@"
}
