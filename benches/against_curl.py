"""Compares `send` on the built-in module with the same POST by curl, in one run against one loopback server; and `send` that asks a
GitLab, on the same server, for what the POST does not say.

Usage: against_curl.py BINARY [RUNS]
"""

import http.server
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"[]"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def once(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU time of one run, in milliseconds."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0) for fd in (1, 2)]
    begun = time.perf_counter()
    pid = os.posix_spawn(arguments[0], arguments, environment, file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    assert status == 0, arguments
    return (time.perf_counter() - begun) * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def main() -> None:
    binary, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/services/T0/B0/x"
    job = json.loads((ROOT / "tests/fixtures/jobs/gitlab-18-deploy-on-main.json").read_text())
    # Where a message is written down before it is sent, as in a job; and one place to send it to.
    job["CI_PROJECT_DIR"] = tempfile.mkdtemp()
    for other in ["SLACK_BOT_TOKEN", "SLACK_OPS_WEBHOOK_URL", "NOTIFIER_GITLAB_TOKEN"]:
        job.pop(other)
    # curl asks no GitLab either.
    host = f"http://127.0.0.1:{server.server_port}"
    gitlab = {"CI_SERVER_URL": host, "CI_API_V4_URL": f"{host}/api/v4"}
    job.pop("CI_API_V4_URL")
    body = subprocess.run([binary, "render", "deploy-finished"], env=job, check=True, capture_output=True, text=True).stdout
    contenders = {
        "curl": (["/usr/bin/curl", "-sS", "-H", "Content-Type: application/json", "-d", body, url], {}),
        "send": ([binary, "send", "deploy-finished", "--strict"], job | {"SLACK_WEBHOOK_URL": url}),
        "asking": ([binary, "send", "deploy-finished", "--strict"], job | gitlab | {"SLACK_WEBHOOK_URL": url}),
        "render": ([binary, "render", "deploy-finished"], job),
    }
    times = {name: [] for name in contenders}
    for _ in range(runs):  # by turns, so that a busy moment of the machine hits all of them
        for name, (arguments, environment) in contenders.items():
            times[name].append(once(arguments, environment))
    median = {name: [statistics.median(kind) for kind in zip(*taken)] for name, taken in times.items()}
    print(f"{'':8}{'wall ms':>10}{'CPU ms':>10}{'of curl: wall':>16}{'CPU':>8}")
    for name, (wall, cpu) in median.items():
        print(f"{name:8}{wall:10.2f}{cpu:10.2f}{wall / median['curl'][0]:16.2f}{cpu / median['curl'][1]:8.2f}")


if __name__ == "__main__":
    main()
