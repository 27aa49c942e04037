# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034 # the tests use the variables
# For bats files about libvirt's guests: a file that libvirt's test driver takes for a hypervisor.
#
#     disk /srv/a.img                        → <disk …/>
#     domain web "$(disk a.img)" "$(…)"      → <domain …/>, that does not run
#     hypervisor "$(domain …)" "$(pool …)"   → $uri

# disk PATH [ELEMENT…]: a file; raw, unless an element says something else
disk()
{
    local path=$1

    shift
    [[ $path == /* ]] || path=$PWD/$path
    printf '<disk type="file" device="disk"><source file="%s"/><target dev="vd%s"/>%s</disk>' \
        "$path" "$(letter)" "$*"
}

# Targets must differ in a domain; these do in a test.
letter()
{
    local number
    number=$(($(cat letters 2> /dev/null || echo 0) + 1))
    echo "$number" > letters
    printf '%s%s' "$(printf '%b' "\\x$(printf %x $((97 + number / 26)))")" \
        "$(printf '%b' "\\x$(printf %x $((97 + number % 26)))")"
}

qcow2='<driver name="qemu" type="qcow2"/>'

# domain NAME [DEVICE…]; its UUID is the name's checksum
domain()
{
    local name=$1 sum

    shift
    sum=$(md5sum <<< "$name")
    printf '<domain type="test" xmlns:test="http://libvirt.org/schemas/domain/test/1.0">'
    printf '<name>%s</name><uuid>%s-%s-%s-%s-%s</uuid><memory>65536</memory><os><type>hvm</type></os>' \
        "$name" "${sum:0:8}" "${sum:8:4}" "${sum:12:4}" "${sum:16:4}" "${sum:20:12}"
    printf '<devices>%s</devices><test:runstate>%s</test:runstate></domain>\n' "$*" "${runstate:-5}"
}

# pool NAME DIRECTORY VOLUME…
pool()
{
    local name=$1 directory=$2 volume

    shift 2
    printf '<pool type="dir"><name>%s</name><target><path>%s</path></target>' "$name" "$directory"
    for volume; do
        printf '<volume><name>%s</name><capacity>1</capacity><target><path>%s/%s</path></target></volume>' \
            "$volume" "$directory" "$volume"
    done
    printf '</pool>\n'
}

# Its URI is in $uri.
hypervisor()
{
    printf '%s\n' '<node>' "$@" '</node>' > node.xml
    uri=test://$PWD/node.xml
}

# hung_libvirt: a daemon that accepts connections and says nothing; its URI is in $uri
hung_libvirt()
{
    requires python3
    python3 -c 'import socket, time
listener = socket.socket(socket.AF_UNIX); listener.bind("hung"); listener.listen(8); time.sleep(600)' 3>&- &
    on_cleanup end_process "$!"
    wait_until 30 test -S hung
    uri="qemu+unix:///system?socket=$PWD/hung"
}

lookups() { ours vlt-lookup; }
no_lookup() { [[ ! $(lookups) ]]; }
