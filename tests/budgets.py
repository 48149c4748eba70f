"""Checks the published binaries against their budgets of size and memory. No budget is a time.

Usage: budgets.py DIRECTORY, which `make dist` filled. The binary of aarch64 runs under qemu, where there is one.
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MIB = 1 << 20

# What a build may have: see CONTRIBUTING.md.
BINARY = 8 * MIB
BINARY_GZIPPED = int(3.2 * MIB)
MEMORY = 8 * MIB
MODULE = 256 * 1024
PACKAGES = 146


def job() -> dict[str, str]:
    """The environment of a job of the fixtures."""
    variables = json.loads((ROOT / "tests/fixtures/jobs/gitlab-18-deploy-on-main.json").read_text())
    variables.pop("CI_PROJECT_DIR")
    return variables


def peak_memory(binary: pathlib.Path) -> int:
    """Peak resident memory of one `render`, in bytes.

    Measured by GNU time: a child of this interpreter would begin with the interpreter's own peak.
    """
    command = ["/usr/bin/time", "-f", "%M", binary, "render", "deploy-finished"]
    run = subprocess.run(command, env=job(), check=True, capture_output=True, text=True)
    return int(run.stderr.splitlines()[-1]) * 1024


def main() -> None:
    dist = pathlib.Path(sys.argv[1])
    tree = subprocess.run(
        ["cargo", "tree", "--package", "runner", "--edges", "normal", "--prefix", "none", "--format", "{p}"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout
    packages = {line.replace(" (*)", "") for line in tree.splitlines()}
    x86_64, aarch64 = (dist / f"pipeline-notifier-{architecture}-linux" for architecture in ["x86_64", "aarch64"])
    checks = [("notifier.wasm, bytes", (dist / "notifier.wasm").stat().st_size, MODULE), ("peak memory of render, bytes", peak_memory(x86_64), MEMORY), ("packages", len(packages), PACKAGES)]
    for binary in [x86_64, aarch64]:
        checks.append((f"{binary.name}, bytes", binary.stat().st_size, BINARY))
        checks.append((f"{binary.name}.gz, bytes", binary.with_name(f"{binary.name}.gz").stat().st_size, BINARY_GZIPPED))
    failed = 0
    for name, value, budget in checks:
        failed += value > budget
        print(f"{'OVER' if value > budget else 'ok  '} {name}: {value:,} of {budget:,}")
    run = [[x86_64], ["qemu-aarch64", aarch64]]
    rendered = [subprocess.run([*command, "render", "deploy-finished"], env=job(), capture_output=True).stdout for command in run]
    same = rendered[0] == rendered[1] != b""
    failed += not same
    print("ok   both architectures render the same bytes" if same else "FAIL the architectures do not render the same bytes")
    print(f"{len(checks) + 1 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
