#!/usr/bin/env python3
"""The machine for AMD's code finds what is wrong with it: listings with one mistake each.

amd_machine_test.py PROGRAM MACHINE LISTING...: gpu_kernels_test, the machine's library and the listings of one architecture.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SUMS = "*long_rows*"  # 32 threads each, which is no more than a wave
PRODUCTS = "*batches_of*"
# (what is changed, by what, in all places or the first, tests, what must be said)
MISTAKES = [
    (r" s_barrier$", " s_nop 0", 0, PRODUCTS, "product_flat a race: reads"),
    (r" s_barrier$", " s_endpgm", 0, SUMS, "FAILED"),
    (r" v_add_f32_e32 (.*)$", r" v_sub_f32_e32 \1", 0, SUMS, "FAILED"),
    (r" ds_write_b32 .*$", " s_nop 0", 0, SUMS, "shared memory that nobody wrote"),
    (r" v_add_f32_e32 (.*)$", r" v_other_f32_e32 \1", 1, SUMS, "not understood: v_other_f32_e32"),
    (r" v_add_f32_e32 (.*)$", r" v_add_f32_e64 \1 clamp", 1, SUMS, "not understood: v_add_f32_e64"),
    (r"^kernel reduce_chunks_f32 (\d+ \d+ \d+ \d+ \d+) \d+", r"kernel reduce_chunks_f32 \1 1", 1, SUMS,
     "arguments of another size"),
    (r" v_div_fmas_f32 (.*)$", r" v_fma_f32 \1", 0, "*samples_of_other_seeds*", "FAILED"),
    (r" v_div_fixup_f64 (v\S+), (v\S+), .*$", r" v_mul_f64 \1, \2, 1.0", 0, "*samples_of_other_seeds*", "FAILED"),
]


def run(program, machine, listings, tests):
    environment = os.environ | {"ISOTRACE_DEVICE_KERNELS": machine, "ISOTRACE_GCN_LISTINGS": ":".join(map(str, listings))}
    done = subprocess.run([program, f"--gtest_filter={tests}"], capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout + done.stderr


def main():
    program, machine, *listings = sys.argv[1:]
    texts = {path: pathlib.Path(path).read_text() for path in listings}
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for number, (what, by, count, tests, sign) in enumerate(MISTAKES):
            paths = []
            for path, text in texts.items():
                paths.append(pathlib.Path(folder) / f"{number}.{pathlib.Path(path).name}")
                paths[-1].write_text(re.sub(what, by, text, count=count, flags=re.M))
            code, printed = run(program, machine, paths, tests)
            found = code != 0 and sign in printed
            failed = failed or not found
            print(f"{'found' if found else 'NOT FOUND'}: {what.strip()} as {by.strip()}")
            if not found:
                print(printed[-2000:])
            for path in paths:
                path.unlink()
    return 1 if failed else 0


sys.exit(main())
