#!/usr/bin/env python3
"""The backend hip, from the images in the program to results, with a library in the place of HIP's that runs AMD's code.

hip_images_test.py ISOTRACE LIBRARY MODEL LISTING...: a program with images, libamdhip64.so.5 made of gcn_driver.cpp, a model,
and listings of one architecture. The self-test passes, and a run has the trace of the reference; with the listings of other
code there is no device.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def run(program, library, listings, *arguments):
    environment = os.environ | {"LD_LIBRARY_PATH": str(pathlib.Path(library).parent),
                                "ISOTRACE_GCN_LISTINGS": ":".join(listings)}
    done = subprocess.run([program, *arguments, "--json"], capture_output=True, text=True, env=environment)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def main():
    program, library, model, *listings = sys.argv[1:]
    code, tested = run(program, library, listings, "backends", "--selftest", "--backend", "hip")
    print(json.dumps(tested)[:300])
    hip = next(one for one in tested["backends"] if one["name"] == "hip")
    assert code == 0 and hip["selftest"]["failed"] == 0 and hip["selftest"]["passed"] > 1000, hip["selftest"]
    roots = []
    for backend in ("hip", "reference"):
        code, done = run(program, library, listings, "run", model, "--random", "7", "--backend", backend)
        assert code == 0, done
        roots.append(done["root"])
    assert roots[0] == roots[1], roots
    with tempfile.TemporaryDirectory() as folder:
        other = pathlib.Path(folder) / "other"
        other.write_text(pathlib.Path(listings[0]).read_text().replace("\nhash ", "\nhash 1", 1))
        code, refused = run(program, library, [str(other), *listings[1:]], "run", model, "--random", "7", "--backend", "hip")
    assert code == 4 and refused["refusal"]["name"] == "device_absent", refused
    assert "do not serve this architecture" in refused["refusal"]["detail"], refused
    print(f"{hip['selftest']['passed']} samples, and a run with the root {roots[0]}")
    return 0


sys.exit(main())
