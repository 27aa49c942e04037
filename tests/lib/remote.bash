# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Servers of images, for tests: each is ready when its function returns, and ends with the test.

# in_background COMMAND...: its pid is in `server`.
in_background()
{
    "$@" > "$TMPDIR/server.out" 2> "$TMPDIR/server.err" 3>&- &
    server=$!
    on_cleanup end_process "$server"
}

is_socket()
{
    [[ -S $1 ]]
}

# serve_nbd SOCKET IMAGE [OPTION...]: an export without a name.
serve_nbd()
{
    in_background qemu-nbd --read-only --persistent --shared=0 --socket="$1" "${@:3}" "$2"
    wait_until 30 is_socket "$1"
}

# serve_nbd_tcp IMAGE [OPTION...]: its port is in `port`.
serve_nbd_tcp()
{
    port=$(free_port)
    in_background qemu-nbd --read-only --persistent --shared=0 --bind=127.0.0.1 --port="$port" "${@:2}" "$1"
    wait_until 30 port_answers "$port"
}

# serve_nbdkit SOCKET ARGUMENT...
serve_nbdkit()
{
    in_background nbdkit --foreground --readonly --unix="$1" "${@:2}"
    wait_until 30 is_socket "$1"
}

# serve_script SOCKET ARGUMENT...: by nbdkit's eval plugin. It and what its scripts wait for end together, so that it removes
# the directory of its scripts, which is in /tmp.
serve_script()
{
    in_background setsid nbdkit --foreground --readonly --unix="$1" eval "${@:2}"
    on_cleanup end_group_softly "$server"
    wait_until 30 is_socket "$1"
}

end_group_softly() { group_has_ended "$1" || { kill -TERM -- -"$1"; wait_until 30 group_has_ended "$1"; }; }

# serve_web DIRECTORY [USER:PASSWORD]: its port is in `port`.
serve_web()
{
    in_background python3 "$TOP/tests/lib/web-server.py" "$@"
    wait_until 30 test -s "$TMPDIR/server.out"
    port=$(cat "$TMPDIR/server.out")
}

# serve_silence: takes connections on `port`, and says nothing.
serve_silence()
{
    in_background python3 -c 'if True:
        import socket, time
        s = socket.create_server(("127.0.0.1", 0))
        print(s.getsockname()[1], flush=True)
        time.sleep(1000)'
    wait_until 30 test -s "$TMPDIR/server.out"
    port=$(cat "$TMPDIR/server.out")
}

# No process listens there now, and the kernel does not give the port away so soon.
free_port()
{
    python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

port_answers()
{
    (: < "/dev/tcp/127.0.0.1/$1") 2> /dev/null
}
