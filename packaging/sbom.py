#!/usr/bin/env python3
"""Prints what a program is made of, as CycloneDX 1.5 JSON.

    packaging/sbom.py PACKAGE

In: `cargo metadata --locked` for Linux. Out: the crates that are linked into PACKAGE, with version, licence, source and checksum.
Never: what builds or tests it only, a date, or anything else that differs from run to run.
"""
import json
import os
import subprocess
import sys
import tomllib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def checksums():
    with open(os.path.join(ROOT, "Cargo.lock"), "rb") as lock:
        packages = tomllib.load(lock)["package"]
    return {(p["name"], p["version"]): p.get("checksum") for p in packages}


def linked(nodes, start):
    """The ids of `start` and all that it links, by normal dependencies alone."""
    found, todo = set(), [start]
    while todo:
        one = todo.pop()
        if one in found:
            continue
        found.add(one)
        for dependency in nodes[one]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                todo.append(dependency["pkg"])
    return found


def component(package, sums):
    name, version = package["name"], package["version"]
    entry = {
        "type": "library",
        "bom-ref": f"pkg:cargo/{name}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:cargo/{name}@{version}",
    }
    if package.get("license"):
        entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = sums.get((name, version))
    if checksum:
        entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return entry


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    data, sums = metadata(), checksums()
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    start = next(i for i in data["workspace_members"] if packages[i]["name"] == sys.argv[1])
    inside = linked(nodes, start)
    ref = lambda i: f"pkg:cargo/{packages[i]['name']}@{packages[i]['version']}"
    main_component = component(packages[start], sums) | {"type": "application"}
    dependencies = [
        {"ref": ref(i), "dependsOn": sorted({ref(d["pkg"]) for d in nodes[i]["deps"] if d["pkg"] in inside})}
        for i in inside
    ]
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": main_component},
        "components": sorted((component(packages[i], sums) for i in inside if i != start), key=lambda c: c["purl"]),
        "dependencies": sorted(dependencies, key=lambda d: d["ref"]),
    }
    json.dump(bom, sys.stdout, indent=1, sort_keys=True)
    print()


main()
