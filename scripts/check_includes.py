#!/usr/bin/env python3
"""Holds the real #includes against the module graph declared in CMakeLists.txt.

Every file under src/eider/<module>/ may include headers of its own module and of the modules that its eider_module() line
names. A public header (include/eider/x.h) belongs to the module in PUBLIC_OWNER and may be included by whoever may use
that module. Surfaces (bindings, examples) include public headers only. Exits 1 and lists each violation.
"""

import pathlib
import re
import sys

# Public headers and the module that implements each.
PUBLIC_OWNER = {
    "error": "base",
    "export": "base",
    "buffer": "base",
    "stats": "base",
    "session": "base",
    "interrupt": "base",
    "refs": "table",
    "cleanup": "table",
    "array": "array",
    "arrow_c": "array",
    "schema": "schema",
    "scan_options": "query",
    "row_reader": "query",
    "aggregate": "reduce",
    "distinct": "reduce",
    "profile": "reduce",
    "blob": "schema",
    "write_options": "mutate",
    "compaction": "mutate",
    "deduplicate": "mutate",
    "substrait": "query",
    "conditions": "query",
    "file": "dataset",
    "file_store": "dataset",
    "file_metadata": "file",
    "dataset": "dataset",
    "loader": "loader",
    "merge_insert": "mutate",
    "schema_change": "mutate",
    "transaction": "dataset",
    "verify": "verify",
}
# Tests may reach further: a page test writes and reads, an interop helper opens files.
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])eider/([^>"]+)[>"]', re.M)


def declared_graph(root: pathlib.Path) -> dict[str, set[str]]:
    text = (root / "CMakeLists.txt").read_text()
    graph: dict[str, set[str]] = {}
    for line in re.findall(r"^eider_module\(([^)]*)\)", text, re.M):
        name, *used = line.split()
        late = [u for u in used if u not in graph]
        if late:
            sys.exit(f"CMakeLists.txt: module '{name}' uses {late}, declared later or never")
        graph[name] = set(used)
    return graph


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    graph = declared_graph(root)
    problems: list[str] = []
    checked = 0
    for path in sorted((root / "src" / "eider").rglob("*")):
        if path.suffix not in (".cc", ".h"):
            continue
        module = path.relative_to(root / "src" / "eider").parts[0]
        is_test = re.search(r"_(test|fuzz|benchmark)\.(cc|h)$", path.name) is not None or module == "testing"
        if module not in graph and module != "testing":
            problems.append(f"{path.relative_to(root)}: folder '{module}' has no eider_module() line")
            continue
        for _, target in INCLUDE.findall(path.read_text()):
            checked += 1
            parts = target.split("/")
            if len(parts) == 1:
                owner = PUBLIC_OWNER.get(parts[0].removesuffix(".h"))
                if owner is None:
                    problems.append(f"{path.relative_to(root)}: public header <eider/{target}> has no owner in {sys.argv[0]}")
                    continue
            else:
                owner = parts[0]
            if is_test or owner == module or owner in graph.get(module, set()):
                continue
            problems.append(f"{path.relative_to(root)}: '{module}' includes eider/{target}, but may not use '{owner}'")
    for folder in ("bindings", "examples"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".cc", ".h"):
                for _, target in INCLUDE.findall(path.read_text()):
                    checked += 1
                    if "/" in target:
                        problems.append(f"{path.relative_to(root)}: surfaces include public headers only, not eider/{target}")
    public = {p.stem for p in (root / "include" / "eider").glob("*.h")}
    for missing in sorted(public - PUBLIC_OWNER.keys()):
        problems.append(f"include/eider/{missing}.h has no owner in scripts/check_includes.py")
    for problem in problems:
        print(problem)
    print(f"{checked} includes checked against {len(graph)} modules, {len(problems)} problems")
    return 1 if problems or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
