#!/usr/bin/env python3
"""Writes docs/status.md from core/ops.def, the sources that cite the spec labels, and what the program says of
itself, or with --check compares it.

usage: make_status_page.py ISOTRACE SOURCE_DIR [--check]
"""
import json
import pathlib
import re
import subprocess
import sys

HEAD = """# Status of every operation

Made by `tools/dev/make_status_page.py` from `core/ops.def`, from the files that cite each label, and from
`isotrace backends --matrix` and `--operations`; a test keeps it equal. Element types that are not listed are refused.

## Operations of a program

`cpu` lists the types with SIMD kernels; the rest of its work is done by the reference loop, openly. `cuda, hip` lists the
types with kernels for devices, which are tested on the host and **have not run on a device yet**: no GPU could be had, so
no trace of a real one is among the fixtures, and no disassembler has read their machine code. These backends refuse no
pair of operation and type that the reference has. They leave changes of
shape (Reshape and the like, EyeLike, Range), sequences, and what finds as many elements as there are (NonZero, Unique,
NonMaxSuppression) to the host: their cells are empty. Opsets are those of the ONNX operation of the same name; a dash: only other ONNX operations lead to it. Operations
without types are executed by the executor, step by step, on any backend.

| operation | opsets | element types (reference) | cpu (SIMD) | cuda, hip | spec | reference | test |
|---|---|---|---|---|---|---|---|
"""

LOWERED = """
## ONNX operations that become others

The importer writes these as the operations above. `ai.onnx.ml` counts operator sets of its own.

| operation | opsets |
|---|---|
"""


def ask(program, *arguments):
    return json.loads(subprocess.run([program, *arguments, "--json"], check=True, capture_output=True).stdout)


def citations(source, patterns):
    """Spec label -> the first file that cites it, as a link from docs/."""
    found = {}
    for path in sorted(path for pattern in patterns for path in source.glob(pattern)):
        for label in re.findall(r"\[([a-z]+\.[a-z0-9_]+)\]", path.read_text(encoding="utf-8")):
            found.setdefault(label, f"[{path.stem}](../{path.relative_to(source)})")
    return found


def spec_pages(source):
    pages = {}
    for path in sorted(source.glob("docs/spec/*.md")):
        for line in re.findall(r"^#+ .*$", path.read_text(encoding="utf-8"), re.M):
            for label in re.findall(r"[a-z]+\.[a-z0-9_]+", line):
                pages.setdefault(label, f"[{label}](spec/{path.name})")
    return pages


def make_page(program, source):
    rows = re.findall(r'^ISOTRACE_(?:OP|CONTROL)\(\d+, \w+, "(\w+)",.*?"([a-z]+\.[a-z0-9_]+)"\)$',
                      (source / "core/ops.def").read_text(), re.M)
    matrix = {b["name"]: b["matrix"] for b in ask(program, "backends", "--matrix")["backends"]}
    opsets = {o["operation"]: f"{max(1 if '.' in o['operation'] else 7, o['opset_min'])}-{o['opset_max']}"
              for o in ask(program, "backends", "--operations")["operations"]}
    specs = spec_pages(source)
    code = citations(source, ["reference/**/*.cpp", "executor/**/*.cpp"])
    tests = citations(source, ["tests/reference/**/*.cpp", "tests/executor/**/*.cpp"])

    def dtypes(backend, operation, support):
        return " ".join(e["dtype"] for e in matrix[backend]
                        if e["operation"] == operation and e["support"] in support)

    def device_dtypes(operation):
        found, everything = dtypes("cuda", operation, ("device",)), dtypes("reference", operation, ("reference_loop",))
        return "all" if found and found == everything else found

    lines = [f"| {name} | {opsets.get(name, '-')} | {dtypes('reference', name, ('reference_loop',))} | "
             f"{dtypes('cpu', name, ('simd',))} | {device_dtypes(name)} | {specs.get(label, '')} | {code.get(label, '')} | {tests.get(label, '')} |"
             for name, label in rows]
    lowered = [f"| {name} | {opset} |" for name, opset in opsets.items() if name not in {row[0] for row in rows}]
    return (HEAD + "\n".join(lines) + "\n" + LOWERED + "\n".join(lowered) +
            f"\n\n{len(rows)} operations of programs, {len(opsets)} of ONNX.\n")


def main():
    program, source = sys.argv[1], pathlib.Path(sys.argv[2])
    text = make_page(program, source)
    target = source / "docs/status.md"
    if "--check" not in sys.argv[3:]:
        target.write_text(text)
    elif not target.exists() or target.read_text() != text:
        sys.exit(f"{target} is out of date: run tools/dev/make_status_page.py {program} {source}")


main()
