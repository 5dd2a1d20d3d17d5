"""Proves, exports and replays VNN-COMP instances with coqc; prints a table for the docs.

    python3 tools/dev/coq_table.py ISOTRACE INSTANCES.csv --rows FILE [--proofs FOLDER] [--match TEXT]
        [--most N] [--timeout S] [--prove-timeout S] [--tier closed|primint] [--floats] [--coqchk]
    python3 tools/dev/coq_table.py --print FILE

INSTANCES.csv has the columns model, property and expected answer, with paths relative to its
folder. Instances expected `unsat` are proved first; then those with the fewest leaves are exported,
and every file of their bundles is compiled by coqc. Each result becomes a line of FILE (JSON); an
instance that has a line in this tier is not replayed again, so that a run which was stopped goes on
where it was. `--print` makes the tables of such a file, for Markdown.

Seconds are CPU seconds of the children, user and system; those of a theorem about floats (tier `reals`
or `primint+reals`) include those of the theorem that it rests on. `--proofs` keeps the proofs in FOLDER,
and takes those that are there. `--coqchk` has coqchk check every file of ours behind the theorems
without floats again; it takes the standard library as it is installed.
"""

import argparse
import csv
import json
import os
import pathlib
import resource
import shutil
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
            if axioms != self.axioms_of(tier):
                return rows, f"other axioms than those of tier {tier}: {sorted(axioms)}"
            if files:
                rows.append((tier, seconds, megabytes, len(axioms)))
        return rows, ""

    def axioms_of(self, tier):
        """What the manifest expects of the theorems of a tier."""
        return {axiom for o in self.manifest["obligations"] if o["tier"] == tier
                for axiom in o["expected_axioms"]}

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
                                    "--out", str(path), "--timeout", str(arguments.prove_timeout),
                                    "--plain-splits", "--quiet"], 4 * arguments.prove_timeout)
            if code != 0:
                print(f"not proved in {arguments.prove_timeout} s: {name}", file=sys.stderr)
                continue
            said.write_text(text)
        boxes = int(said.read_text().split(" boxes")[0].split()[-1])
        _, _, seconds, _ = run([arguments.isotrace, "check", str(path)], 600)
        proofs.append((boxes, seconds, name, path))
        print(f"{name}: {boxes} boxes", file=sys.stderr, flush=True)
    return sorted(proofs)


def leaves_of(gen):
    """Leaves of the trees of all cases: in files of their own where they are checked in parts."""
    return sum(path.read_text().count("(Leaf ") for path in gen.glob("*.v"))


def read_rows(path):
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def print_tables(rows):
    """One table for each tier, and below it the sums that a reader may ask for."""
    for tier in sorted({row["tier"] for row in rows}, key=lambda tier: (tier != "primint", tier)):
        of_tier = sorted((row for row in rows if row["tier"] == tier),
                         key=lambda row: (row["leaves"], row["instance"]))
        done = [row for row in of_tier if not row["fault"]]
        print(f"\n## Tier `{tier}`\n\n| instance | leaves | proof KB | checker s | coqc s | MB | axioms |"
              "\n|---|---|---|---|---|---|---|")
        for row in of_tier:
            seconds = "not accepted" if row["fault"] else f"{row['seconds']:.1f}"
            print(f"| {row['instance']} | {row['leaves']} | {row['proof_kb']:.0f} | {row['checker']:.2f} "
                  f"| {seconds} | {row['megabytes']:.0f} | {row['axioms']} |")
        if not done:
            continue
        times = [row["seconds"] for row in done]
        slow = [row["seconds"] for row in done if row["instance"].endswith(("prop_3", "prop_4"))]
        print(f"\n{len(done)} of {len(of_tier)} accepted, median {statistics.median(times):.1f} s, "
              f"{sum(times):.0f} s together, {max(row['megabytes'] for row in done):.0f} MB at most; "
              f"{len(slow)} of properties 3 and 4 in {sum(slow):.0f} s.")
        checked = [row for row in of_tier if row.get("coqchk")]
        for row in checked:
            print(f"{row['instance']}: {row['coqchk']}.")


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


def replay(arguments, folder, library, proof):
    """The rows of one proof."""
    _, checker, label, path = proof
    subprocess.run([arguments.isotrace, "export", str(path), "--to", "coq", "--tier", arguments.tier,
                    "--out", str(folder)], check=True, stdout=subprocess.DEVNULL)
    if not any(library.glob("*/*.vo")):
        compile_library(library, folder / "coq", arguments.floats)
    compiled = Bundle(folder, library)
    replayed, fault = compiled.replay(arguments.timeout, arguments.floats)
    common = {"instance": label, "leaves": leaves_of(compiled.gen), "checker": checker,
              "proof_kb": path.stat().st_size / 1024}
    if fault:
        print(f"not replayed: {label}: {fault}", file=sys.stderr, flush=True)
        replayed.append((arguments.tier, 0.0, 0.0, 0))
    rows = [{**common, "tier": tier, "seconds": seconds, "megabytes": megabytes, "axioms": axioms,
             "fault": fault if i + 1 == len(replayed) else ""}
            for i, (tier, seconds, megabytes, axioms) in enumerate(replayed)]
    if arguments.coqchk and not fault:
        rows[0]["coqchk"] = compiled.second_opinion(arguments.timeout)
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("isotrace", nargs="?")
    parser.add_argument("instances", type=pathlib.Path, nargs="?")
    parser.add_argument("--rows", type=pathlib.Path)
    parser.add_argument("--print", type=pathlib.Path, dest="table")
    parser.add_argument("--match", default="")
    parser.add_argument("--most", type=int, default=1 << 30)
    parser.add_argument("--timeout", type=int, default=3600)
    parser.add_argument("--prove-timeout", type=int, default=240)
    parser.add_argument("--tier", choices=("closed", "primint"), default="primint")
    parser.add_argument("--floats", action="store_true")
    parser.add_argument("--coqchk", action="store_true")
    parser.add_argument("--proofs", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.table:
        print_tables(read_rows(arguments.table))
        return
    if not arguments.rows or not arguments.instances:
        parser.error("ISOTRACE, INSTANCES.csv and --rows are needed")
    base = arguments.instances.parent
    with open(arguments.instances, encoding="utf-8") as rows:
        instances = [(base / row[0], base / row[1]) for row in csv.reader(rows)
                     if row[2] == "unsat" and arguments.match in " ".join(row)]
    listed = {row["instance"] for row in read_rows(arguments.rows)
              if row["tier"] == arguments.tier}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        library = folder / "library"
        for part in ("core", "float", "primint"):
            (library / part).mkdir(parents=True)
        kept = arguments.proofs or folder / "proofs"
        kept.mkdir(exist_ok=True)
        proofs = prove(arguments, kept, instances)
        print(f"{len(proofs)} of {len(instances)} unsat instances proved", file=sys.stderr)
        for number, proof in enumerate(proofs[:arguments.most]):
            if proof[2] in listed:
                continue
            bundle = folder / f"bundle{number}"
            with open(arguments.rows, "a", encoding="utf-8") as file:
                for row in replay(arguments, bundle, library, proof):
                    file.write(json.dumps(row) + "\n")
            shutil.rmtree(bundle)
    print_tables(read_rows(arguments.rows))


if __name__ == "__main__":
    main()
