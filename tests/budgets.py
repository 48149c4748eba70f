"""Checks the published binaries against their budgets of size and memory. No budget is a time.

Usage: budgets.py DIRECTORY, which `make dist` filled. The binary of aarch64 runs under qemu, where there is one.
"""

import hashlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MIB = 1 << 20

# What a build may have: see CONTRIBUTING.md.
DOWNLOAD = int(1.5 * MIB)
BINARY = 8 * MIB
MODULE = 256 * 1024
MEMORY = 7 * MIB
MEMORY_COMPILING = 16 * MIB
PACKAGES = 146


def job() -> dict[str, str]:
    """The environment of a job of the fixtures."""
    variables = json.loads((ROOT / "tests/fixtures/jobs/gitlab-18-deploy-on-main.json").read_text())
    variables.pop("CI_PROJECT_DIR")
    return variables


def peak_memory(*command: str | pathlib.Path) -> int:
    """Peak resident memory of `render`, in bytes: the median of five runs, for where the system puts things differs.

    Measured by GNU time: a child of this interpreter would begin with the interpreter's own peak.
    """
    command = ["/usr/bin/time", "-f", "%M", command[0], "render", "deploy-finished", *command[1:]]
    runs = [subprocess.run(command, env=job(), check=True, capture_output=True, text=True).stderr for _ in range(5)]
    assert not any("warning" in said for said in runs), runs
    return int(statistics.median(int(said.splitlines()[-1]) for said in runs)) * 1024


def main() -> None:
    dist = pathlib.Path(sys.argv[1])
    tree = subprocess.run(
        ["cargo", "tree", "--package", "runner", "--edges", "normal", "--prefix", "none", "--format", "{p}"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout
    packages = {line.replace(" (*)", "") for line in tree.splitlines()}
    slim, full = ({machine: dist / f"pipeline-notifier-{build}{machine}-linux" for machine in ["x86_64", "aarch64"]} for build in ["", "full-"])
    with tempfile.NamedTemporaryFile(suffix=".wasm") as foreign:
        # The built-in module, and a section more: any other digest is compiled.
        foreign.write((dist / "notifier.wasm").read_bytes() + b"\0\x05\x04more")
        foreign.flush()
        digest = hashlib.sha256(pathlib.Path(foreign.name).read_bytes()).hexdigest()
        pinned = ["--module", foreign.name, "--module-sha256", digest]
        compiling = peak_memory(full["x86_64"], *pinned)
        refused = subprocess.run([slim["x86_64"], "render", "deploy-finished", *pinned], env=job(), capture_output=True, text=True)
    checks = [
        ("notifier.wasm, bytes", (dist / "notifier.wasm").stat().st_size, MODULE),
        ("peak memory of render, bytes", peak_memory(slim["x86_64"]), MEMORY),
        ("peak memory of render that compiles a module, bytes", compiling, MEMORY_COMPILING),
        ("packages", len(packages), PACKAGES),
    ]
    checks += [(f"{binary.name}.gz, bytes", binary.with_name(f"{binary.name}.gz").stat().st_size, DOWNLOAD) for binary in slim.values()]
    checks += [(f"{binary.name}, bytes", binary.stat().st_size, BINARY) for binary in full.values()]
    failed = 0
    for name, value, budget in checks:
        failed += value > budget
        print(f"{'OVER' if value > budget else 'ok  '} {name}: {value:,} of {budget:,}")
    run = [[binary] for binary in (slim["x86_64"], full["x86_64"])] + [["qemu-aarch64", binary] for binary in (slim["aarch64"], full["aarch64"])]
    rendered = {subprocess.run([*command, "render", "deploy-finished"], env=job(), capture_output=True).stdout for command in run}
    same = len(rendered) == 1 and b"" not in rendered
    failed += not same
    print("ok   every build renders the same bytes" if same else "FAIL the builds do not render the same bytes")
    own = refused.stdout.encode() in rendered and "this is the slim notifier" in refused.stderr
    failed += not own
    print("ok   the slim build renders with its own module, and says so" if own else f"FAIL the slim build and another module: {refused.stderr}")
    print(f"{len(checks) + 2 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
