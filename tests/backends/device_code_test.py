#!/usr/bin/env python3
"""Reads the device code of every kernel: nothing flushed, nothing approximate, nothing contracted.

device_code_test.py FOLDER COMPILER INCLUDE: where the build has left *.ptx of CUDA and */*.s of HIP, and a C++ compiler
with the folder of headers, which lists the kernels that must be there. It says which of them there are not, for want of
a compiler for devices; without both it is skipped (exit 77).
"""
import pathlib
import sys

from device_code import MODES, amd_problems, kernel_names, ptx_problems

def sample(name, line):
    return f".visible .entry {name}(\n.param .u64 p\n)\n{{\n\t{line}\n\tret;\n}}\n"


def check_the_check():
    """What must be found is found, and nothing else."""
    bad = ["fma.rn.ftz.f32 %f1, %f2, %f3, %f4;", "add.ftz.f32 %f1, %f2, %f3;", "div.full.f32 %f1, %f2, %f3;",
           "sqrt.approx.f32 %f1, %f2;", "ex2.approx.ftz.f32 %f1, %f2;", "div.approx.f32 %f1, %f2, %f3;",
           "fma.rn.f32 %f1, %f2, %f3, %f4;", "fma.rn.f64 %d1, %d2, %d3, %d4;", "add.rz.f32 %f1, %f2, %f3;",
           "add.f32 %f1, %f2, %f3;", "mul.f64 %d1, %d2, %d3;", "sub.f32 %f1, %f2, %f3;",
           "max.f32 %f1, %f2, %f3;", "min.f64 %fd1, %fd2, %fd3;", "@%p1 bar.sync 0;",
           "@!%p1 mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%r1, %r2}, {%r3}, {%r4}, {%r5};"]
    good = ["add.rn.f32 %f1, %f2, %f3;", "mul.rn.f32 %f1, %f2, %f3;", "div.rn.f32 %f1, %f2, %f3;",
            "sqrt.rn.f32 %f1, %f2;", "div.u64 %rd1, %rd2, %rd3;", "mad.lo.s64 %rd1, %rd2, %rd3, %rd4;",
            "max.f64 %fd1, %fd2, 0d0000000000000000;", "min.s64 %rd1, %rd2, %rd3;", "bar.sync 0;"]
    for line in bad:
        assert ptx_problems(sample("map_unary_f32", line))[0], line
    for line in good:
        assert not ptx_problems(sample("map_unary_f32", line))[0], line
    assert not ptx_problems(sample("product_large", "fma.rn.f32 %f1, %f2, %f3, %f4;"))[0]
    assert ptx_problems(sample("product_large", "fma.rn.ftz.f32 %f1, %f2, %f3, %f4;"))[0]


def amd_sample(line, denormals="3"):
    modes = "".join(f"\t.amdhsa_float_{mode} {value}\n" for mode, value in (MODES | {"denorm_mode_32": denormals}).items())
    return f"map_unary_f32:\n\t{line}\n\ts_endpgm\n{modes}\t.end_amdhsa_kernel\n"


def check_the_amd_check():
    division = "v_fma_f32 v0, v1, v2, v3\n\t" * 5 + "v_div_fixup_f32 v0, v1, v2, v3"
    for good in ("v_add_f32_e32 v0, v1, v2", division):
        assert amd_problems(amd_sample(good)) == ([], ["map_unary_f32"]), good
    for bad in (division + "\n\tv_fmac_f32_e32 v0, v1, v2", "v_fma_f64 v[0:1], v[2:3], v[4:5], v[6:7]",
                "v_exp_f32_e32 v0, v1", "v_mad_f32 v0, v1, v2, v3"):
        assert amd_problems(amd_sample(bad))[0], bad
    assert amd_problems(amd_sample("v_add_f32_e32 v0, v1, v2", denormals="0"))[0]


def scan(what, files, find, expected):
    """Whether code of exactly these kernels is there, and clean."""
    found, names = [], []
    for path in files:
        of_file, kernels = find(path.read_text())
        found += [f"{path.name}: {line}" for line in of_file]
        names += kernels
    found += [f"{what}: no code of {name} was read" for name in sorted(set(expected) - set(names))]
    found += [f"{what}: {name} is no kernel of kernels.def" for name in sorted(set(names) - set(expected))]
    print("\n".join(found) or f"{what}: {len(names)} kernels in {len(files)} files: clean")
    return not found


def main():
    check_the_check()
    check_the_amd_check()
    folder, compiler, include = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    assert len(kernel_names(compiler, include)) > 100
    kinds = [("PTX", "nvcc", sorted(folder.glob("*.ptx")), ptx_problems, []),
             ("AMD assembly", "hipcc", sorted(folder.glob("*/*.s")), amd_problems, ["__HIPCC__"])]
    clean = True
    for what, of, files, find, macros in kinds:
        if files:
            clean = scan(what, files, find, kernel_names(compiler, include, *macros)) and clean
        else:
            print(f"NOT READ: {what}; the build has made none, for want of {of}")
    if not any(files for _, _, files, _, _ in kinds):
        return 77
    return 0 if clean else 1


sys.exit(main())
