"""Prints the bill of materials of the binary, in CycloneDX 1.6: every package that is linked into it or into the module.

It lists the packages that cargo resolves for the published targets, without those only for builds or tests. The same source gives
the same bytes.
"""

import json
import pathlib
import subprocess
import tomllib

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGETS = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"]


def tree(package: str, target: str) -> set[str]:
    """Returns the packages that are linked into one of ours, as `name version`."""
    printed = subprocess.run(
        ["cargo", "tree", "--locked", "--package", package, "--edges", "normal", "--target", target, "--prefix", "none", "--format", "{p}"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout
    return {" ".join(line.replace(" v", " ").split()[:2]) for line in printed.splitlines()}


def checksums() -> dict[str, str]:
    """Returns the SHA-256 of each registry package from Cargo.lock, by `name version`."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {f"{it['name']} {it['version']}": it["checksum"] for it in lock["package"] if "checksum" in it}


def main() -> None:
    linked = set().union(*(tree("runner", target) for target in TARGETS), tree("notifier-wasm", "wasm32-wasip1"))
    printed = subprocess.run(["cargo", "metadata", "--locked", "--format-version", "1"], cwd=ROOT, check=True, capture_output=True, text=True)
    metadata = json.loads(printed.stdout)
    checksum = checksums()
    components = {}
    for package in metadata["packages"]:
        key = f"{package['name']} {package['version']}"
        if key in linked:
            components[package["id"]] = Component(
                name=package["name"],
                version=package["version"],
                type=ComponentType.LIBRARY,
                bom_ref=key.replace(" ", "@"),
                purl=PackageURL(type="cargo", name=package["name"], version=package["version"]) if package["source"] else None,
                licenses=[LicenseFactory().make_from_string(package["license"].replace("/", " OR "))],
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=checksum[key])] if key in checksum else [],
            )
    binary = next(it for it in components.values() if it.name == "runner")
    binary.name, binary.type = "pipeline-notifier", ComponentType.APPLICATION
    bom = Bom(components=[it for it in components.values() if it is not binary], metadata=BomMetaData(component=binary))
    for node in metadata["resolve"]["nodes"]:
        if node["id"] in components:
            kinds = {dep["pkg"]: {kind["kind"] for kind in dep["dep_kinds"]} for dep in node["deps"]}
            bom.register_dependency(components[node["id"]], [components[id] for id in kinds if None in kinds[id] and id in components])
    # cargo does not list the built-in module as a dependency, because the build script builds it.
    module = next(it for it in components.values() if it.name == "notifier-wasm")
    bom.register_dependency(binary, [module])
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    # A random number or the time would change the bytes of the same source.
    del document["serialNumber"], document["metadata"]["timestamp"]
    print(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))


if __name__ == "__main__":
    main()
