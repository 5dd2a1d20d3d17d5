#!/usr/bin/env python3
"""What ptxas makes of the kernels: no registers spilled to memory, and as many warps side by side as the kernels are planned for.

device_registers_test.py FOLDER NVCC: where the build has left *.ptx, and nvcc, beside which ptxas lies. Without device code
it is skipped (exit 77). Prints registers, shared memory and warps per multiprocessor of the kernels with a plan.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from device_code import entries

# Warps per multiprocessor: what each kernel keeps in registers and shared memory was chosen for them.
PLANNED = {"product_large": 16, "product_medium": 12, "double_product_medium": 12, "product_row": 8, "product_rows": 8,
           "product_flat": 8, "softmax_rows": 32, "normalise_rows": 40, "map_unary_f32": 64, "map_binary_f32": 48,
           "hash_chunks": 16}
# The share of multiply-adds in the longest piece of PTX without a branch, which is the inner loop.
FUSED = {"product_large": 0.91, "product_medium": 0.88, "double_product_medium": 0.8}
# Per architecture: registers and shared memory of a multiprocessor, and warps.
UNITS = {"sm_80": (65536, 164 << 10, 64), "sm_90": (65536, 228 << 10, 64)}
RESERVED = 1024  # bytes of shared memory per block
USAGE = re.compile(r"Compiling entry function '(\w+)'.*?(\d+) bytes spill stores, (\d+) bytes spill loads"
                   r".*?Used (\d+) registers([^\n]*)", re.S)


def warps(architecture, threads, registers, shared):
    """As many as registers and shared memory allow: registers are given to warps in units of 256."""
    all_registers, all_shared, most = UNITS[architecture]
    of_block = threads // 32
    by_registers = all_registers // ((registers * 32 + 255) // 256 * 256) // of_block
    by_shared = all_shared // (shared + RESERVED)
    return min(by_registers, by_shared, most // of_block, 32) * of_block


def usage(ptxas, path, architecture):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / path.name  # the PTX uses nothing that only its own target has
        source.write_text(re.sub(r"^\.target \w+", f".target {architecture}", path.read_text(), flags=re.M))
        command = [ptxas, "-v", f"-arch={architecture}", str(source), "-o", str(source) + ".cubin"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    for name, stores, loads, registers, rest in USAGE.findall(told):
        shared = re.search(r"(\d+) bytes smem", rest)
        yield name, int(stores) + int(loads), int(registers), int(shared.group(1)) if shared else 0


def fused_share(body):
    pieces = re.split(r"^\$?\w+:|^\s*(?:@!?%p\d+\s+)?bra[^\n]*\n", body, flags=re.M)
    piece = max(pieces, key=lambda text: text.count("fma.rn"))
    lines = [line.strip() for line in piece.splitlines()]
    instructions = [line for line in lines if line and not line.startswith(("//", ".", "{", "}"))]
    return sum(line.startswith("fma.rn") for line in instructions) / len(instructions)


def check_the_check():
    assert warps("sm_90", 256, 128, 33792) == 16 and warps("sm_90", 256, 129, 0) == 8
    assert warps("sm_90", 32, 32, 100 << 10) == 2 and warps("sm_80", 256, 32, 0) == 64
    told = ("ptxas info    : Compiling entry function 'f' for 'sm_90'\n    8 bytes stack frame, 4 bytes spill stores, 4 bytes "
            "spill loads\nptxas info    : Used 128 registers, used 1 barriers, 33792 bytes smem\n")
    assert USAGE.findall(told) == [("f", "4", "4", "128", ", used 1 barriers, 33792 bytes smem")]
    assert fused_share("$L1:\n\tfma.rn.f32 a;\n\tld.shared.f32 b;\n\t@%p1 bra $L1;\n") == 0.5


def main():
    check_the_check()
    folder, nvcc = pathlib.Path(sys.argv[1]), sys.argv[2]
    families = sorted(folder.glob("*.ptx"))
    ptxas = pathlib.Path(nvcc).resolve().parent / "ptxas"
    if not families or not os.access(ptxas, os.X_OK):
        print("NOT READ: registers of NVIDIA's devices; the build has made no PTX, or there is no ptxas")
        return 77
    found, seen, threads = [], set(), {}
    for path in families:
        for name, body in entries(path.read_text()):
            threads[name] = int(re.search(r"\.maxntid (\d+)", body).group(1))
            if name in FUSED:
                share = fused_share(body)
                print(f"{name}: {share:.3f} of the inner loop are multiply-adds")
                if share < FUSED[name]:
                    found.append(f"{name}: {share:.3f} of the inner loop are multiply-adds, planned are {FUSED[name]}")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [(one, path) for one in UNITS for path in families]
        for (architecture, _), kernels in zip(jobs, pool.map(lambda job: list(usage(ptxas, job[1], job[0])), jobs)):
            for name, spilled, registers, shared in kernels:
                seen.add((architecture, name))
                of_unit = warps(architecture, threads[name], registers, shared)
                if spilled:
                    found.append(f"{name}, {architecture}: {spilled} bytes of registers spilled")
                if name in PLANNED:
                    print(f"{architecture} {name:24} {registers:4} registers {shared:6} bytes shared {of_unit:3} warps")
                    if of_unit < PLANNED[name]:
                        found.append(f"{name}, {architecture}: {of_unit} warps, planned are {PLANNED[name]}")
    found += [f"{name}, {one}: was not compiled" for one in UNITS for name in threads if (one, name) not in seen]
    found += [f"{name}: no such kernel" for name in {*PLANNED, *FUSED} - set(threads)]
    print("\n".join(found) or f"{len(threads)} kernels for {len(UNITS)} architectures: nothing spilled")
    return 1 if found else 0


sys.exit(main())
