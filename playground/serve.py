"""Serves a directory on this machine, on the first free port from 8080 on: python3 playground/serve.py DIRECTORY [PORT]."""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

FIRST = 8080
PORTS = 20


def serve(directory: str, first: int) -> int:
    handler = partial(SimpleHTTPRequestHandler, directory=directory)
    for port in range(first, first + PORTS):
        try:
            server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError:
            continue
        print(f"The playground is at http://127.0.0.1:{port}/ (Ctrl+C stops it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
        return 0
    last = first + PORTS - 1
    print(f"The ports {first} to {last} are busy; name a free one: make playground PORT=9000", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else FIRST))
