#!/usr/bin/env python3
"""Writes docs/status.md from core/ops.def and the backends' own capability tables, or with --check compares it.

usage: make_status_page.py ISOTRACE SOURCE_DIR [--check]
"""
import json
import pathlib
import re
import subprocess
import sys

HEAD = """# Status of every operation

Made by `tools/dev/make_status_page.py` from `core/ops.def` and `isotrace backends --matrix`; a test keeps them equal. Element types that
are not listed are refused. `cpu` lists only what has SIMD kernels; the rest of its work is done by the reference loop, openly.

| operation | spec label | reference | cpu (SIMD) |
|---|---|---|---|
"""


def main():
    program, source = sys.argv[1], pathlib.Path(sys.argv[2])
    rows = re.findall(r'^ISOTRACE_OP\(\d+, \w+, "(\w+)",.*?"([a-z_.]+)"\)$', (source / "core/ops.def").read_text(), re.M)
    answer = json.loads(subprocess.run([program, "backends", "--matrix", "--json"], check=True,
                                       capture_output=True).stdout)
    matrix = {b["name"]: b["matrix"] for b in answer["backends"]}

    def dtypes(backend, operation, support):
        return " ".join(e["dtype"] for e in matrix[backend] if e["operation"] == operation and e["support"] in support)

    lines = [f"| {name} | `{label}` | {dtypes('reference', name, ('reference_loop',))} | "
             f"{dtypes('cpu', name, ('simd',))} |" for name, label in rows]
    text = HEAD + "\n".join(lines) + f"\n\n{len(rows)} operations.\n"
    target = source / "docs/status.md"
    if "--check" not in sys.argv[3:]:
        target.write_text(text)
    elif not target.exists() or target.read_text() != text:
        sys.exit(f"{target} is out of date: run tools/dev/make_status_page.py {program} {source}")


main()
