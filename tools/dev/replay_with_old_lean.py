#!/usr/bin/env python3
"""Replays a bundle with a Lean 4 compiler of 2021 (4.0.0, before the first release), for developers who have nothing newer.
`isotrace reconcile` needs a current one.

  replay_with_old_lean.py LEAN PATH BUNDLE

LEAN is the compiler, PATH the folder with its compiled module Init. One line of a bundle is too new for it: the tactic
`decide +kernel` is called `decide` there and lets the elaborator compute first, which takes too long unless the compiler is
built without that (Lean/Elab/Tactic/ElabTerm.lean, evalDecide); the kernel decides in either case. Everything else is
compiled as it stands. Prints what each module took and the axioms of the theorems.
"""
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

LIBRARY = ["Integers", "Ring", "Order", "Network", "Checker", "Backward", "Forward", "Certified"]


def modules_of(folder):
    generated = sorted(path.stem for path in (folder / "Isotrace/Gen").glob("*.lean"))
    ordered = [name for kind in ("Net_", "Spec_", "Cert_", "Proof_") for name in generated if name.startswith(kind)]
    return [f"Isotrace/Core/{name}" for name in LIBRARY] + [f"Isotrace/Gen/{name}" for name in ordered]


def compile_module(lean, path, folder, module):
    source = folder / f"{module}.lean"
    if "/Proof_" in module:
        text = source.read_text()
        if text.count("by\n  decide +kernel\n") != 1:
            sys.exit(f"{module}: not the text that export writes")
        source.write_text(text.replace("decide +kernel", "decide"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([lean, "-s", "1000000", "-o", source.with_suffix(".olean"), source], cwd=folder, text=True,
                          capture_output=True, env=dict(os.environ, LEAN_PATH=f"{path}:{folder}"))
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    print(f"{module}: exit {done.returncode}, {seconds:.1f} CPU-seconds {done.stdout}{done.stderr}".strip(), flush=True)
    return done.returncode == 0


def main():
    lean, path, bundle = sys.argv[1:]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="isotrace-old-lean-"))
    try:
        shutil.copytree(pathlib.Path(bundle) / "lean", folder, dirs_exist_ok=True)
        return 0 if all(compile_module(lean, path, folder, module) for module in modules_of(folder)) else 1
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
