"""Checks the published binary against its budgets of size and memory. No budget is a time.

Usage: budgets.py BINARY
"""

import gzip
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
PACKAGES = 145


def peak_memory(binary: str, *arguments: str) -> int:
    """Peak resident memory of one run in a job of the fixtures, in bytes.

    Measured by GNU time: a child of this interpreter would begin with the interpreter's own peak.
    """
    job = json.loads((ROOT / "tests/fixtures/jobs/gitlab-18-deploy-on-main.json").read_text())
    job.pop("CI_PROJECT_DIR")
    run = subprocess.run(["/usr/bin/time", "-f", "%M", binary, *arguments], env=job, check=True, capture_output=True, text=True)
    return int(run.stderr.splitlines()[-1]) * 1024


def main() -> None:
    binary = sys.argv[1]
    contents = pathlib.Path(binary).read_bytes()
    tree = subprocess.run(
        ["cargo", "tree", "--package", "runner", "--edges", "normal", "--prefix", "none", "--format", "{p}"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout
    packages = {line.replace(" (*)", "") for line in tree.splitlines()}
    failed = 0
    for name, value, budget in [
        ("binary, bytes", len(contents), BINARY),
        ("binary gzipped, bytes", len(gzip.compress(contents, 9)), BINARY_GZIPPED),
        ("peak memory of render, bytes", peak_memory(binary, "render", "deploy-finished"), MEMORY),
        ("packages", len(packages), PACKAGES),
    ]:
        over = value > budget
        failed += over
        print(f"{'OVER' if over else 'ok  '} {name}: {value:,} of {budget:,}")
    print(f"{4 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
