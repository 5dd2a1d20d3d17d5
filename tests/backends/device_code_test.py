#!/usr/bin/env python3
"""Reads the device code of every kernel: nothing flushed, nothing approximate, nothing contracted.

device_code_test.py FOLDER: where the build has left *.ptx of CUDA and */*.s of HIP. It says which of them there are
not, for want of a compiler; without both it is skipped (exit 77).
"""
import collections
import pathlib
import re
import sys

# Kernels whose definition has a fused multiply-add of binary32; in all others one would be a contraction.
FUSED = re.compile(r"(map_multiply_add|reduce_chunks)_f32|(product|convolution|transposed)_(large|small|flat)|"
                   r"sum_pool|sum_neighbours")
# The same of binary64; the elementary functions are sequences in it, with fused multiply-adds of their own.
FUSED_64 = re.compile(r"map_(a?(sin|cos|tan)h?|expm?1?|log(1p)?|erf|power)|(map_multiply_add|reduce_chunks)_f64|"
                      r"double_(product|convolution|transposed)_small")
FORBIDDEN = re.compile(r"\.ftz\b|\.approx\b|\.full\b|^\s*(ex2|lg2|sin|cos|tanh|rsqrt|mad)\.(f|approx)|"
                       r"\b(add|sub|mul|div|sqrt|rcp|fma)\.(rz|rm|rp)\.")
# Division and square root name their rounding; without it they are approximate.
UNROUNDED = re.compile(r"\b(div|sqrt|rcp|fma)\.(f32|f64)\b")


def entries(text):
    """(name, body) of every kernel."""
    for match in re.finditer(r"\.entry\s+(\w+)\s*\((.*?)^\}", text, re.S | re.M):
        yield match.group(1), match.group(2)


def problems(text):
    found, names = [], []
    for name, body in entries(text):
        names.append(name)
        for line in body.splitlines():
            if FORBIDDEN.search(line) or UNROUNDED.search(line):
                found.append(f"{name}: {line.strip()}")
            elif "fma.rn.f32" in line and not FUSED.fullmatch(name):
                found.append(f"{name}: contracted: {line.strip()}")
            elif "fma.rn.f64" in line and not FUSED_64.fullmatch(name):
                found.append(f"{name}: contracted: {line.strip()}")
    return found, names


def sample(name, line):
    return f".visible .entry {name}(\n.param .u64 p\n)\n{{\n\t{line}\n\tret;\n}}\n"


def check_the_check():
    """What must be found is found, and nothing else."""
    bad = ["fma.rn.ftz.f32 %f1, %f2, %f3, %f4;", "add.ftz.f32 %f1, %f2, %f3;", "div.full.f32 %f1, %f2, %f3;",
           "sqrt.approx.f32 %f1, %f2;", "ex2.approx.ftz.f32 %f1, %f2;", "div.approx.f32 %f1, %f2, %f3;",
           "fma.rn.f32 %f1, %f2, %f3, %f4;", "fma.rn.f64 %d1, %d2, %d3, %d4;", "add.rz.f32 %f1, %f2, %f3;"]
    good = ["add.f32 %f1, %f2, %f3;", "mul.rn.f32 %f1, %f2, %f3;", "div.rn.f32 %f1, %f2, %f3;",
            "sqrt.rn.f32 %f1, %f2;", "div.u64 %rd1, %rd2, %rd3;", "mad.lo.s64 %rd1, %rd2, %rd3, %rd4;"]
    for line in bad:
        assert problems(sample("map_unary_f32", line))[0], line
    for line in good:
        assert not problems(sample("map_unary_f32", line))[0], line
    assert not problems(sample("product_large", "fma.rn.f32 %f1, %f2, %f3, %f4;"))[0]
    assert problems(sample("product_large", "fma.rn.ftz.f32 %f1, %f2, %f3, %f4;"))[0]


# AMD has no instructions for division, square root, division of 64-bit integers, and f64 to 64-bit integers: they are
# sequences, in which so many multiply-adds stand for each of these instructions. One more is a contraction.
SEQUENCES_32 = {"v_div_fixup_f32": 5, "v_sqrt_f32": 2, "v_trunc_f32": 2}
SEQUENCES_64 = {"v_div_fixup_f64": 5, "v_rsq_f64": 7, "v_floor_f64": 1}
MULTIPLY_ADD = re.compile(r"v_(?:pk_)?(?:fma|fmac|mac|mad|fmaak|fmamk|madak|madmk)_(f16|f32|f64)")
APPROXIMATE = re.compile(r"v_(exp|log|sin|cos)_f(16|32)|v_(mad|fma|mac|rcp|rsq|sqrt)_(legacy|f16)")
MODES = {"denorm_mode_32": "3", "denorm_mode_16_64": "3", "round_mode_32": "0", "round_mode_16_64": "0"}


def amd_problems(text):
    found, names = [], []
    for match in re.finditer(r"^(\w+):[^\n]*\n(.*?)\.end_amdhsa_kernel", text, re.S | re.M):
        name, body = match.group(1), match.group(2)
        names.append(name)
        instructions = re.findall(r"^\s+(v_\w+)", body, re.M)
        counted = collections.Counter(re.sub(r"_(e32|e64|dpp|sdwa)$", "", one) for one in instructions)
        fused = collections.Counter(match.group(1) for match in map(MULTIPLY_ADD.match, instructions) if match)
        for width, sequences, kernels in (("f32", SEQUENCES_32, FUSED), ("f64", SEQUENCES_64, FUSED_64)):
            allowed = sum(count * counted[one] for one, count in sequences.items())
            if fused[width] > allowed and not kernels.fullmatch(name):
                found.append(f"{name}: {fused[width]} multiply-adds of {width}, {allowed} in divisions and roots")
        found += [f"{name}: {one}" for one in instructions if APPROXIMATE.match(one)]
        for mode, value in MODES.items():
            if not re.search(rf"\.amdhsa_float_{mode} {value}\b", body):
                found.append(f"{name}: {mode} is not {value}")
    return found, names


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


def scan(what, files, find, least):
    """Whether code of this kind is there and clean."""
    found, names = [], []
    for path in files:
        of_file, kernels = find(path.read_text())
        found += [f"{path.name}: {line}" for line in of_file]
        names += kernels
    print("\n".join(found) or f"{what}: {len(names)} kernels in {len(files)} files: clean")
    return not found and len(names) >= least


def main():
    check_the_check()
    check_the_amd_check()
    folder = pathlib.Path(sys.argv[1])
    kinds = [("PTX", "nvcc", sorted(folder.glob("*.ptx")), problems, 100),
             ("AMD assembly", "hipcc", sorted(folder.glob("*/*.s")), amd_problems, 200)]
    clean = True
    for what, compiler, files, find, least in kinds:
        if files:
            clean = scan(what, files, find, least) and clean
        else:
            print(f"NOT READ: {what}; the build has made none, for want of {compiler}")
    print("NOT READ: machine code of NVIDIA; ptxas makes it of the PTX, and no disassembler is asked")
    if not any(files for _, _, files, _, _ in kinds):
        return 77
    return 0 if clean else 1


sys.exit(main())
