#!/usr/bin/env python3
"""Times two things in coqc that have no suite of their own; prints a table for the docs.

    python3 tools/dev/coq_figures.py ISOTRACE [--bits N:M ...] [--work FOLDER]

Merkle: a record of 150 bytes and a path of 20 siblings (chosen here, hashed with Python's SHA-256) in a
bundle's own form. Refutations: that (a + b) c = a c + b c for a, b of N bits and c of M bits, as a
WebAssembly function (needs wat2wasm), proved and exported; hints are counted in `Cert_function.v`.
Seconds are CPU seconds of coqc, in the order of the files named; the library is compiled before, once for
a FOLDER that is kept.
"""

import argparse
import hashlib
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

COQ = pathlib.Path(__file__).resolve().parents[2] / "proofs/export/coq"
LIBRARIES = {"trace": ("Sha256", "Merkle"),
             "bits": ("Lrat", "Gates", "Wasm", "Words", "Numeric", "Memory", "Symbolic", "Execution", "Fuel", "Claims",
                      "Certificate")}
LEVELS = 20

MODULE = """(module
  (func (export "factored") (param i32 i32 i32) (result i32)
    (i32.mul (i32.add (i32.and (local.get 0) (i32.const {mask})) (i32.and (local.get 1) (i32.const {mask})))
             (i32.and (local.get 2) (i32.const {factor_mask}))))
  (func (export "expanded") (param i32 i32 i32) (result i32)
    (i32.add (i32.mul (i32.and (local.get 0) (i32.const {mask})) (i32.and (local.get 2) (i32.const {factor_mask})))
             (i32.mul (i32.and (local.get 1) (i32.const {mask})) (i32.and (local.get 2) (i32.const {factor_mask}))))))
"""
SPEC = """From Coq Require Import NArith List.
From Isotrace.Trace Require Import Merkle.
Local Open Scope N_scope.
Definition record : list N := {record}.
Definition root : list N := {root}.
Definition statement : Prop := recorded record {index} {size} root.
"""
CERT = """From Coq Require Import NArith List.
From Isotrace.Trace Require Import Merkle.
Import ListNotations.
Local Open Scope N_scope.
Definition path : list (list N) := [{path}].
"""
PROOF = """From Coq Require Import NArith List.
From Isotrace.Trace Require Import Merkle.
From Isotrace.Gen Require Import Spec_step Cert_step.
Local Open Scope N_scope.
Lemma checked : leads_to_root path record {index} {size} root = true.
Proof. vm_cast_no_check (eq_refl true). Qed.
Theorem proof : statement.
Proof. exact (led_to_root path record {index} {size} root checked). Qed.
Print Assumptions proof.
"""


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def coqc(paths, file):
    """What it prints, and CPU seconds."""
    before = cpu_of_children()
    result = subprocess.run(["coqc", "-q", *paths, str(file)], capture_output=True, text=True, check=True)
    return result.stdout, cpu_of_children() - before


def compiled(work, part):
    """The options under which a part of the library, compiled here, is found."""
    folder = work / part
    folder.mkdir(exist_ok=True)
    paths = ["-Q", str(folder), "Isotrace." + part.capitalize()]
    for name in LIBRARIES[part]:
        text, copy = (COQ / part / f"{name}.v").read_text(), folder / f"{name}.v"
        if copy.with_suffix(".vo").exists() and copy.read_text() == text:
            continue
        copy.write_text(text)
        coqc(paths, copy)
    return paths


def replay(paths, gen, names):
    """Seconds of each file, and the axioms."""
    seconds, text = [], ""
    for name in names:
        text, cpu = coqc([*paths, "-Q", str(gen), "Isotrace.Gen"], gen / f"{name}.v")
        seconds.append(cpu)
    return " + ".join(f"{s:.2f}" for s in seconds), "0" if text.startswith("Closed under") else text.strip()


def sha256(data):
    return hashlib.sha256(data).digest()


def merkle(work):
    gen = work / "step"
    gen.mkdir(exist_ok=True)
    index, record = 0x5A5A6, bytes([7]) * 150
    at, path = sha256(b"\0" + sha256(record)), []
    for level in range(LEVELS):
        path.append(sha256(bytes([level]) * 3))
        at = sha256(b"\1" + (path[-1] + at if index >> level & 1 else at + path[-1]))
    place = {"index": index, "size": 1 << LEVELS}
    written = lambda data: f"(bytes_from 0x1{data.hex()})"
    (gen / "Spec_step.v").write_text(SPEC.format(record=written(record), root=written(at), **place))
    (gen / "Cert_step.v").write_text(CERT.format(path="; ".join(map(written, reversed(path)))))
    (gen / "Proof_step.v").write_text(PROOF.format(**place))
    seconds, axioms = replay(compiled(work, "trace"), gen, ("Spec_step", "Cert_step", "Proof_step"))
    print(f"| Merkle path of {LEVELS} levels | {LEVELS} hashes | {seconds} | {axioms} |", flush=True)


def hints_in(certificate):
    """Numbers between the second zeros of the text that Certificate.v reads and the first."""
    hints, in_hints, number, weight = 0, False, 0, 1
    for word in re.findall(r"\b\d+\b", certificate):
        for byte in int(word).to_bytes(7, "little"):
            number += weight * (byte % 128)
            weight *= 128
            if byte >= 128:
                continue
            hints += in_hints and number != 0
            in_hints ^= number == 0
            number, weight = 0, 1
    return hints


def refutation(isotrace, work, paths, terms, factor):
    folder = pathlib.Path(tempfile.mkdtemp(dir=work))
    (folder / "m.wat").write_text(MODULE.format(mask=(1 << terms) - 1, factor_mask=(1 << factor) - 1))
    for command in (["wat2wasm", "m.wat", "-o", "m.wasm"],
                    [isotrace, "prove", "m.wasm", "--func", "factored", "--equivalent", "expanded", "--no-cache",
                     "--timeout", "600", "--quiet", "--out", "m.isoproof"],
                    [isotrace, "export", "m.isoproof", "--to", "coq", "--out", "bundle"]):
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    gen = folder / "bundle/coq/gen"
    hints = hints_in((gen / "Cert_function.v").read_text())
    seconds, axioms = replay(paths, gen, ("Spec_function", "Cert_function", "Proof_function"))
    print(f"| (a + b) c = a c + b c, {terms} and {factor} bits | {hints} hints | {seconds} | {axioms} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("isotrace")
    parser.add_argument("--bits", nargs="*", default=["3:3", "3:4"])
    parser.add_argument("--work", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = arguments.work or pathlib.Path(name)
        print("| theorem | size | coqc s (Spec + Cert + Proof) | axioms |\n|---|---|---|---|")
        merkle(work)
        paths = compiled(work, "bits")
        for bits in arguments.bits:
            refutation(str(pathlib.Path(arguments.isotrace).resolve()), work, paths, *map(int, bits.split(":")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
