#!/usr/bin/env python3
"""Reads the device code of every kernel: nothing flushed, nothing approximate, nothing contracted.

device_code_test.py FOLDER COMPILER INCLUDE HIPCC ARCHITECTURE...: where the build has left *.ptx of CUDA and *.hsaco of
HIP, a C++ compiler with the folder of headers, which lists the kernels that must be there, and hipcc, beside which a
disassembler is looked for. It says which of them there are not, for want of a compiler for devices; without both it is
skipped (exit 77).
"""
import pathlib
import sys

from amd_code import find_objdump
from device_code import MODES, amd_kernel_problems, amd_problems, kernel_names, ptx_problems

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


def check_the_amd_check():
    def problems(line, name="map_unary_f32", **modes):
        return amd_kernel_problems(name, [*line.split("\n"), "s_endpgm"], MODES | modes)

    division = "v_rcp_f32_e32 v0, v1\n" + "v_fma_f32 v0, v1, v2, v3\n" * 5 + "v_div_fixup_f32 v0, v1, v2, v3"
    whole = "v_rcp_f32_e32 v0, v1\nv_mac_f32_e32 v4, 0x4f800000, v5\nv_mac_f32_e64 v4, 0, s5\nv_trunc_f32_e32 v1, v1"
    whole_too = whole.replace("v_mac_f32_e64 v4, 0, s5", "v_madmk_f32 v5, v5, 0x4f800000, v10")
    for good in ("v_add_f32_e32 v0, v1, v2", division, whole, whole_too, "v_max_f32_e32 v0, v1, v1", "v_max_f64 v[0:1], v[2:3], 0",
                 "v_min_f64 v[4:5], v[4:5], s[2:3]", "s_setreg_b32 hwreg(HW_REG_FLAT_SCR_LO), s6"):
        assert not problems(good), (good, problems(good))
    assert not problems("v_fma_f32 v0, v1, v2, v3", name="product_large")
    assert not problems("v_pk_fma_f32 v[0:1], v[2:3], v[4:5], v[6:7]", name="product_large")
    for bad in (division + "\nv_fmac_f32_e32 v0, v1, v2", "v_fma_f64 v[0:1], v[2:3], v[4:5], v[6:7]",
                "v_exp_f32_e32 v0, v1", "v_mad_f32 v0, v1, v2, v3", "v_mac_f32_e32 v4, v3, v5",
                "v_madmk_f32 v5, v5, 0x3f000000, v10\nv_trunc_f32_e32 v1, v1", "v_rcp_f32_e32 v0, v1",
                "v_sqrt_f32_e32 v0, v1", "v_rsq_f32_e32 v0, v1", "v_rcp_f64_e32 v[0:1], v[2:3]",
                "v_mul_f32_e64 v0, v1, v2 mul:2", "v_add_f32_e64 v0, v1, v2 clamp", "v_max_f32_e32 v0, v1, v2",
                "v_min_f64 v[0:1], v[2:3], v[4:5]", "v_med3_f32 v0, v1, v2, v3", "s_denorm_mode 0",
                "s_setreg_imm32_b32 hwreg(HW_REG_MODE, 4, 2), 0", "v_cvt_pkrtz_f16_f32 v0, v1, v2",
                "v_mfma_f32_32x32x1f32 a[0:31], v0, v1, a[0:31]", "v_rcp_iflag_f32_e32 v0, v1"):
        assert problems(bad), bad
    assert problems("v_mac_f32_e32 v4, v3, v5", name="product_large")
    for mode, value in MODES.items():
        assert problems("s_nop 0", **{mode: value ^ 1}), mode


def scan(what, files, find, expected):
    """Whether code of exactly these kernels is there, and clean."""
    found, names = [], []
    for path in files:
        of_file, kernels = find(path)
        found += [f"{path.name}: {line}" for line in of_file]
        names += kernels
    found += [f"{what}: no code of {name} was read" for name in sorted(set(expected) - set(names))]
    found += [f"{what}: {name} is no kernel of kernels.def" for name in sorted(set(names) - set(expected))]
    print("\n".join(found) or f"{what}: {len(names)} kernels in {len(files)} files: clean")
    return not found


def main():
    check_the_check()
    check_the_amd_check()
    folder, compiler, include, hipcc, *architectures = sys.argv[1:]
    assert len(kernel_names(compiler, include)) > 100
    ptx, bundles = sorted(pathlib.Path(folder).glob("*.ptx")), sorted(pathlib.Path(folder).glob("*.hsaco"))
    objdump = find_objdump(hipcc)
    clean = True
    if ptx:
        clean = scan("PTX", ptx, lambda path: ptx_problems(path.read_text()), kernel_names(compiler, include))
    else:
        print("NOT READ: PTX; the build has made none, for want of nvcc")
    if bundles and objdump:
        of_amd = [f"{one} {name}" for name in kernel_names(compiler, include, "__HIPCC__") for one in architectures]
        clean = scan("AMD", bundles, lambda path: amd_problems(path, objdump), of_amd) and clean
    else:
        print(f"NOT READ: machine code of AMD; {'llvm-objdump is absent' if bundles else 'the build has made none, for want of hipcc'}")
    if not ptx and not (bundles and objdump):
        return 77
    return 0 if clean else 1


sys.exit(main())
