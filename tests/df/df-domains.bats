#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-df-live and libvirt's guests: which there are, which disks they have, what libvirt says of
# them. The hypervisor is libvirt's own test driver, from a file.

load ../lib/helpers
load ../lib/domains

setup() { requires_appliance; setup_test; }

rows() { cut -d , -f 1,2 <<< "$output"; }
named() { virt-df-live --csv --noheadings -c "$uri" "$@"; }

@test "without an argument: all guests, running or not, by name" {
    image ext4.img; image xfs.img
    hypervisor "$(domain web "$(disk ext4.img)" "$(disk xfs.img)")" "$(runstate=1 domain db "$(disk xfs.img)")"
    run -0 --separate-stderr named
    assert_equal "$(rows)" "db,/dev/sda
web,/dev/sda
web,/dev/sdb"
    assert_equal "$stderr" ""
    assert_nothing_left
    wait_until 5 no_lookup
}

@test "-d: by name and by UUID, in the place where it stands" {
    image ext4.img
    hypervisor "$(domain web "$(disk ext4.img)")" "$(domain db "$(disk ext4.img)")"
    uuid=$(grep -oP '<uuid>\K[^<]+' node.xml | head -1)
    run -0 named -d db ext4.img --domain "$uuid" -d db
    assert_equal "$(rows)" "db,/dev/sda
ext4.img,/dev/sda
web,/dev/sda
db,/dev/sda"
}

@test "--uuid names them by UUID, images by their names" {
    image ext4.img
    hypervisor "$(domain web "$(disk ext4.img)")"
    uuid=$(grep -oP '<uuid>\K[^<]+' node.xml)
    run -0 named --uuid -d web ext4.img
    assert_equal "$(rows)" "$uuid,/dev/sda
ext4.img,/dev/sda"
}

@test "--json has the guest's name and all its images" {
    image ext4.img; image xfs.img
    hypervisor "$(domain 'web ü' "$(disk ext4.img)" "$(disk xfs.img)")"
    run -0 virt-df-live --json -c "$uri"
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status + " " + (.images | join(" "))')" \
        "web ü ok $PWD/ext4.img $PWD/xfs.img"
    assert_equal "$(json 'select(.type == "filesystem") | .device + " " + .fstype')" "/dev/sda ext4
/dev/sdb xfs"
}

@test "one that libvirt does not know is named, others go on" {
    image ext4.img
    hypervisor "$(domain web "$(disk ext4.img)")"
    run --separate-stderr named -d nobody -d web -d 00000000-0000-0000-0000-000000000000
    assert_status 1
    assert_equal "$(rows)" "web,/dev/sda"
    assert_equal "$(wc -l <<< "$stderr")" 2
    assert_contains "$stderr" "virt-df-live: nobody: libvirt does not find it at $uri: " "-c URI names another" \
        "virt-df-live: 00000000-0000-0000-0000-000000000000: libvirt does not find it"
}

@test "what cannot be scanned of a guest is one error, others go on" {
    image ext4.img
    hypervisor "$(domain a-missing "$(disk ext4.img)" "$(disk gone.img)")" \
        "$(domain b-empty)" \
        "$(domain c-network '<disk type="network"><source protocol="gluster" name="x/y"><host name="h" port="1"/></source><target dev="vda"/></disk>')" \
        "$(domain d-pool '<disk type="volume"><source pool="none" volume="v"/><target dev="vda"/></disk>')" \
        "$(domain e-good "$(disk ext4.img)")"
    run --separate-stderr named
    assert_status 1
    assert_equal "$(rows)" "e-good,/dev/sda"
    assert_equal "$(wc -l <<< "$stderr")" 4
    assert_contains "$stderr" "a-missing: $PWD/gone.img: open $PWD/gone.img: No such file" \
        "b-empty: it has no disks" "c-network: disk vda: a network disk over gluster is not supported" \
        "d-pool: disk vda: volume v of the pool none: "
    run --separate-stderr virt-df-live --json -c "$uri"
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status')" "a-missing unreadable
b-empty empty
c-network unsupported
d-pool unreadable
e-good ok"
}

@test "volumes of pools; CD-ROM and floppy drives are left out; readonly, shareable, transient" {
    mkdir pool
    image ext4.img pool/one.img; image ext4.qcow2 pool/two.qcow2; image xfs.img
    hypervisor "$(pool images "$PWD/pool" one.img two.qcow2)" "$(domain web \
        '<disk type="file" device="cdrom"><source file="/gone.iso"/><target dev="hda"/></disk>' \
        '<disk type="volume"><source pool="images" volume="one.img"/><target dev="vda"/><readonly/></disk>' \
        '<disk type="file" device="floppy"><target dev="fda"/></disk>' \
        "<disk type='volume'>$qcow2<source pool='images' volume='two.qcow2'/><target dev='vdb'/><shareable/></disk>" \
        "$(disk xfs.img '<transient/>')")"
    run -0 named
    assert_equal "$(rows)" "web,/dev/sda
web,/dev/sdb
web,/dev/sdc"
}

@test "a disk that libvirt may leave out is named where it is missing, and the others are scanned" {
    image ext4.img; image xfs.img
    gone() { printf '<disk type="file"><source file="%s/gone" startupPolicy="%s"/><target dev="vd%s"/></disk>' "$PWD" "$1" "$(letter)"; }
    hypervisor "$(domain a "$(disk ext4.img)" "$(gone optional)" "$(disk xfs.img)")" "$(domain b "$(gone optional)")" \
        "$(domain c "$(disk ext4.img)" "$(gone mandatory)")"
    run -0 --separate-stderr virt-df-live --json -c "$uri" -d a
    assert_equal "$(json 'select(.type == "filesystem") | .device + " " + .fstype')" "/dev/sda ext4
/dev/sdb xfs"
    assert_equal "$stderr" \
        "virt-df-live: a: $PWD/gone: it is not there; libvirt starts the guest without it (startupPolicy)"
    run --separate-stderr virt-df-live --json -c "$uri"
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status')" "a ok
b empty
c unreadable"
    assert_contains "$stderr" "b: none of its disks is there" "c: $PWD/gone: open $PWD/gone: No such file"
}

@test "4K sectors" {
    image gpt-4k.img
    hypervisor "$(domain web "$(disk gpt-4k.img '<blockio logical_block_size="4096"/>')")" \
        "$(domain wrong "$(disk gpt-4k.img)")"
    run --separate-stderr named
    # A GPT that was made for the other size is read, too.
    assert_contains "$(rows)" "web,/dev/sda1" "web,/dev/sda2" "wrong,/dev/sda1" "wrong,/dev/sda2"
}

@test "a format that libvirt names, or leaves to be raw, is not looked for" {
    requires qemu-img
    # A guest wrote a qcow2 header, which names a file, into its raw disk.
    image ext4.img secret.img
    qemu-img create -q -f qcow2 -b "$PWD/secret.img" -F raw evil.img
    hypervisor "$(domain a "$(disk evil.img)")" "$(domain b "$(disk evil.img '<driver name="qemu" type="raw"/>')")" \
        "$(domain c "$(disk evil.img "$qcow2")")"
    run --separate-stderr named
    assert_equal "$(rows)" "c,/dev/sda"
    # Nor is one that is wrong made right.
    hypervisor "$(domain web "$(disk secret.img "$qcow2")")"
    run --separate-stderr named
    assert_status 1
    assert_contains "$stderr" "web: " "qcow2"
}

@test "backing files: those that libvirt names are followed, and no others" {
    requires qemu-img
    mkdir elsewhere
    image ext4.img elsewhere/base.img
    image xfs.img elsewhere/other.img
    qemu-img create -q -f qcow2 -b "$PWD/elsewhere/other.img" -F raw over.qcow2
    base="<backingStore type='file'><format type='raw'/><source file='$PWD/elsewhere/base.img'/><backingStore/></backingStore>"
    hypervisor "$(domain silent "$(disk over.qcow2 "$qcow2")")" \
        "$(domain told "$(disk over.qcow2 "$qcow2" "$base")")" \
        "$(domain ended "$(disk over.qcow2 "$qcow2" '<backingStore/>')")"
    run --separate-stderr virt-df-live --json -c "$uri" --backing=deny
    assert_equal "$(json 'select(.type == "filesystem") | .guest + " " + .fstype')" "told ext4"
    assert_contains "$stderr" "silent: the image names a backing file, \"$PWD/elsewhere/other.img\"" "ended: "
    run --separate-stderr virt-df-live --json -c "$uri" --backing=allow -d silent
    assert_equal "$(json 'select(.type == "filesystem") | .guest + " " + .fstype')" "silent xfs"
}

@test "encrypted disks are said to be so" {
    requires qemu-img
    secret='<encryption format="luks"><secret type="passphrase" uuid="0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f"/></encryption>'
    qemu_img_luks secret create -f luks -o key-secret=s,iter-time=10 raw.luks 8M
    qemu_img_luks secret create -f qcow2 -o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 luks.qcow2 8M
    hypervisor "$(domain a "$(disk raw.luks "$secret")")" "$(domain b "$(disk luks.qcow2 "$qcow2" "$secret")")"
    run --separate-stderr virt-df-live --json -c "$uri"
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status')" "a encrypted
b encrypted"
}

@test "a guest of 255 disks, and one of 256" {
    links 256
    mapfile -t disks < <(printf '<disk><source file="%s"/><target dev="vd"/></disk>\n' "${names[@]/#/$PWD/}" |
        awk '{ n = NR - 1; t = ""; do { t = sprintf("%c", 97 + n % 26) t; n = int(n / 26) - 1 } while (n >= 0); sub(/dev="vd"/, "dev=\"vd" t "\""); print }')
    hypervisor "$(domain most "${disks[@]:0:255}")" "$(domain more "${disks[@]}")"
    run --separate-stderr named
    assert_status 1
    assert_equal "$(wc -l <<< "$output")" 255
    assert_contains "$output" "most,/dev/sdiu,"
    assert_equal "$stderr" "virt-df-live: more: it has more than 255 disks"
}

@test "1000 guests: every one once, by name" {
    local i

    image ext4.img
    for ((i = 0; i < 1000; i++)); do
        printf '<domain type="test"><name>g%03d</name><memory>65536</memory><os><type>hvm</type></os><devices>%s</devices></domain>\n' \
            "$i" "<disk type='file'><source file='$PWD/ext4.img'/><target dev='vda'/></disk>"
    done > domains
    hypervisor "$(cat domains)"
    run -0 --separate-stderr named -P 2
    assert_equal "$(rows)" "$(printf 'g%03d,/dev/sda\n' {0..999})"
    assert_nothing_left
}

@test "a hypervisor that cannot be reached is named, with what to do" {
    image ext4.img
    uri="qemu+unix:///system?socket=$PWD/gone"
    run --separate-stderr virt-df-live -c "$uri"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: $uri: cannot connect to libvirt at $uri: " "-c URI names another"
    assert_equal "$(wc -l <<< "$stderr")" 1
    # With -d each guest is; an image needs no libvirt.
    run --separate-stderr named -d web ext4.img -d db
    assert_status 1
    assert_equal "$(rows)" "ext4.img,/dev/sda"
    assert_contains "$stderr" "virt-df-live: web: cannot connect" "virt-df-live: db: cannot connect"
    # With neither -d nor need for libvirt, it is not asked.
    run -0 --separate-stderr named ext4.img
    assert_equal "$stderr" ""
}

@test "one that has no guests is an answer, and said" {
    hypervisor
    run -0 --separate-stderr virt-df-live -c "$uri"
    assert_equal "$stderr" "virt-df-live: libvirt has no guests at $uri: nothing to scan"
    run -0 --separate-stderr virt-df-live -q -c "$uri"
    assert_equal "$stderr" ""
}

@test "a libvirt that hangs costs --timeout, and images go on" {
    image ext4.img
    hung_libvirt
    SECONDS=0
    run --separate-stderr named --timeout 3 -d web ext4.img -d db
    assert_status 1
    assert_equal "$(rows)" "ext4.img,/dev/sda"
    assert_contains "$stderr" "web: libvirt did not answer within 3 s (--timeout)" "db: libvirt did not answer"
    [[ $SECONDS -lt 30 ]]
    wait_until 5 no_lookup
    assert_nothing_left
}

@test "a signal while libvirt hangs ends everything" {
    hung_libvirt
    start virt-df-live --timeout 0 -c "$uri"
    wait_until 30 is_running vlt-lookup
    kill -TERM "$pid"
    finish
    assert_status 143
    wait_until 5 no_lookup
    # … and when it can clean up nothing.
    start virt-df-live --timeout 0 -c "$uri"
    wait_until 30 is_running vlt-lookup
    kill -KILL "$pid"
    finish
    wait_until 5 no_lookup
}

@test "names that a terminal would obey are escaped" {
    image ext4.img
    hypervisor "$(domain 'a&#x9b;31mb' "$(disk ext4.img)")" "$(domain 'gone&#x9b;' "$(disk gone.img)")"
    run --separate-stderr virt-df-live -c "$uri"
    assert_contains "$(names_of_table <<< "$output")" 'a\xC2\x9B31mb:/dev/sda'
    assert_contains "$stderr" 'gone\xC2\x9B: '
}

@test "-x traces the calls" {
    hypervisor "$(domain web)"
    run --separate-stderr virt-df-live -x -c "$uri"
    assert_contains "$stderr" "libvirt: virConnectOpenReadOnly: " "libvirt: virDomainGetXMLDesc: "
}

@test "an ordinary user's guests" {
    requires_user
    image ext4.img "$user_home/web.img"
    image ext4.img "$user_home/private.img"
    chmod 644 "$user_home/web.img"
    chmod 600 "$user_home/private.img"
    hypervisor "$(domain a "$(disk "$user_home/web.img")")" "$(domain b "$(disk "$user_home/private.img")")"
    chmod 644 node.xml
    run --separate-stderr as_user "$USER_BIN/virt-df-live" --csv --noheadings -c "$uri"
    assert_equal "$(rows)" "a,/dev/sda"
    [[ $(id -u) -ne 0 ]] || assert_contains "$stderr" "b: open $user_home/private.img: Permission denied"
}
