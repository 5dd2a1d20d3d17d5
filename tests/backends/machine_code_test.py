#!/usr/bin/env python3
"""Reads the machine code that ptxas makes of every kernel, where a disassembler exists.

machine_code_test.py FOLDER COMPILER INCLUDE NVCC: where the build has left *.ptx and *.fatbin, a C++ compiler with the
folder of headers, and nvcc. cuobjdump or nvdisasm are looked for beside nvcc and on the path; without one, or without
device code, the test says what was not read and is skipped (exit 77). What it looks for is tried on samples first.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from device_code import entries, kernel_names, sass_problems


def sample(name, line):
    return f"\t\tFunction : {name}\n\t.headerflags @\"EF_CUDA_SM90\"\n        /*0010*/  {line} ;  /* 0x0 */\n"


def check_the_check():
    plain = {"map_unary_f32": "add.rn.f32 %f1, %f2, %f3;", "product_large": "fma.rn.f32 %f1, %f2, %f3, %f4;",
             "map_binary_f32": "div.rn.f32 %f1, %f2, %f3;"}
    for name, bad in (("map_unary_f32", "FFMA R0, R1, R2, R3"), ("map_unary_f32", "FADD.FTZ R0, R1, R2"),
                      ("map_unary_f32", "DFMA R0, R2, R4, R6"), ("product_large", "FFMA.FTZ R0, R1, R2, R3"),
                      ("map_binary_f32", "MUFU.EX2 R0, R1")):
        assert sass_problems(sample(name, bad), plain)[0], bad
    for name, good in (("map_unary_f32", "FADD R0, R1, R2"), ("map_unary_f32", "F2I.FTZ.U32.TRUNC.NTZ R0, R1"),
                       ("product_large", "FFMA R0, R1, R2, R3"), ("map_binary_f32", "FFMA R0, R1, R2, R3")):
        assert sass_problems(sample(name, good), plain) == ([], [name]), good
    section = ".section\t.text.map_unary_f32,\"ax\"\n  /*0010*/ FFMA R0, R1, R2, R3 ;\n"
    assert sass_problems(section, plain)[0]


def find_tool(name, nvcc):
    beside = pathlib.Path(nvcc).resolve().parent / name
    return str(beside) if os.access(beside, os.X_OK) else shutil.which(name)


def disassemble(folder, path, nvcc):
    """Machine code of one family, or nothing where no tool prints it."""
    cuobjdump, nvdisasm = find_tool("cuobjdump", nvcc), find_tool("nvdisasm", nvcc)
    if cuobjdump:
        command = [cuobjdump, "-sass", str(path.with_suffix(".fatbin"))]
    elif nvdisasm:
        cubin = folder / f"{path.stem}.cubin"
        subprocess.run([find_tool("ptxas", nvcc), "-arch=sm_90", str(path), "-o", str(cubin)], check=True)
        command = [nvdisasm, "-c", str(cubin)]
    else:
        return None
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main():
    check_the_check()
    build, compiler, include, nvcc = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
    families = sorted(build.glob("*.ptx"))
    if not families:
        print("NOT READ: machine code of NVIDIA; the build has made none, for want of nvcc")
        return 77
    found, names = [], []
    with tempfile.TemporaryDirectory() as folder:
        for path in families:
            text = disassemble(pathlib.Path(folder), path, nvcc)
            if text is None:
                print("NOT READ: machine code of NVIDIA; neither cuobjdump nor nvdisasm is beside nvcc or on the path")
                return 77
            of_family, kernels = sass_problems(text, dict(entries(path.read_text())))
            found += of_family
            names += kernels
    found += [f"no machine code of {name} was read" for name in set(kernel_names(compiler, include)) - set(names)]
    print("\n".join(sorted(found)) or f"machine code: {len(set(names))} kernels: clean")
    return 1 if found else 0


sys.exit(main())
