#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# web-server.py DIRECTORY [USER:PASSWORD]: serves files with ranges, which python's own server does
# not know, on a port of 127.0.0.1 that it prints. A path that begins with /redirect/ leads to the
# rest of it.
import base64
import http.server
import os
import re
import sys
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def refuse(self, code, headers=()):
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def permitted(self):
        return not USER or self.headers.get("Authorization") == "Basic " + USER

    def answer(self, body):
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if not self.permitted():
            return self.refuse(401, [("WWW-Authenticate", 'Basic realm="x"')])
        if path.startswith("/redirect/"):
            return self.refuse(302, [("Location", path[len("/redirect/"):])])
        try:
            file = open(os.path.join(DIRECTORY, path.lstrip("/")), "rb")
        except OSError:
            return self.refuse(404)
        with file:
            size = os.fstat(file.fileno()).st_size
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            first, last = (int(wanted[1]), min(int(wanted[2]), size - 1)) if wanted else (0, size - 1)
            self.send_response(206 if wanted else 200)
            self.send_header("Accept-Ranges", "bytes")
            if wanted:
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.send_header("Content-Length", str(last - first + 1))
            self.end_headers()
            if body:
                file.seek(first)
                self.wfile.write(file.read(last - first + 1))

    def do_GET(self):
        self.answer(True)

    def do_HEAD(self):
        self.answer(False)

    def log_message(self, *arguments):
        pass


DIRECTORY = sys.argv[1]
USER = base64.b64encode(sys.argv[2].encode()).decode() if len(sys.argv) > 2 else ""
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
