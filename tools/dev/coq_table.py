"""Proves, exports and replays VNN-COMP instances with coqc; prints a table for the docs.

    python3 tools/dev/coq_table.py ISOTRACE INSTANCES.csv [--match TEXT] [--most N] [--timeout S]
        [--tier closed|primint] [--no-floats] [--boxes LOW:HIGH] [--coqchk]
        [--unlisted FILE] [--proofs FOLDER]

INSTANCES.csv has the columns model, property and expected answer, with paths relative to its
folder. Instances expected `unsat` are proved first; then those with the fewest boxes are exported,
and every file of their bundles is compiled by coqc. Boxes are the nodes of the split tree, leaves and
inner ones. Seconds are CPU seconds of the children; those of a theorem about floats (tier `reals` or
`primint+reals`) include those of the theorem that it rests on. `--boxes` leaves out trees of other sizes,
so that a table can be made in several runs; `--unlisted` leaves out instances of which FILE has a row in
this tier. `--proofs` keeps the proofs in FOLDER, and takes those that are there. `--coqchk` has coqchk check
every file of ours behind the theorems without floats again; it takes the standard library as it is installed.
"""

import argparse
import csv
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile


def run(command, timeout):
    """Exit code, output, CPU seconds and megabytes of one child."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT,
                                 preexec_fn=lambda: resource.setrlimit(
                                     resource.RLIMIT_CPU, (timeout, timeout)))
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return child.returncode, text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


class Bundle:
    """One exported proof, compiled file by file over a library that is compiled once."""

    def __init__(self, folder, library):
        self.library = library
        self.gen = folder / "coq" / "gen"
        self.manifest = json.loads((folder / "bundle.json").read_text())
        self.paths = []
        for name in ("core", "primint", "float"):
            self.paths += ["-Q", str(library / name), "Isotrace." + name.capitalize()]
        self.paths += ["-Q", str(self.gen), "Isotrace.Gen"]

    def replay(self, timeout, floats_too):
        """(tier, seconds, megabytes, axioms) for each tier, or the reason why there is none."""
        tiers = sorted({o["tier"] for o in self.manifest["obligations"]},
                       key=lambda tier: "reals" in tier)
        names = sorted(path.name for path in self.gen.glob("*.v"))
        closed = [n for n in names if n.startswith("Net_")]
        floats = [n for n in names if n.startswith("Float_")]
        for kind in ("Spec_", "Cert_", "Part_", "Proof_"):
            closed += [n for n in names if n.startswith(kind) and not n.endswith("_float.v")]
            floats += [n for n in names if n.startswith(kind) and n.endswith("_float.v")]
        seconds, megabytes, rows = 0.0, 0.0, []
        for tier, files in zip(tiers, (closed, floats) if floats_too else (closed,)):
            axioms = set()
            for name in files:
                code, text, cpu, size = run(
                    ["coqc", "-q", *self.paths, str(self.gen / name)], timeout)
                seconds, megabytes = seconds + cpu, max(megabytes, size)
                if code != 0:
                    return rows, f"{name}: exit {code} {text[-300:]}"
                if name.startswith("Proof_") and "Closed under the global context" not in text:
                    axioms |= {line.split(" ")[0] for line in text.splitlines()[1:]
                               if line and line[0] != " "}
            if files:
                rows.append((tier, seconds, megabytes, len(axioms)))
        return rows, ""

    def second_opinion(self, timeout):
        """coqchk on the library and the generated files: a line about what it said."""
        modules = [f"Isotrace.{folder.name.capitalize()}.{path.stem}"
                   for folder in (self.library / "core", self.library / "primint", self.gen)
                   for path in sorted(folder.glob("*.vo")) if not path.stem.endswith("_float")]
        only = [word for module in modules for word in ("-norec", module)]
        code, text, cpu, size = run(["coqchk", "-silent", "-o", "-bytecode-compiler", "yes",
                                     *self.paths, *only], timeout)
        verdict = "accepted" if code == 0 else f"exit {code} {text[-300:]}"
        return f"coqchk: {verdict}, {len(modules)} files, {cpu:.1f} s, {size:.0f} MB"


def name_of(model, prop):
    return f"{model.stem.removeprefix('ACASXU_run2a_').removesuffix('_batch_2000')} {prop.stem}"


def prove(arguments, folder, instances):
    """The proofs found: (boxes, seconds of the checker, name, path)."""
    proofs = []
    for model, prop in instances:
        name = name_of(model, prop)
        path = folder / f"{name.replace(' ', '_')}.isoproof"
        said = path.with_suffix(".txt")  # by prove
        if not said.exists():
            code, text, _, _ = run([arguments.isotrace, "prove", str(model), "--property", str(prop),
                                    "--out", str(path), "--timeout", "240", "--plain-splits",
                                    "--quiet"], 480)
            if code != 0:
                print(f"not proved in 240 s: {name}", file=sys.stderr)
                continue
            said.write_text(text)
        boxes = int(said.read_text().split(" boxes")[0].split()[-1])
        _, _, seconds, _ = run([arguments.isotrace, "check", str(path)], 600)
        proofs.append((boxes, seconds, name, path))
        print(f"{name}: {boxes} boxes", file=sys.stderr, flush=True)
    return sorted(proofs)


def listed_in(table, tier):
    """The instances of a table's rows."""
    cells = [[cell.strip() for cell in line.split("|")] for line in table.read_text().splitlines()]
    return {row[1] for row in cells if len(row) > 5 and row[5] == tier}


def compile_library(folder, coq, floats_too):
    for project in ("_CoqProject", "_CoqProject.float") if floats_too else ("_CoqProject",):
        for line in (coq / project).read_text().splitlines():
            if not line.startswith(("core/", "primint/", "float/")):
                continue
            target = folder / line
            target.parent.mkdir(exist_ok=True)
            target.write_text((coq / line).read_text())
            subprocess.run(["coqc", "-q", "-Q", str(folder / "core"), "Isotrace.Core", "-Q",
                            str(folder / "primint"), "Isotrace.Primint", "-Q",
                            str(folder / "float"), "Isotrace.Float", str(target)],
                           check=True, cwd=folder, stderr=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("isotrace")
    parser.add_argument("instances", type=pathlib.Path)
    parser.add_argument("--match", default="")
    parser.add_argument("--most", type=int, default=1 << 30)
    parser.add_argument("--timeout", type=int, default=600)
    parser.add_argument("--tier", choices=("closed", "primint"), default="closed")
    parser.add_argument("--no-floats", action="store_true")
    parser.add_argument("--boxes", default="1:1000000000")
    parser.add_argument("--coqchk", action="store_true")
    parser.add_argument("--unlisted", type=pathlib.Path)
    parser.add_argument("--proofs", type=pathlib.Path)
    arguments = parser.parse_args()
    fewest, most = map(int, arguments.boxes.split(":"))
    base = arguments.instances.parent
    with open(arguments.instances, encoding="utf-8") as rows:
        instances = [(base / row[0], base / row[1]) for row in csv.reader(rows)
                     if row[2] == "unsat" and arguments.match in " ".join(row)]
    if arguments.unlisted:
        listed = listed_in(arguments.unlisted, arguments.tier)
        instances = [pair for pair in instances if name_of(*pair) not in listed]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        library = folder / "library"
        (library / "core").mkdir(parents=True)
        (library / "float").mkdir()
        (library / "primint").mkdir()
        kept = arguments.proofs or folder / "proofs"
        kept.mkdir(exist_ok=True)
        proofs = prove(arguments, kept, instances)
        print(f"{len(proofs)} of {len(instances)} unsat instances proved", file=sys.stderr)
        proofs = [proof for proof in proofs if fewest <= proof[0] <= most]
        print("| instance | boxes | proof KB | checker s | tier | coqc s | MB | axioms |")
        print("|---|---|---|---|---|---|---|---|")
        times = {}
        for number, (boxes, checker, label, path) in enumerate(proofs[:arguments.most]):
            bundle = folder / f"bundle{number}"
            subprocess.run([arguments.isotrace, "export", str(path), "--to", "coq", "--tier",
                            arguments.tier, "--out", str(bundle)], check=True,
                           stdout=subprocess.DEVNULL)
            if number == 0:
                compile_library(library, bundle / "coq", not arguments.no_floats)
            compiled = Bundle(bundle, library)
            rows, fault = compiled.replay(arguments.timeout, not arguments.no_floats)
            size = path.stat().st_size / 1024
            for tier, seconds, megabytes, axioms in rows:
                times.setdefault(tier, []).append(seconds)
                print(f"| {label} | {boxes} | {size:.0f} | {checker:.2f} | {tier} | "
                      f"{seconds:.1f} | {megabytes:.0f} | {axioms} |", flush=True)
            if arguments.coqchk and not fault:
                print(compiled.second_opinion(arguments.timeout), file=sys.stderr, flush=True)
            if fault:
                print(f"not replayed: {label}: {fault}", file=sys.stderr, flush=True)
        for tier, seconds in times.items():
            print(f"{tier}: {len(seconds)} replayed, median {statistics.median(seconds):.1f} s",
                  flush=True)


if __name__ == "__main__":
    main()
