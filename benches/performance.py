"""Measures the numbers of docs/performance.md and writes them there: performance.py DIST [ROUNDS]. `make dist` builds DIST.

The contenders take turns, round after round, so that a busy moment of the machine hits all of them. The tables show medians, and the
median of each round's ratio. One loopback server, in its own process, is Slack, GitLab and the registry.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import typing

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "benches" / "peers"
MIB = 1 << 20

Environment = dict[str, str]
SHELLS = {"dash": ["/usr/bin/dash"], "busybox ash": ["/usr/bin/busybox", "ash"], "bash": ["/usr/bin/bash"]}


class Bench:
    """A scratch folder with everything that runs, and the server."""

    def __init__(self, dist: pathlib.Path, scratch: pathlib.Path):
        self.dist, self.scratch = dist, scratch
        machine = platform.machine()
        self.slim, self.full = dist / f"pipeline-notifier-{machine}-linux", dist / f"pipeline-notifier-full-{machine}-linux"
        self.served = self.folder("served")
        for packed in dist.glob("*.gz"):
            shutil.copy(packed, self.served)
        self.authority = self.certificate()
        self.server = subprocess.Popen(
            [sys.executable, ROOT / "benches" / "server.py", self.served, scratch / "own.pem", scratch / "own.key"], stdout=subprocess.PIPE, text=True
        )
        plain, secure = self.server.stdout.readline().split()
        self.http, self.https = f"http://127.0.0.1:{plain}", f"https://localhost:{secure}"
        self.numbers = iter(range(1, 1 << 30))
        self.scripts, self.applets, self.image = hook_scripts(self), applets(self), self.folder("image")
        # Images should have the full notifier.
        shutil.copy(self.full, self.image / "pipeline-notifier")
        (scratch / "webhook.sh").write_text(f"exec node {PEERS / 'webhook.mjs'}")

    def folder(self, name: str) -> pathlib.Path:
        (self.scratch / name).mkdir()
        return self.scratch / name

    def certificate(self) -> pathlib.Path:
        """Creates our own authority and its certificate for localhost. Returns the machine's authorities with ours, as a job on a
        private network has them."""
        make = lambda *arguments: subprocess.run(["openssl", *arguments], cwd=self.scratch, check=True, capture_output=True)
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"]
        make("req", "-x509", *key, "authority.key", "-out", "authority.pem", "-days", "2", "-subj", "/CN=authority of the benches")
        make("req", *key, "own.key", "-out", "own.csr", "-subj", "/CN=localhost")
        (self.scratch / "own.ext").write_text("subjectAltName=DNS:localhost\n")
        make("x509", "-req", "-in", "own.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-days", "2", "-extfile", "own.ext", "-out", "own.pem")
        bundle = self.scratch / "authorities.pem"
        bundle.write_bytes(pathlib.Path("/etc/ssl/certs/ca-certificates.crt").read_bytes() + (self.scratch / "authority.pem").read_bytes())
        return bundle

    def job(self, origin: str = "", **changed: str) -> Environment:
        """Returns the environment of a deploy job from the fixtures, with its own number. The job can reach only the server, on http or
        at another `origin` of it."""
        job = json.loads((ROOT / "tests/fixtures/jobs/gitlab-18-deploy-on-main.json").read_text())
        for other in ["SLACK_BOT_TOKEN", "SLACK_OPS_WEBHOOK_URL", "NOTIFIER_GITLAB_TOKEN", "CI_API_V4_URL"]:
            job.pop(other)
        number = str(next(self.numbers))
        checkout, temporary = self.scratch / "checkout", self.scratch / "temporary"
        checkout.mkdir(exist_ok=True)
        temporary.mkdir(exist_ok=True)
        origin = origin or self.http
        own = {
            "CI_JOB_ID": number, "CI_PROJECT_DIR": str(checkout), "TMPDIR": str(temporary), "SLACK_WEBHOOK_URL": f"{origin}/services/T0/B0/x",
            "NOTIFIER_PACKAGE_URL": f"{origin}/packages", "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
        # curl and the notifier, Node and Python each have a variable for the authorities.
        own |= dict.fromkeys(["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"], str(self.authority)) if origin == self.https else {}
        return job | own | changed

    def gitlab(self, below: str = "") -> Environment:
        return {"CI_SERVER_URL": self.http + below, "CI_API_V4_URL": f"{self.http}{below}/api/v4", "CI_PIPELINE_ID": "90810"}


def once(command: list, environment: Environment) -> tuple[float, float]:
    """Returns wall and CPU time of one run, in milliseconds. Everything that it starts is included."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0) for fd in (1, 2)]
    command = [str(it) for it in command]
    begun = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, environment, file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    taken = (time.perf_counter() - begun) * 1000
    assert status == 0, command
    return taken, (usage.ru_utime + usage.ru_stime) * 1000


def peak_memory(command: list, environment: Environment) -> int:
    """Returns peak resident memory in bytes, by GNU time: a child of this interpreter would begin with the interpreter's own peak."""
    timed = subprocess.run(["/usr/bin/time", "-f", "%M", *command], env=environment, check=True, capture_output=True, text=True)
    return int(timed.stderr.splitlines()[-1]) * 1024


def by_turns(rounds: int, contenders: dict[str, typing.Callable[[], tuple[float, float]]]) -> dict[str, list[tuple[float, float]]]:
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, contender in contenders.items():
            times = contender()
            if number > 0:  # the first round warms up
                taken[name].append(times)
    return taken


def ratio(mine: list[tuple[float, float]], peer: list[tuple[float, float]], of: int = 0) -> float:
    return statistics.median(a[of] / b[of] for a, b in zip(mine, peer))


def median(taken: list[tuple[float, float]], of: int = 0) -> float:
    return statistics.median(it[of] for it in taken)


def sizes(bench: Bench) -> list[list[str]]:
    kib = lambda path: f"{path.stat().st_size / 1024:,.0f} KiB"
    rows = [["module", "모듈", kib(bench.dist / "notifier.wasm")]]
    for build, korean in [("x86_64", "x86_64"), ("aarch64", "aarch64"), ("full-x86_64", "x86_64, 전체 빌드"), ("full-aarch64", "aarch64, 전체 빌드")]:
        binary = bench.dist / f"pipeline-notifier-{build}-linux"
        english = build.replace("full-", "the full notifier, ")
        rows.append([f"{english}: downloaded", f"{korean}: 다운로드", kib(binary.with_name(f"{binary.name}.gz"))])
        rows.append([f"{english}: unpacked", f"{korean}: 압축 해제", kib(binary)])
    return rows


def hook_scripts(bench: Bench) -> dict[str, pathlib.Path]:
    """Returns the scripts of a job's two shells, as GitLab builds them from the template that pins these artefacts."""
    pins = bench.scratch / "pins"
    pins.write_text(subprocess.run([ROOT / "release/pin", bench.dist], check=True, capture_output=True, text=True).stdout)
    template = subprocess.run([ROOT / "release/render", pins], check=True, capture_output=True, text=True).stdout
    block = re.search(r"^\.pipeline-notifier:\n  script:\n    - \|\n((?:      .*\n|\n)+)", template, re.MULTILINE)[1]
    function = re.sub(r"\$\[\[ inputs\.\w+ \]\]", "", re.sub(r"^      ", "", block, flags=re.MULTILINE))
    scripts = {}
    for event in ["deploy-started", "deploy-finished"]:
        scripts[event] = bench.scratch / f"{event}.sh"
        scripts[event].write_text(f"set -e\n{function}\npipeline_notifier send {event} || true\n")
    return scripts


def applets(bench: Bench) -> str:
    """Returns a PATH with busybox' own tools, and with the tools that a pure busybox image lacks."""
    folder = bench.folder("busybox")
    for applet in subprocess.run(["busybox", "--list"], check=True, capture_output=True, text=True).stdout.split():
        (folder / applet).symlink_to("/usr/bin/busybox")
    (folder / "wget").unlink()
    for tool in ["curl", "jq", "node"]:
        (folder / tool).symlink_to(shutil.which(tool))
    return str(folder)


def hooks(bench: Bench, rounds: int, origin: str) -> list[list[str]]:
    labels = {
        "both": ("both hooks, download included", "두 훅, 다운로드 포함"),
        "second": ("the second hook of these", "그중 두 번째 훅"),
        "in PATH": ("both hooks, the full notifier in `PATH`", "두 훅, 전체 빌드가 `PATH`에 있음"),
        "curl and jq": ("sh + curl + jq, two messages", "sh + curl + jq, 메시지 두 개"),
        "webhook": ("`@slack/webhook` 8.0.2, two messages", "`@slack/webhook` 8.0.2, 메시지 두 개"),
        "apprise": ("apprise 2.3.0, two messages", "apprise 2.3.0, 메시지 두 개"),
    }
    columns: dict[str, dict[str, str]] = {name: {} for name in labels}
    for shell, command in SHELLS.items():
        path = bench.applets if shell == "busybox ash" else "/usr/local/bin:/usr/bin:/bin"
        path += f":{pathlib.Path(sys.executable).parent}"
        second: list[tuple[float, float]] = []

        def both(prefix: str = "", keep: list | None = None) -> tuple[float, float]:
            job = bench.job(origin, PATH=prefix + path)
            job.pop("CI_JOB_STATUS")
            first = once([*command, bench.scripts["deploy-started"]], job)
            last = once([*command, bench.scripts["deploy-finished"]], job | {"CI_JOB_STATUS": "success"})
            if keep is not None:
                keep.append(last)
            return first[0] + last[0], first[1] + last[1]

        def twice(script: pathlib.Path) -> tuple[float, float]:
            job = bench.job(origin, PATH=path)
            first, last = (once([*command, script], job) for _ in range(2))
            return first[0] + last[0], first[1] + last[1]

        taken = by_turns(rounds, {
            "curl and jq": lambda: twice(PEERS / "curl_and_jq.sh"),
            "both": lambda: both(keep=second),
            "in PATH": lambda: both(f"{bench.image}:"),
            "webhook": lambda: twice(bench.scratch / "webhook.sh"),
            "apprise": lambda: twice(PEERS / "apprise.sh"),
        })
        taken["second"] = second[1:]
        for name, times in taken.items():
            columns[name][shell] = f"{median(times):.0f} ms, {ratio(times, taken['curl and jq']):.2f}"
    return [[*labels[name], *(cells[shell] for shell in SHELLS)] for name, cells in columns.items()]


def calls(bench: Bench, rounds: int) -> list[list[str]]:
    """Compares `send`, `render` and their parts with curl and the same body."""
    foreign = bench.scratch / "foreign.wasm"
    # The built-in module with one more section: a module with any other digest is compiled in the run.
    foreign.write_bytes((bench.dist / "notifier.wasm").read_bytes() + b"\0\x05\x04more")
    pinned = ["--module", foreign, "--module-sha256", hashlib.sha256(foreign.read_bytes()).hexdigest()]
    send, render = ["send", "deploy-finished", "--strict"], ["render", "deploy-finished"]
    secure = {"SLACK_WEBHOOK_URL": f"{bench.https}/services/T0/B0/x", "SSL_CERT_FILE": str(bench.authority)}
    body = subprocess.run([bench.slim, *render], env=bench.job(), check=True, capture_output=True, text=True).stdout
    curl = ["/usr/bin/curl", "-sS", "-H", "Content-Type: application/json", "-d", body]
    listed = {
        "curl": (("the POST by curl, http", "curl의 POST, http"), [*curl, f"{bench.http}/services/T0/B0/x"], {}),
        "send": (("`send`, http", "`send`, http"), [bench.slim, *send], {}),
        "curl, https": (("the POST by curl, https", "curl의 POST, https"), [*curl, "--cacert", bench.authority, secure["SLACK_WEBHOOK_URL"]], {}),
        "send, https": (("`send`, https", "`send`, https"), [bench.slim, *send], secure),
        "asking": (("`send` with a request to GitLab too, http", "GitLab에도 요청하는 `send`, http"), [bench.slim, *send], bench.gitlab()),
        "render": (("`render`", "`render`"), [bench.slim, *render], {}),
        "pinned": (("`render` with a module of one's own, compiled", "자체 모듈을 컴파일하는 `render`"), [bench.full, *render, *pinned], {}),
    }
    taken = by_turns(rounds, {name: lambda it=it: once(it[1], bench.job(**it[2])) for name, it in listed.items()})
    rows = []
    for name, ((english, korean), command, changed) in listed.items():
        peer = taken["curl, https" if "https" in name else "curl"]
        memory = peak_memory(command, bench.job(**changed)) / MIB
        numbers = [f"{median(taken[name]):.1f} ms", f"{ratio(taken[name], peer):.2f}", f"{ratio(taken[name], peer, 1):.2f}", f"{memory:.1f} MiB"]
        rows.append([english, korean, *numbers])
    return rows


# The budget of memory while a log is read, in MiB (CONTRIBUTING.md).
MAX_MEMORY_OF_LOG = 16


def growth(bench: Bench, rounds: int) -> list[list[str]]:
    """Measures the growth of a call with its input."""
    closing = ["send", "pipeline-finished", "--result", "failed", "--strict"]
    send = ["send", "deploy-finished", "--strict"]
    mapping = lambda count: ",".join(f"release/{n}-*=stage-{n}@cluster-{n}" for n in range(count))
    many = lambda count: {f"TEAM_VARIABLE_{n}": f"value {n}" for n in range(count)}
    compared = lambda count: bench.gitlab(f"/message/{count}") | {"NOTIFIER_GITLAB_TOKEN": "glpat-not-a-real-token"}
    cases: list[tuple[str, str, list, Environment]] = []
    cases += [(f"failed jobs: {n:,}", f"실패한 작업: {n:,}", closing, bench.gitlab(f"/jobs/{n}") | {"CI_JOB_ID": "730000", "CI_JOB_NAME": "notify-finish", "CI_JOB_STAGE": ".post"}) for n in [1, 10, 100, 2000]]
    cases += [(f"a commit message of {name}", f"커밋 메시지 {name}", send, {"CI_COMMIT_MESSAGE": "x" * n, "CI_COMMIT_TITLE": "x" * n}) for n, name in [(1, "1 B"), (60_000, "60 kB")]]
    cases += [(f"a commit message of {name}, from GitLab's API", f"GitLab API에서 온 커밋 메시지 {name}", send, compared(n)) for n, name in [(1, "1 B"), (1_000_000, "1 MB")]]
    logged = lambda size: bench.gitlab(f"/jobs/1/log/{size}") | {"CI_JOB_ID": "730000", "NOTIFIER_GITLAB_TOKEN": "glpat-not-a-real-token", "NOTIFIER_LOG_LINES": "20"}
    cases += [(f"a log of {name}, with `log_lines: 20`", f"로그 {name}, `log_lines: 20`", closing, logged(n)) for n, name in [(1_000, "1 kB"), (60_000_000, "60 MB")]]
    cases += [(f"entries of `environments`: {n}", f"`environments` 항목: {n}", send, {"NOTIFIER_ENVIRONMENTS": mapping(n)}) for n in [1, 50, 500]]
    cases += [(f"more variables: {n:,}", f"추가 변수: {n:,}", send, many(n)) for n in [100, 10_000]]
    taken = by_turns(rounds, {english: lambda command=command, changed=changed: once([bench.slim, *command], bench.job(**changed)) for english, _, command, changed in cases})
    rows = []
    for english, korean, command, changed in cases:
        memory = peak_memory([bench.slim, *command], bench.job(**changed)) / MIB
        assert "log" not in english or memory <= MAX_MEMORY_OF_LOG, (english, memory)
        posted = (bench.served / "posted").stat().st_size
        rows.append([english, korean, f"{median(taken[english]):.1f} ms", f"{memory:.1f} MiB", f"{posted:,} B"])
    return rows


def machine() -> tuple[str, str]:
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    name = f"{model[1] if model else platform.machine()}, Linux {platform.release().partition('-')[0]}"
    return f"Measured on {os.cpu_count()} cores of {name}.\n", f"측정한 기계: {name}, 코어 {os.cpu_count()}개.\n"


def table(rows: list[list[str]], head: list[str], language: int) -> str:
    lines = [head, ["---"] * len(head), *([row[language], *row[2:]] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines).replace("| --- | --- |", "|---|---|").replace("--- |", "---|")


def write(name: str, english: str, korean: str) -> None:
    for page, text in [("docs/performance.md", english), ("docs/ko/performance.md", korean)]:
        path = ROOT / page
        part = re.compile(f"<!-- generated: {name} -->\n.*?<!-- end -->", re.DOTALL)
        replaced, count = part.subn(lambda _: f"<!-- generated: {name} -->\n{text}<!-- end -->", path.read_text())
        assert count == 1, (page, name)
        path.write_text(replaced)


def main() -> None:
    dist, rounds = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 40
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        bench = Bench(dist, pathlib.Path(scratch))
        stack.callback(bench.server.kill)
        for name, head, korean_head, measure in [
            ("sizes", ["file", "size"], ["파일", "크기"], lambda: sizes(bench)),
            ("hooks", ["", *SHELLS], ["", *SHELLS], lambda: hooks(bench, rounds, bench.https)),
            ("hooks by http", ["", *SHELLS], ["", *SHELLS], lambda: hooks(bench, rounds, bench.http)),
            ("calls", ["", "wall", "of curl: wall", "of curl: CPU", "peak memory"], ["", "시간", "curl 대비 시간", "curl 대비 CPU", "최대 메모리"], lambda: calls(bench, 2 * rounds)),
            ("growth", ["", "wall", "peak memory", "posted"], ["", "시간", "최대 메모리", "보낸 크기"], lambda: growth(bench, max(rounds // 4, 3))),
        ]:
            rows = measure()
            english, korean = table(rows, head, 0), table(rows, korean_head, 1)
            print(english, flush=True)
            write(name, english, korean)
    write("machine", *machine())


if __name__ == "__main__":
    main()
