#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Keys, and URIs with passwords, are in the memory of those processes that need them, and of no others.

load ../lib/helpers
load ../lib/remote

setup()
{
    requires_appliance
    requires nbdkit python3
    requires_root
    setup_test
    ! grep -q __asan_init "$BUILD/bin/virt-df-live" || skip "a sanitizer keeps what was freed"
}

# secrets_of PID: for it and each process below it its name, and which lines of the file `words` are in what it can write.
secrets_of()
{
    python3 - "$1" <<- 'EOF'
		import sys

		def has(pid, words):
		    found = set()
		    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
		        for line in maps:
		            addresses, mode = line.split()[:2]
		            start, end = (int(address, 16) for address in addresses.split("-"))
		            if mode == "rw-p":
		                memory.seek(start)
		                content = memory.read(end - start)
		                found |= {word for word in words if word.encode() in content}
		    return sorted(found)

		def show(pid, words):
		    with open(f"/proc/{pid}/comm") as file:
		        name = file.read().strip()
		    if not name.startswith("qemu"):
		        print(name, *has(pid, words))
		    with open(f"/proc/{pid}/task/{pid}/children") as file:
		        for child in file.read().split():
		            show(child, words)

		with open("words") as file:
		    show(int(sys.argv[1]), file.read().split())
	EOF
}

# The first guest has been answered for, by a worker that waits for another; each of the others has a process that connects
# and one that looks.
all_are_there()
{
    [[ $(ours nbdkit) && $(ours vlt-remote | wc -l) -eq 4 && $(ours vlt-worker | wc -l) -eq 1 ]] && grep -q ext4.img out
}

@test "a process has the secrets of its own guest, and one that hears a server has none" {
    printf '%s\n' aSecretKey aPassword aToken > words
    printf aSecretKey > key
    serve_silence
    mkfifo list
    start virt-df-live -P 1 --timeout 0 --key all:file:key --images-from list
    exec 8> list
    printf '%s\n' "$IMAGES/ext4.img" "nbd://127.0.0.1:$port/a" "http://me:aPassword@127.0.0.1:$port/b.img?aToken" >&8
    wait_until 60 all_are_there
    secrets_of "$pid" | sort > seen
    cat seen
    sed -i 's/^nbdkit .*/nbdkit/' seen
    assert_equal "$(uniq < seen)" "nbdkit
virt-df-live
virt-df-live aPassword aSecretKey aToken
vlt-remote
vlt-remote aPassword aToken
vlt-worker aSecretKey"
}
