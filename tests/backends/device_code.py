"""What device code may contain, for the tests that read it: PTX, and machine code of AMD and of NVIDIA."""
import collections
import re
import subprocess
import tempfile

import amd_code

# Kernels whose definition has a fused multiply-add of binary32; in all others one would be a contraction.
FUSED = re.compile(r"(map_multiply_add|reduce_chunks|interpolate(_points)?|align_regions|sample_columns|determinants)_f32|"
                   r"(product|convolution|transposed)_(large|medium|small|flat|rows?)|"
                   r"sum_pool|sum_neighbours|normalise_rows")
# The same of binary64; the elementary functions are sequences in it, with fused multiply-adds of their own.
FUSED_64 = re.compile(r"map_(a?(sin|cos|tan)h?|exp|expm1|log|log1p|erf)(_f64)?|map_power_f(32|64)|make_turns_f(32|64)|map_window|softmax_rows|"
                      r"(map_multiply_add|reduce_chunks|interpolate(_points)?|align_regions|sample_columns|determinants)_f64|"
                      r"double_(product|convolution|transposed)_(medium|small|flat)")
FORBIDDEN = re.compile(r"\.ftz\b|\.approx\b|\.full\b|^\s*(ex2|lg2|sin|cos|tanh|rsqrt|mad)\.(f|approx)|"
                       r"\b(add|sub|mul|div|sqrt|rcp|fma)\.(rz|rm|rp)\.")
# Without its rounding, a division or a root is approximate, and ptxas may contract a multiplication and an addition
# (PTX ISA, add: "no rounding modifier"), whatever nvcc was told.
UNROUNDED = re.compile(r"\b(add|sub|mul|div|sqrt|rcp|fma)\.(f32|f64)\b")
# The minimum and maximum of PTX drop NaN. Of a number and a constant that is what `x > c ? x : c` says.
DROPS_NAN = re.compile(r"\b(min|max)\.(f32|f64)\b(?!.*\b0[fd][0-9A-F]{8,16}\b)")
# What all threads of a warp, or of a block, must execute.
DIVERGENT = re.compile(r"^\s*@!?%p\d+\s+(bar|barrier|mma)\.")


def entries(text):
    """(name, body) of every kernel."""
    for match in re.finditer(r"\.entry\s+(\w+)\s*\((.*?)^\}", text, re.S | re.M):
        yield match.group(1), match.group(2)


def ptx_problems(text):
    """What is wrong, and the kernels' names."""
    found, names = [], []
    for name, body in entries(text):
        names.append(name)
        for line in body.splitlines():
            if any(rule.search(line) for rule in (FORBIDDEN, UNROUNDED, DROPS_NAN, DIVERGENT)):
                found.append(f"{name}: {line.strip()}")
            elif "fma.rn.f32" in line and not FUSED.fullmatch(name):
                found.append(f"{name}: contracted: {line.strip()}")
            elif "fma.rn.f64" in line and not FUSED_64.fullmatch(name):
                found.append(f"{name}: contracted: {line.strip()}")
    return found, names


# AMD has no instructions for division, square root, division of 64-bit integers, and f64 to 64-bit integers: they are
# sequences, in which so many multiply-adds stand for each of these instructions. One more is a contraction, but the two by
# which kernels of binary64 settle what a division leaves (reference/math/quotient.hpp).
SEQUENCES_32 = {"v_div_fixup_f32": 5, "v_sqrt_f32": 2, "v_trunc_f32": 2}
SETTLES = re.compile(r"\w+_f64|make_triangles|align_regions_f32")
SETTLING = 2
SEQUENCES_64 = {"v_div_fixup_f64": 5, "v_rsq_f64": 7, "v_floor_f64": 1}
MULTIPLY_ADD = re.compile(r"v_(?:pk_)?(?:fma|fmac|fmaak|fmamk|mac|mad|madmk)_(f16|f32|f64)\b")
# Approximations begin sequences that correct them, and what the sequences end with says how many there may be. No
# fewer multiply-adds than those of a division and a root stand there.
APPROXIMATIONS = {"v_rcp_f32": ("v_div_fixup_f32", "v_trunc_f32"), "v_rcp_iflag_f32": ("v_cvt_u32_f32",),
                  "v_rcp_f64": ("v_div_fixup_f64",)}
CORRECTIONS = {"f32": {"v_div_fixup_f32": 5, "v_sqrt_f32": 2}, "f64": {"v_div_fixup_f64": 5, "v_rsq_f64": 7}}
AMD_FORBIDDEN = re.compile(
    r"v_(exp|log|sin|cos)_|v_(rsq|sqrt|rcp|exp|log|sin|cos)_f16|v_\w+_legacy|v_rsq_f32|v_sqrt_f64|v_mfma_f|v_dot\w*_f|"
    r"v_cvt_pkrtz|v_(min3|max3|med3)_f|v_pk_(min|max)_f|v_(mad|madak)_f|s_(round|denorm)_mode|"
    r"s_setreg\w* hwreg\((?!HW_REG_FLAT_SCR)|.* (clamp|mul:[24]|div:2)\b")
# These flush subnormal numbers. In divisions of 64-bit integers, which use no others than 2^32 and 0, they may.
AMD_FLUSHED = re.compile(r"v_mac_f32 v\d+, (?!(0x4f800000|0xcf800000|0),)|v_madmk_f32 v\d+, \S+ (?!(0x4f800000|0xcf800000),)")
# As DROPS_NAN: of a register with itself, which only quiets NaN, or with a number that is the same for all.
AMD_DROPS_NAN = re.compile(r"v_(min|max)_f(?:32|64) \S+ (v\S+), (?!\2$)v\S+$")
MODES = {"denorm_mode_32": 3, "denorm_mode_16_64": 3, "round_mode_32": 0, "round_mode_16_64": 0, "ieee_mode": 1,
         "dx10_clamp": 1}


def amd_kernel_problems(name, instructions, modes):
    """What is wrong with one kernel: its instructions as a disassembler prints them, and the modes that it begins with."""
    lines = [re.sub(r"^(\w+?)_(e32|e64|dpp|sdwa)\b", r"\1", one) for one in instructions]
    counted = collections.Counter(one.split()[0] for one in lines)
    fused = collections.Counter(match.group(1) for match in map(MULTIPLY_ADD.match, lines) if match)
    found = [one for one in lines
             if any(rule.match(one) for rule in (AMD_FORBIDDEN, AMD_FLUSHED, AMD_DROPS_NAN))]
    for width, sequences, kernels in (("f32", SEQUENCES_32, FUSED), ("f64", SEQUENCES_64, FUSED_64)):
        allowed = sum(count * counted[one] for one, count in sequences.items())
        if width == "f64" and SETTLES.fullmatch(name):
            allowed += SETTLING * counted["v_div_fixup_f64"]
        needed = sum(count * counted[one] for one, count in CORRECTIONS[width].items())
        if (fused[width] > allowed and not kernels.fullmatch(name)) or fused[width] < needed:
            found.append(f"{fused[width]} multiply-adds of {width}, {needed} to {allowed} in divisions and roots")
    for one, ends in APPROXIMATIONS.items():
        if counted[one] > sum(counted[end] for end in ends):
            found.append(f"{one} that nothing corrects")
    found += [f"{mode} is not {value}" for mode, value in MODES.items() if modes[mode] != value]
    return [f"{name}: {one}" for one in found]


def amd_problems(path, objdump):
    """As ptx_problems, of all machine code in a bundle of AMD's; names once per architecture."""
    found, names = [], []
    for architecture, data in amd_code.code_objects(path.read_bytes()).items():
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            functions = amd_code.disassemble(objdump, file.name)
        kernels = amd_code.CodeObject(data).kernels
        found += [f"{architecture}: {name} is called" for name in functions.keys() - kernels.keys()]
        for name, kernel in kernels.items():
            names.append(f"{architecture} {name}")
            lines = [text for _, _, text in functions[name]]
            found += [f"{architecture}: {one}" for one in amd_kernel_problems(name, lines, kernel.modes())]
    return found, names


# ptxas makes several instructions of a division or a root, with multiply-adds and flushed steps among them. Where the PTX
# of a kernel has none of these, its machine code has no such instructions either.
SEQUENCE = re.compile(r"\b(div|sqrt|rcp)\.rn\.(f32|f64)\b")
SASS_FLUSHED = re.compile(r"\b(FADD|FMUL|FFMA)\S*\.FTZ")
SASS_APPROXIMATE = re.compile(r"\bMUFU\.(EX2|LG2|SIN|COS|TANH)\b")
SASS_FUNCTION = re.compile(r"^\s*(?:Function : |\.section\s+\.text\.)(\w+)", re.M)


def sass_problems(text, ptx):
    """As ptx_problems, of what cuobjdump or nvdisasm print; `ptx` is {kernel: its PTX}."""
    found, names = [], []
    starts = list(SASS_FUNCTION.finditer(text))
    for match, end in zip(starts, [one.start() for one in starts[1:]] + [len(text)]):
        name, body = match.group(1), text[match.end():end]
        if name not in ptx:
            continue
        names.append(name)
        has_sequence = SEQUENCE.search(ptx[name]) is not None
        for line in body.splitlines():
            fused = re.search(r"\b(FFMA|DFMA)\b", line)
            kernels = FUSED if fused and fused.group(1) == "FFMA" else FUSED_64
            if SASS_APPROXIMATE.search(line):
                found.append(f"{name}: {line.strip()}")
            elif has_sequence:
                continue
            elif SASS_FLUSHED.search(line) or (fused and not kernels.fullmatch(name)):
                found.append(f"{name}: {line.strip()}")
    return found, names


def kernel_names(compiler, include, *macros):
    """The kernels of kernels.def, as a C++ preprocessor lists them."""
    text = ("#define ISOTRACE_ALL_FAMILIES\n#define ISOTRACE_KERNEL(name, ...) @name@\n"
            "#include <isotrace/backends/gpu/kernels.def>\n")
    command = [compiler, "-E", "-P", "-x", "c++", f"-I{include}", *[f"-D{macro}" for macro in macros], "-"]
    listed = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return sorted(re.findall(r"@\s*(\w+)\s*@", listed))
