#!/usr/bin/env python3
"""Reads the PTX of every kernel: nothing flushed, nothing approximate, nothing contracted.

device_code_test.py FOLDER: where the build has left *.ptx. Without a compiler for CUDA there is none, and the test
says so and is skipped (exit 77).
"""
import pathlib
import re
import sys

# Kernels whose definition has a fused multiply-add of binary32; in all others one would be a contraction.
FUSED = re.compile(r"map_multiply_add|reduce_chunks|(product|convolution)_(large|small|flat)")
# The elementary functions are sequences in binary64 with fused multiply-adds of their own.
FUSED_64 = re.compile(r"map_(a?(sin|cos|tan)h?|expm?1?|log(1p)?|erf)")
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
        assert problems(sample("map_unary", line))[0], line
    for line in good:
        assert not problems(sample("map_unary", line))[0], line
    assert not problems(sample("product_large", "fma.rn.f32 %f1, %f2, %f3, %f4;"))[0]
    assert problems(sample("product_large", "fma.rn.ftz.f32 %f1, %f2, %f3, %f4;"))[0]


def main():
    check_the_check()
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.ptx"))
    if not files:
        print("SKIPPED: the build has made no PTX, for want of nvcc")
        return 77
    found, names = [], []
    for path in files:
        of_file, kernels = problems(path.read_text())
        found += [f"{path.name}: {line}" for line in of_file]
        names += kernels
    print("\n".join(found) or f"{len(names)} kernels in {len(files)} files: clean")
    return 1 if found or len(names) < 40 else 0


sys.exit(main())
