# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A Ceph cluster of its own (after remote.bash): one monitor, one manager, one OSD whose store is memory, on loopback, with cephx.
#   start_ceph DIRECTORY      the daemons; sets CEPH_CONF, which the clients look at
#   stop_ceph DIRECTORY       ends them

# The pids of the daemons, each in a file of its name.
ceph_daemon()
{
    local directory=$1 name=$2

    shift 2
    "$@" --foreground > "$directory/$name.log" 2>&1 3>&- &
    echo $! > "$directory/$name.pid"
}

write_ceph_conf()
{
    local directory=$1 port=$2 id=$3

    cat > "$directory/ceph.conf" <<- END
	[global]
	fsid = $id
	mon_host = [v2:127.0.0.1:$port,v1:127.0.0.1:$((port + 1))]
	public_addr = 127.0.0.1
	auth_cluster_required = cephx
	auth_service_required = cephx
	auth_client_required = cephx
	keyring = $directory/keyring
	run_dir = $directory
	admin_socket = $directory/\$name.asok
	log_file = $directory/\$name.ceph.log
	mon_data = $directory/mon
	mgr_data = $directory/mgr
	osd_data = $directory/osd
	osd_objectstore = memstore
	memstore_device_bytes = 1073741824
	osd_pool_default_size = 1
	osd_pool_default_min_size = 1
	osd_crush_chooseleaf_type = 0
	mon_allow_pool_size_one = true
	mon_warn_on_pool_no_redundancy = false
	END
}

start_ceph()
{
    local directory=$1 port id key osd

    id=$(cat /proc/sys/kernel/random/uuid)
    port=$(free_port)
    mkdir -p "$directory"/{mon,mgr,osd}
    write_ceph_conf "$directory" "$port" "$id"
    export CEPH_CONF=$directory/ceph.conf
    ceph-authtool --create-keyring "$directory/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' \
        --cap mgr 'allow *' --cap mds 'allow *'
    ceph-authtool "$directory/keyring" --gen-key -n mon. --cap mon 'allow *'
    monmaptool --create --addv a "[v2:127.0.0.1:$port,v1:127.0.0.1:$((port + 1))]" --fsid "$id" "$directory/monmap" > /dev/null
    ceph-mon --mkfs -i a --monmap "$directory/monmap" --keyring "$directory/keyring"
    ceph_daemon "$directory" mon ceph-mon -i a
    timeout 60 ceph auth get-or-create mgr.x mon 'allow profile mgr' osd 'allow *' > "$directory/mgr/keyring"
    ceph_daemon "$directory" mgr ceph-mgr -i x --keyring "$directory/mgr/keyring"
    key=$(ceph-authtool --gen-print-key)
    osd=$(cat /proc/sys/kernel/random/uuid)
    echo "{\"cephx_secret\": \"$key\"}" | timeout 60 ceph osd new "$osd" -i - > /dev/null
    ceph-authtool --create-keyring "$directory/osd/keyring" -n osd.0 --add-key "$key" --cap mon 'allow profile osd' --cap osd 'allow *'
    ceph-osd -i 0 --mkfs --osd-uuid "$osd" --keyring "$directory/osd/keyring"
    ceph_daemon "$directory" osd ceph-osd -i 0 --keyring "$directory/osd/keyring"
    timeout 120 ceph osd pool create vms 8 > /dev/null 2>&1
    timeout 60 rbd pool init vms
}

stop_ceph()
{
    local file pid

    for file in "$1"/*.pid; do
        [[ -e $file ]] || continue
        pid=$(cat "$file")
        kill -9 "$pid" || continue
        while kill -0 "$pid" 2> /dev/null; do sleep 0.05; done
    done
}
