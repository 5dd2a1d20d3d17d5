#!/usr/bin/env python3
"""Fails if isotrace-verify links any library of Isotrace outside the trusted base.

usage: trusted_base.py BUILD_DIR

Reads the link command that Ninja would run, so that the check is of the real link, and the symbols of
the binary, so that a room cannot come in through another library.
"""
import re
import subprocess
import sys

ALLOWED = {"isotrace_cli", "isotrace_core", "isotrace_trace", "isotrace_trace_schema", "isotrace_checker",
           "isotrace_checker_schema", "isotrace_bits", "isotrace_certificates", "isotrace_obligation", "isotrace_wasm_module",
           "isotrace_wasm_numeric", "isotrace_witness"}
FORBIDDEN_SYMBOLS = re.compile(r"isotrace::(executor|backends|reference|smt)::|isotrace::proofs::prove\(|onnx::|Z3_mk"
                               r"|isotrace::wasm::(Stepper|FastEngine|instantiate)\b")


def linked_libraries(build):
    commands = subprocess.run(["ninja", "-C", build, "-t", "commands", "bin/isotrace-verify"], check=True,
                              capture_output=True, text=True).stdout.splitlines()
    link = [line for line in commands if "-o bin/isotrace-verify" in line]
    if len(link) != 1:
        sys.exit(f"expected one link command, found {len(link)}")
    return set(re.findall(r"lib(isotrace_\w+)\.a", link[0]))


def main():
    build = sys.argv[1]
    libraries = linked_libraries(build)
    extra = libraries - ALLOWED
    if extra:
        sys.exit(f"isotrace-verify links {sorted(extra)}: not in the trusted base")
    for needed in ("isotrace_checker", "isotrace_certificates", "isotrace_witness", "isotrace_trace", "isotrace_core"):
        if needed not in libraries:
            sys.exit(f"isotrace-verify does not link {needed}: this check looks at the wrong thing")
    symbols = subprocess.run(["nm", "-C", f"{build}/bin/isotrace-verify"], check=True, capture_output=True,
                             text=True).stdout
    found = sorted({match.group(0) for match in FORBIDDEN_SYMBOLS.finditer(symbols)})
    if found:
        sys.exit(f"isotrace-verify contains {found}")
    print("isotrace-verify links", *sorted(libraries))


main()
