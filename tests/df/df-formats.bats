#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Formats are told by the header, whatever the file is called, or by --format.

load ../lib/helpers

setup() { requires_appliance; requires qemu-img; setup_test; }

# convert FORMAT NAME [OPTIONS]: the raw image, in that format.
convert()
{
    qemu-img convert -q -f raw -O "$1" ${3:+-o "$3"} "$IMAGES/ext4.img" "$2"
}

@test "qcow2, qed, vmdk, vdi, vhdx, vpc, parallels have the row of the raw image" {
    local format

    for format in qcow2 qed vmdk vdi vhdx vpc parallels; do
        # VHD would round the size to a geometry.
        options=(); [[ $format != vpc ]] || options=(-o force_size=on)
        qemu-img convert -q -f raw -O "$format" "${options[@]}" "$IMAGES/ext4.img" "disk.$format"
    done
    qemu-img convert -q -c -f raw -O qcow2 "$IMAGES/ext4.img" compressed.qcow2
    convert vmdk stream.vmdk subformat=streamOptimized
    cp disk.qcow2 called.raw
    assert_same_row disk.* compressed.qcow2 stream.vmdk called.raw
}

@test "qcow2 of every kind: version 2, extended L2 entries, zstd, snapshots, large clusters, a backing file" {
    local io=(qemu-io -f qcow2 -c)

    convert qcow2 v2.qcow2 compat=0.10
    convert qcow2 extended.qcow2 extended_l2=on,cluster_size=128k
    convert qcow2 large.qcow2 cluster_size=2M
    qemu-img convert -q -c -f raw -O qcow2 -o compression_type=zstd "$IMAGES/ext4.img" zstd.qcow2
    # What has been written since the snapshot is undone: what counts is the present.
    convert qcow2 snapshot.qcow2
    "${io[@]}" "write -q -P 0xff 0 64k" snapshot.qcow2
    qemu-img snapshot -c rubbish snapshot.qcow2
    qemu-img convert -q -f raw -O raw "$IMAGES/ext4.img" whole.raw
    dd if=whole.raw of=start.bin bs=64k count=1 status=none
    "${io[@]}" "write -q -s start.bin 0 64k" snapshot.qcow2
    image ext4.img base.raw
    qemu-img create -q -f qcow2 -o extended_l2=on -b base.raw -F raw over.qcow2
    assert_same_row v2.qcow2 extended.qcow2 large.qcow2 zstd.qcow2 snapshot.qcow2 over.qcow2
}

@test "a qcow2 with its data in another file" {
    convert qcow2 data.qcow2 data_file=data.bin
    convert qcow2 raw.qcow2 data_file=raw.bin,data_file_raw=on
    qemu-img create -q -f qcow2 -b data.qcow2 -F qcow2 over.qcow2
    assert_same_row data.qcow2 raw.qcow2 over.qcow2
}

@test "a vmdk in several files, sparse or flat" {
    local kind

    for kind in monolithicFlat twoGbMaxExtentSparse twoGbMaxExtentFlat; do
        convert vmdk "$kind.vmdk" "subformat=$kind"
    done
    # Two extents, the second of which begins amid a file.
    qemu-img convert -q -f raw -O raw "$IMAGES/ext4.img" whole.raw
    dd if=whole.raw of=first.bin bs=1M count=8 status=none
    dd if=whole.raw of=second.bin bs=1M skip=8 seek=1 status=none
    {
        echo "# Disk DescriptorFile"
        echo "RW $((8 * 2048)) FLAT \"first.bin\" 0"
        echo "RW $(($(stat -c %s whole.raw) / 512 - 8 * 2048)) FLAT \"second.bin\" 2048"
    } > two.vmdk
    rm whole.raw
    assert_same_row monolithicFlat.vmdk twoGbMaxExtentSparse.vmdk twoGbMaxExtentFlat.vmdk two.vmdk
}

@test "a second file that an image keeps its data in follows --backing" {
    mkdir dir
    (cd dir && qemu-img create -q -f qcow2 -o data_file=../data.bin data.qcow2 4M \
        && qemu-img create -q -f vmdk -o subformat=monolithicFlat flat.vmdk 4M \
        && sed -i 's|"flat-flat.vmdk"|"../flat-flat.vmdk"|' flat.vmdk && mv flat-flat.vmdk ..)
    run --separate-stderr virt-df-live dir/data.qcow2 dir/flat.vmdk
    assert_status 1
    assert_contains "$stderr" 'virt-df-live: data.qcow2: the image names a data file, "../data.bin", outside its directory' \
        'virt-df-live: flat.vmdk: the image names an extent, "../flat-flat.vmdk", outside its directory' "--backing=allow"
    run --separate-stderr virt-df-live --backing=deny dir/data.qcow2 dir/flat.vmdk
    assert_status 1
    assert_contains "$stderr" 'virt-df-live: data.qcow2: the image names a data file, "../data.bin"' \
        'virt-df-live: flat.vmdk: the image names an extent, "../flat-flat.vmdk"' "--backing=same-dir"
    run --separate-stderr virt-df-live --backing=allow -o GUEST,STATUS --noheadings dir/data.qcow2 dir/flat.vmdk
    assert_contains "$stderr" "virt-df-live: data.qcow2: the disk is empty" "virt-df-live: flat.vmdk: the disk is empty"
}

@test "--format is obeyed: a qcow2 as raw is unknown data" {
    run --separate-stderr virt-df-live --format=raw "$IMAGES/ext4.qcow2"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: ext4.qcow2: /dev/sda: unknown data"
}

@test "--format is obeyed: a raw image is no qcow2" {
    run --separate-stderr virt-df-live --format=qcow2 "$IMAGES/ext4.img" --format "$IMAGES/ext3.img"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: ext4.img: " "qcow2"
    assert_contains "$output" "ext3.img:/dev/sda"
}

@test "formats that are not read are named" {
    printf 'QFI\xfb\0\0\0\1' > old.qcow
    truncate -s 1M old.qcow
    printf '# Disk DescriptorFile\nRW 2048 SESPARSE "disk-sesparse.vmdk"\n' > new.vmdk
    qemu-img create -q -f vmdk base.vmdk 4M
    qemu-img create -q -f vmdk -b base.vmdk -F vmdk child.vmdk
    run --separate-stderr virt-df-live -o GUEST,STATUS --noheadings old.qcow new.vmdk child.vmdk
    assert_status 1
    assert_contains "$output" "old.qcow   corrupt" "new.vmdk   unsupported" "child.vmdk unsupported"
    assert_contains "$stderr" "virt-df-live: old.qcow: it claims clusters of 2^0 bytes" \
        "virt-df-live: child.vmdk: a differencing vmdk image: its parent, \"base.vmdk\""
}

@test "an encrypted qcow2 of the old kind, too" {
    qemu-img create -q -f qcow2 --object secret,id=s,data=x \
        -o encrypt.format=aes,encrypt.key-secret=s aes.qcow2 4M
    run --separate-stderr virt-df-live -o GUEST,STATUS --noheadings aes.qcow2
    assert_status 1
    assert_contains "$output" "aes.qcow2 encrypted"
}

@test "an encrypted qcow2 is said to be encrypted" {
    qemu_img_luks x create -f qcow2 -o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 secret.qcow2 4M
    run --separate-stderr virt-df-live -o GUEST,STATUS --noheadings secret.qcow2
    assert_status 1
    assert_contains "$output" "secret.qcow2 encrypted"
}

@test "a vmdk descriptor is read however its comments are spelt" {
    qemu-img convert -q -f raw -O vmdk -o subformat=monolithicFlat "$IMAGES/ext4.img" flat.vmdk
    sed 's/^# Disk DescriptorFile/# Disk Descriptor File/' flat.vmdk > space.vmdk
    { echo '# saved by another program' && cat flat.vmdk; } > comment.vmdk
    sed 's/$/\r/' flat.vmdk > windows.vmdk
    assert_same_row space.vmdk comment.vmdk windows.vmdk
}

@test "qcow, version 1, alone and over a backing file" {
    qemu-img convert -q -f raw -O qcow "$IMAGES/ext4.img" old.qcow
    qemu-img create -q -f qcow -b old.qcow -F qcow over.qcow
    assert_same_row old.qcow
    run -0 --separate-stderr virt-df-live --csv --noheadings --backing=allow over.qcow
    assert_equal "$(cut -d , -f 2 <<< "$output")" /dev/sda
}

@test "a size that is no multiple of a sector: the last one is filled up" {
    cp "$IMAGES/ext4.img" odd.img
    printf x >> odd.img
    assert_same_row odd.img
}

@test "a VHDX with a log that has to be replayed is named, with the command that does it" {
    truncate -s 64M disk.raw
    qemu-img convert -q -f raw -O vhdx disk.raw log.vhdx
    # The GUID of a log in both headers.
    printf 0123456789abcdef | dd of=log.vhdx bs=1 seek=$((65536 + 48)) conv=notrunc status=none
    printf 0123456789abcdef | dd of=log.vhdx bs=1 seek=$((131072 + 48)) conv=notrunc status=none
    run -1 --separate-stderr virt-df-live -o GUEST,STATUS --noheadings log.vhdx
    assert_equal "$(tr -s ' ' <<< "$output")" "log.vhdx unsupported"
    assert_contains "$stderr" "log.vhdx: the VHDX has a log that is to be replayed first, which writes to it: qemu-img check -r all"
}

# By creator: QEMU takes the footer's size for some of them, and the geometry, which is rounded down, for the others.
@test "a VHD has the size that its footer states, whoever wrote it" {
    requires python3
    requires sfdisk
    truncate -s 16M p.raw
    mke2fs -q -F -b 1024 p.raw
    truncate -s 64M g.raw
    printf 'label: gpt\nstart=2048, size=32768\n' | sfdisk -q g.raw
    dd if=p.raw of=g.raw bs=1M seek=1 conv=notrunc,sparse status=none
    qemu-img convert -q -f raw -O vpc -o force_size=on g.raw qemu.vhd
    qemu-img convert -q -f raw -O vpc -o force_size=on,subformat=fixed g.raw fixed.vhd
    python3 - << 'END'
import struct
for creator, name in ((b"vbox", "vbox"), (b"wa\0\0", "azure"), (b"vpc ", "old"), (b"win ", "windows")):
    data = bytearray(open("qemu.vhd", "rb").read())
    for at in (0, len(data) - 512):
        data[at + 28:at + 32] = creator
        struct.pack_into(">HBB", data, at + 56, 963, 8, 17)
        struct.pack_into(">I", data, at + 64, 0)
        struct.pack_into(">I", data, at + 64, ~sum(data[at:at + 512]) & 0xffffffff)
    open(name + ".vhd", "wb").write(data)
END
    run -0 --separate-stderr virt-df-live --csv --noheadings ./*.vhd --format=vpc fixed.vhd
    assert_equal "$stderr" ""
    assert_equal "$(cut -d , -f 2 <<< "$output" | sort -u)" /dev/sda1
    assert_equal "$(wc -l <<< "$output")" 7
    # … also where one backs another image.
    qemu-img create -q -f qcow2 -b vbox.vhd -F vpc over.qcow2 64M
    run -0 --separate-stderr virt-df-live --csv --noheadings over.qcow2
    assert_equal "$(cut -d , -f 2 <<< "$output")" /dev/sda1
}
