#!/usr/bin/env python3
"""Every flag that keeps device code exact is needed, and its loss is found: kernels compiled with one flag turned round.

device_flags_test.py INCLUDE SOURCE NVCC HIPCC FLAG... -- FLAG...: the folder of headers, kernels.cu, and what the build
compiles it with: nvcc's flags, then hipcc's. It says which compiler there is not; without both it is skipped (exit 77).
"""
import pathlib
import subprocess
import sys
import tempfile

from amd_code import find_objdump
from device_code import amd_problems, ptx_problems

# A sum of a product, a quotient and a root, of f32 and f64, and a kernel whose definition fuses them.
KERNELS = """ISOTRACE_KERNEL(map_unary_f32, ForEach<MapUnary<float>>)
ISOTRACE_KERNEL(map_unary_f64, ForEach<MapUnary<double>>)
ISOTRACE_KERNEL(map_multiply_add_f32, ForEach<MapMultiplyAdd<float>>)
"""
TURNED = {"-fmad=false": ("-fmad=true", "contracted"), "-ftz=false": ("-ftz=true", ".ftz"),
          "-prec-div=true": ("-prec-div=false", "div."), "-prec-sqrt=true": ("-prec-sqrt=false", "sqrt.approx")}
HIP_TURNED = {"-ffp-contract=off": ("-ffp-contract=fast", "multiply-adds"),
              "-fno-fast-math": ("-ffast-math", "nothing corrects"),
              "-fhip-fp32-correctly-rounded-divide-sqrt":
                  ("-fno-hip-fp32-correctly-rounded-divide-sqrt", "multiply-adds of f32"),
              "-fno-gpu-flush-denormals-to-zero": ("-fgpu-flush-denormals-to-zero", "v_rsq_f32")}


def write_definitions(folder):
    definitions = folder / "isotrace/backends/gpu/kernels.def"
    definitions.parent.mkdir(parents=True, exist_ok=True)
    definitions.write_text(KERNELS)


def try_flags(of, flags, turned, read, kernels):
    """`read` compiles with flags and returns problems and kernels."""
    assert set(turned) <= set(flags), f"not among the flags: {set(turned) - set(flags)}"
    found, names = read(flags)
    assert not found and len(names) == kernels, (found, names)
    for flag, (other, sign) in turned.items():
        # Where flags contradict each other, the last one counts.
        found, names = read([one for one in flags if one != flag] + [other])
        assert len(names) == kernels, names
        signs = [line for line in found if sign in line]
        assert signs, f"{other} is not found: {found}"
        print(f"{of} {other}: {len(found)} lines found, one of them: {signs[0]}")


def try_nvcc(folder, include, source, nvcc, flags):
    def read(changed):
        out = folder / "kernels.ptx"
        subprocess.run([nvcc, *changed, "-arch=compute_90", "-ptx", f"-I{folder}", f"-I{include}", source, "-o", str(out)],
                       check=True)
        return ptx_problems(out.read_text())

    try_flags("nvcc", flags, TURNED, read, 3)


def try_hipcc(folder, include, source, hipcc, flags):
    objdump = find_objdump(hipcc)

    def read(changed):
        out = folder / "kernels.hsaco"
        subprocess.run([hipcc, *changed, "--genco", "--offload-arch=gfx90a", "-x", "hip", f"-I{folder}", f"-I{include}",
                        source, "-o", str(out)], check=True)
        return amd_problems(out, objdump)

    try_flags("hipcc", flags, HIP_TURNED, read, 3)


def main():
    include, source, nvcc, hipcc, *flags = sys.argv[1:]
    middle = flags.index("--")
    tried = False
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_definitions(folder)
        for compiler, attempt, of in ((nvcc, try_nvcc, flags[:middle]), (hipcc, try_hipcc, flags[middle + 1:])):
            if compiler and not compiler.endswith("NOTFOUND") and (attempt is try_nvcc or find_objdump(compiler)):
                attempt(folder, include, source, compiler, of)
                tried = True
            else:
                print(f"NOT TRIED: flags of {'nvcc' if attempt is try_nvcc else 'hipcc'}, which or whose disassembler is absent")
    return 0 if tried else 77


sys.exit(main())
