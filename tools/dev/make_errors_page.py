#!/usr/bin/env python3
"""Writes docs/errors.md from the program's own refusal table, or with --check compares it.

usage: make_errors_page.py ISOTRACE PAGE [--check]
"""
import json
import pathlib
import subprocess
import sys

HEAD = """# Refusals

Made by `tools/dev/make_errors_page.py` from `core/refusals.def`; a test keeps the two equal. `isotrace explain CODE` prints one row.
Numbers are never reused.

| code | name | class | exit | meaning | next step |
|---|---|---|---|---|---|
"""


def page(program):
    rows = json.loads(subprocess.run([program, "explain", "--json"], check=True, capture_output=True).stdout)
    lines = [f"| {r['code']} | `{r['name']}` | {r['class']} | {r['exit']} | {r['sentence']} | {r['next']} |"
             for r in rows["refusals"]]
    return HEAD + "\n".join(lines) + "\n"


def main():
    program, target = sys.argv[1], pathlib.Path(sys.argv[2])
    text = page(program)
    if "--check" not in sys.argv[3:]:
        target.write_text(text)
    elif not target.exists() or target.read_text() != text:
        sys.exit(f"{target} is not what {program} explain says: run tools/dev/make_errors_page.py {program} {target}")


main()
