"""Checks what `release/build` built against its budgets of size and memory. No budget is a time.

Usage: budgets.py DIRECTORY. A build that is not there is not checked; the last line names it. The binaries of aarch64 run under qemu.
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

# CONTRIBUTING.md explains the budgets.
DOWNLOAD = int(1.6 * MIB)
BINARY = 8 * MIB
MODULE = 300 * 1024
MEMORY = 7 * MIB
MEMORY_COMPILING = 16 * MIB
PACKAGES = 146


def job() -> dict[str, str]:
    """Returns the environment of a job of the fixtures."""
    variables = json.loads((ROOT / "tests/fixtures/jobs/gitlab-18-deploy-on-main.json").read_text())
    variables.pop("CI_PROJECT_DIR")
    return variables


def peak_memory(*command: str | pathlib.Path) -> int:
    """Returns the peak resident memory of `render`, in bytes: the median of five runs, because the memory layout varies.

    GNU time measures it, because a child of this interpreter would begin with the interpreter's own peak.
    """
    command = ["/usr/bin/time", "-f", "%M", command[0], "render", "deploy-finished", *command[1:]]
    runs = [subprocess.run(command, env=job(), check=True, capture_output=True, text=True).stderr for _ in range(5)]
    assert not any("warning" in text for text in runs), runs
    return int(statistics.median(int(text.splitlines()[-1]) for text in runs)) * 1024


def render(binary: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    emulator = ["qemu-aarch64"] if "aarch64" in binary.name else []
    return subprocess.run([*emulator, binary, "render", "deploy-finished", *arguments], env=job(), capture_output=True, text=True)


def main() -> None:
    dist = pathlib.Path(sys.argv[1])
    tree = subprocess.run(
        ["cargo", "tree", "--package", "runner", "--edges", "normal", "--prefix", "none", "--format", "{p}"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout
    packages = {line.replace(" (*)", "") for line in tree.splitlines()}
    binaries = {build: dist / f"pipeline-notifier-{build}-linux" for build in ["x86_64", "full-x86_64", "aarch64", "full-aarch64"]}
    built = {build: binary for build, binary in binaries.items() if binary.exists()}
    module = (dist / "notifier.wasm").read_bytes()
    checks = [
        ("notifier.wasm, bytes", len(module), MODULE),
        ("packages", len(packages), PACKAGES),
        ("peak memory of render, bytes", peak_memory(built["x86_64"]), MEMORY),
    ]
    for build, binary in built.items():
        if build.startswith("full-"):
            checks.append((f"{binary.name}, bytes", binary.stat().st_size, BINARY))
        else:
            checks.append((f"{binary.name}.gz, bytes", binary.with_name(f"{binary.name}.gz").stat().st_size, DOWNLOAD))
    developed = subprocess.run(
        ["cargo", "run", "--quiet", "--package", "runner", "--", "module", "show"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    facts = [("a build of `cargo build` has the same module", hashlib.sha256(module).hexdigest() in developed)]
    # These runs follow at once, because a message shows the duration of the deployment.
    rendered = {render(binary).stdout for binary in built.values()}
    facts.append(("every build renders the same bytes", len(rendered) == 1 and "" not in rendered))
    with tempfile.NamedTemporaryFile(suffix=".wasm") as foreign:
        # An extra section changes the digest, and a module with another digest is compiled.
        foreign.write(module + b"\0\x05\x04more")
        foreign.flush()
        pinned = ["--module", foreign.name, "--module-sha256", hashlib.sha256(pathlib.Path(foreign.name).read_bytes()).hexdigest()]
        refused = render(built["x86_64"], *pinned)
        is_reported = refused.stdout in rendered and "this is the slim notifier" in refused.stderr
        facts.append(("the slim build renders with its own module where another is named, and says so", is_reported))
        if "full-x86_64" in built:
            checks.append(("peak memory of render that compiles a module, bytes", peak_memory(built["full-x86_64"], *pinned), MEMORY_COMPILING))
    for name, value, budget in checks:
        print(f"{'OVER' if value > budget else 'ok  '} {name}: {value:,} of {budget:,}")
    for name, holds in facts:
        print(f"{'ok  ' if holds else 'FAIL'} {name}")
    failed = sum(value > budget for _, value, budget in checks) + sum(not holds for _, holds in facts)
    skipped = "".join(f"; not built here: {build}" for build in binaries.keys() - built.keys())
    print(f"{len(checks) + len(facts) - failed} passed, {failed} failed{skipped}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
