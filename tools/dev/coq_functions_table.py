#!/usr/bin/env python3
"""Proves, exports and replays the functions of a suite with coqc; prints a table for the docs.

    python3 tools/dev/coq_functions_table.py ISOTRACE [--suite FILE] [--match TEXT] [--most N] [--timeout S]

SUITE (default: fixtures/wasm/functions/SUITE) has the lines `module function property operands
verdict [condition]`. Those expected `proved` are proved, exported and compiled over a library that
is compiled once. Seconds are CPU seconds of coqc. What cannot be exported is listed with the reason.
"""

import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ("Lrat", "Gates", "Wasm", "Words", "Numeric", "Memory", "Symbolic", "Execution", "Fuel", "Claims", "Certificate")


def run(command, timeout):
    """Exit code, output and CPU seconds of one child."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT,
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (timeout, timeout)))
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return child.returncode, output.read().decode(errors="replace"), usage.ru_utime + usage.ru_stime


def options_of(words):
    """The options of prove for a line's words behind the function, or None if it is not proved."""
    kind, words = words[0], words[1:]
    if kind == "range":
        options, words = [f"--range={words[0]}:{words[1]}"], words[2:]
    elif kind == "never-traps":
        options = ["--never-traps"]
    else:
        options, words = [f"--{kind}", words[0]], words[1:]
    if words[0] != "proved":
        return None
    return options + (["--assume", words[1]] if len(words) > 1 else [])


def replay(bundle, library, timeout):
    """Seconds and whether the theorem is closed."""
    gen = bundle / "coq" / "gen"
    total = 0.0
    for name in ("Spec_function", "Cert_function", "Proof_function"):
        code, text, seconds = run(["coqc", "-q", "-Q", str(library), "Isotrace.Bits", "-Q", str(gen), "Isotrace.Gen",
                                   str(gen / f"{name}.v")], timeout)
        total += seconds
        if code != 0:
            return total, f"coqc: {text.strip()[:200]}"
    return total, "0" if text == "Closed under the global context\n" else text.strip()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("isotrace")
    parser.add_argument("--suite", default=str(ROOT / "fixtures/wasm/functions/SUITE"))
    parser.add_argument("--match", default="")
    parser.add_argument("--most", type=int, default=1 << 30)
    parser.add_argument("--timeout", type=int, default=300)
    arguments = parser.parse_args()
    suite = pathlib.Path(arguments.suite)
    closed, rows, refused = 0, [], []
    with tempfile.TemporaryDirectory() as work:
        library = pathlib.Path(work) / "bits"
        library.mkdir()
        for name in LIBRARY:
            source = ROOT / "proofs/export/coq/bits" / f"{name}.v"
            (library / source.name).write_bytes(source.read_bytes())
            subprocess.run(["coqc", "-q", "-Q", str(library), "Isotrace.Bits", str(library / source.name)], check=True)
        for number, line in enumerate(suite.read_text().splitlines()):
            words = line.split()
            if line.startswith("#") or not words or arguments.match not in line or len(rows) >= arguments.most:
                continue
            options = options_of(words[2:])
            if options is None:
                continue
            name = f"{words[1]} {' '.join(words[2:]).replace(' proved', '')}"
            proof, bundle = f"{work}/{number}.isoproof", pathlib.Path(work) / str(number)
            code, text, _ = run([arguments.isotrace, "prove", str(suite.parent / f"{words[0]}.wasm"), "--func", words[1],
                                 *options, "--timeout", str(arguments.timeout), "--out", proof], 2 * arguments.timeout)
            if code == 0:
                code, text, _ = run([arguments.isotrace, "export", proof, "--to", "coq", "--out", str(bundle)], 1200)
            if code != 0:
                refused.append(f"{name}: {text.strip().splitlines()[0]}")
                continue
            seconds, axioms = replay(bundle, library, arguments.timeout)
            closed += axioms == "0"
            size = (bundle / "coq/gen/Cert_function.v").stat().st_size / 1024
            rows.append(f"| {name} | {size:.0f} | {seconds:.1f} | {axioms} |")
            print(rows[-1], file=sys.stderr, flush=True)
    print("| claim | certificate KB | coqc s | axioms |\n|---|---|---|---|")
    print("\n".join(rows))
    print(f"\n{closed} closed, {len(refused)} not exported:")
    for line in refused:
        print(f"- {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
