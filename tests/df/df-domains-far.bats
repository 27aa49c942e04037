#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A libvirt that is on another host, by its URI: what is called ssh here only copies to a daemon's socket.

load ../lib/helpers
load ../lib/domains
load ../lib/daemon

setup() { requires_appliance; setup_test; prepare_daemon; }

far_libvirt()
{
    local socket=$user_home/run/libvirt/libvirt-sock

    cp node.xml "$user_home/node.xml"
    cat > ssh << END
#!/usr/bin/env python3
import os, socket, threading
peer = socket.socket(socket.AF_UNIX)
peer.connect("$socket")
def copy(read, write):
    while data := read(65536):
        write(data)
    os._exit(0)
threading.Thread(target=copy, args=(peer.recv, lambda data: os.write(1, data))).start()
copy(lambda size: os.read(0, size), peer.sendall)
END
    chmod 755 ssh
    start_daemon daemon_listens
    uri="test+ssh://far.invalid$user_home/node.xml?command=$PWD/ssh&socket=$socket&proxy=netcat"
}

@test "its files are not ours, its network disks may be" {
    image ext4.img
    hypervisor "$(domain a-file "$(disk ext4.img)")" \
        "$(domain b-own '<disk type="network"><source protocol="nbd" name="x"><host name="localhost" port="1"/></source><target dev="vda"/></disk>')" \
        "$(domain c-net '<disk type="network"><source protocol="nbd" name="x"><host name="127.0.0.1.invalid" port="1"/></source><target dev="vda"/></disk>')" \
        "$(pool images "$PWD" ext4.img)"
    far_libvirt
    run --separate-stderr virt-df-live --json -c "$uri" -d a-file -d b-own -d c-net --pool images ext4.img
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status')" "a-file unsupported
b-own unsupported
c-net unreadable
ext4.img ok
ext4.img unsupported"
    assert_contains "$stderr" ": its source, $PWD/ext4.img, is a file of the host far.invalid, where libvirt is" \
        "b-own: disk vda: its server can be reached only from the host far.invalid" \
        "ext4.img: its source, $PWD/ext4.img, is a file of the host far.invalid"
}
