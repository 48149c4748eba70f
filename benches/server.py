"""A loopback server for the benches, in its own process: Slack, GitLab and a package registry, on http and https.

Usage: server.py FOLDER CERTIFICATE KEY. It prints its two ports. It serves files of FOLDER by their names, and answers every POST with
Slack's `ok`. Below `/jobs/N/` it is a GitLab whose pipelines have N failed jobs. Below `/jobs/1/log/N/` the log of a job has N bytes.
Below `/message/N/` its commit messages have N characters.
"""

import http.server
import json
import pathlib
import re
import ssl
import sys
import threading
import urllib.parse


# The job that asks. A list of jobs without it does not count.
ASKING = 730_000


def job(number: int, name: str, host: str, **changed: str) -> dict:
    """Returns a job, as https://docs.gitlab.com/api/jobs/ shows it."""
    return {
        "id": number, "name": name, "stage": "test", "status": "failed", "allow_failure": False, "failure_reason": "script_failure",
        "web_url": f"http://{host}/shop/shop-api/-/jobs/{number}", "pipeline": {"id": 90_810}, "created_at": "2026-11-20T00:00:00Z",
    } | changed


def jobs(count: int, page: int, size: int, host: str) -> list[dict]:
    """Returns a page of jobs, the newest first: the job that asks, and failed jobs."""
    listed = range((page - 1) * size, min(count + 1, page * size))
    return [job(ASKING - n, f"test {n}", host) if n else job(ASKING, "notify-finish", host, stage=".post", status="running") for n in listed]


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Send one packet for each answer, at once.
    disable_nagle_algorithm = True
    wbufsize = -1
    folder = pathlib.Path()

    def answer(self, body: bytes, headers: dict[str, str] = {}) -> None:
        self.send_response(200)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        page, size = int(asked.get("page", 1)), int(asked.get("per_page", 20))
        file = self.folder / path.rsplit("/", 1)[1]
        if failed := re.match(r"/jobs/(\d+)/.*/jobs$", path):
            rest = page * size < int(failed[1]) + 1
            self.answer(json.dumps(jobs(int(failed[1]), page, size, self.headers["Host"])).encode(), {"X-Next-Page": str(page + 1) if rest else ""})
        elif long := re.match(r"/message/(\d+)/.*/(deployments|repository/compare)$", path):
            text = "x" * int(long[1])
            deployment = {"id": 1, "status": "success", "sha": "0" * 40, "environment": {"name": "review/main"}, "deployable": {"id": 1, "pipeline": {"id": 1}}}
            commit = {"id": "1" * 40, "short_id": "1" * 8, "title": text, "message": text, "author_name": "Kim Minsu"}
            self.answer(json.dumps([deployment] if long[2] == "deployments" else {"commits": [commit], "diffs": []}).encode())
        elif log := re.match(r"/jobs/1/log/(\d+)/.*/trace$", path):
            self.answer(b"a line of a log, as any tool writes it\n" * (int(log[1]) // 39))
        elif file.is_file():
            self.answer(file.read_bytes())
        else:
            self.answer(b"[]")

    def do_POST(self) -> None:
        size = self.rfile.read(int(self.headers["Content-Length"]))
        (self.folder / "posted").write_bytes(size)
        self.answer(b"ok")

    def log_message(self, *_) -> None:
        pass


def main() -> None:
    Server.folder = pathlib.Path(sys.argv[1])
    plain, secure = (http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) for _ in range(2))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=secure.serve_forever, daemon=True).start()
    print(plain.server_port, secure.server_port, flush=True)
    plain.serve_forever()


if __name__ == "__main__":
    main()
