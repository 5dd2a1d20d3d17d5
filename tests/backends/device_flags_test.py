#!/usr/bin/env python3
"""Every flag that keeps device code exact is needed, and its loss is found: kernels compiled with one flag turned round.

device_flags_test.py INCLUDE SOURCE NVCC FLAG...: the folder of headers, kernels.cu, and what the build compiles it with.
Without nvcc it is skipped (exit 77).
"""
import pathlib
import subprocess
import sys
import tempfile

from device_code import ptx_problems

# A sum of a product, a quotient and a root, of f32 and f64, and a kernel whose definition fuses them.
KERNELS = """ISOTRACE_KERNEL(map_unary_f32, ForEach<MapUnary<float>>)
ISOTRACE_KERNEL(map_unary_f64, ForEach<MapUnary<double>>)
ISOTRACE_KERNEL(map_multiply_add_f32, ForEach<MapMultiplyAdd<float>>)
"""
TURNED = {"-fmad=false": ("-fmad=true", "contracted"), "-ftz=false": ("-ftz=true", ".ftz"),
          "-prec-div=true": ("-prec-div=false", "div."), "-prec-sqrt=true": ("-prec-sqrt=false", "sqrt.approx")}


def compile_ptx(folder, include, source, nvcc, flags):
    definitions = folder / "isotrace/backends/gpu/kernels.def"
    definitions.parent.mkdir(parents=True, exist_ok=True)
    definitions.write_text(KERNELS)
    out = folder / "kernels.ptx"
    subprocess.run([nvcc, *flags, "-arch=compute_90", "-ptx", f"-I{folder}", f"-I{include}", source, "-o", str(out)],
                   check=True)
    return out.read_text()


def main():
    include, source, nvcc, *flags = sys.argv[1:]
    if not nvcc or nvcc.endswith("NOTFOUND"):
        print("NOT TRIED: flags of nvcc, for want of nvcc")
        return 77
    assert set(TURNED) <= set(flags), f"not among the flags: {set(TURNED) - set(flags)}"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        found, names = ptx_problems(compile_ptx(folder, include, source, nvcc, flags))
        assert not found and len(names) == 3, (found, names)
        for flag, (turned, sign) in TURNED.items():
            changed = [turned if one == flag else one for one in flags]
            found, names = ptx_problems(compile_ptx(folder, include, source, nvcc, changed))
            assert len(names) == 3, names
            assert any(sign in line for line in found), f"{turned} is not found: {found}"
            print(f"{turned}: {len(found)} lines found, the first: {found[0]}")
    return 0


sys.exit(main())
