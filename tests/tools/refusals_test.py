#!/usr/bin/env python3
"""Every refusal code is used by the code and named by a test. usage: refusals_test.py SOURCE_DIR"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
codes = re.findall(r"^ISOTRACE_REFUSAL\((\d+), (\w+),", (root / "core/refusals.def").read_text(), re.M)
rooms = ("core", "reference", "trace", "wasm", "backends", "executor", "referee", "smt", "proofs", "certificates",
         "signing", "tools")
sources = "\n".join(p.read_text() for room in rooms for p in (root / room).rglob("*.[ch]pp"))
tests = "\n".join(p.read_text() for p in (root / "tests").rglob("*") if p.suffix in (".cpp", ".hpp", ".py"))
problems = []
for number, name in codes:
    if not re.search(rf"RefusalCode::{name}\b", sources):
        problems.append(f"{number} {name}: nothing refuses with it")
    if not re.search(rf"\b{name}\b", tests):
        problems.append(f"{number} {name}: no test names it")
print("\n".join(problems) or f"{len(codes)} refusal codes, each used and tested")
sys.exit(1 if problems or not codes else 0)
