#!/usr/bin/env python3
"""Translates the PTX that nvcc made of the kernels to C++, instruction by instruction, for tests without a device.

ptx_to_cpp.py OUT PTX...: writes one C++ file that is compiled with ptx_machine.hpp to a library. Its threads run up to
where they meet, a barrier or a product of tensor cores, in either order. What it does not know it refuses to translate.
"""
import pathlib
import re
import sys

CTYPES = {"u": "std::uint{}_t", "s": "std::int{}_t", "b": "std::uint{}_t"}
INTEGER = {"add": "+", "sub": "-", "and": "&", "or": "|", "xor": "^"}
FLOAT = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def ctype(name):
    """C++'s name of a type of PTX."""
    if name == "pred":
        return "bool"
    if name[0] == "f":
        return {"f32": "float", "f64": "double"}[name]
    return CTYPES[name[0]].format(name[1:])


class Kernel:
    def __init__(self, name, parameters, body, globals_):
        self.name, self.globals, self.lines = name, globals_, []
        self.registers, self.shared, self.shared_size, self.local_size = {}, {}, 0, 0
        self.resume = 0
        self.threads = 0
        self.sites = 0  # instructions that touch memory
        self.parts = []  # of the code, that go on without a branch: [instructions, fused multiply-adds]
        self.parameters = re.findall(r"\.param\s+(?:\.align\s+\d+\s+)?\.\w+\s+(\w+)(?:\[(\d+)\])?", parameters)
        threads = re.search(r"\.maxntid (\d+), 1, 1", body)
        self.threads = int(threads.group(1))
        body = body[body.index("{") + 1:]
        body = re.sub(r"//[^\n]*", "", body)
        self.begin_part()
        for line in re.findall(r"\$?\w+:|[^;\n]+;", re.sub(r"\{\s*\n", "{", body)):
            self.translate(line.strip())

    # Operands

    def register(self, text):
        return f"R.{text[1:].replace('%', '')}"

    def value(self, text, kind):
        """An operand, as a number of this type."""
        text = text.strip()
        of = ctype(kind)
        if text in ("%tid.x", "%ctaid.x", "%ctaid.y", "%ctaid.z"):
            return {"%tid.x": "at.thread", "%ctaid.x": "at.x", "%ctaid.y": "at.y", "%ctaid.z": "at.z"}[text]
        if text.startswith("%"):
            return f"as<{of}>({self.register(text)})"
        if re.fullmatch(r"0f[0-9A-F]{8}", text):
            return f"as<{of}>(std::uint32_t{{0x{text[2:]}}})"
        if re.fullmatch(r"0d[0-9A-F]{16}", text):
            return f"as<{of}>(std::uint64_t{{0x{text[2:]}}})"
        if re.fullmatch(r"-?(0x[0-9A-Fa-f]+|\d+)", text):
            return f"static_cast<{of}>({hex(int(text, 0) & 0xFFFFFFFFFFFFFFFF)}ULL)"
        return f"static_cast<{of}>({self.address(text)})"

    def address(self, text):
        """Of a variable: shared memory is counted from its beginning, all else is the host's."""
        if text in self.shared:
            return str(self.shared[text])
        if text.startswith("__local_depot"):
            return "reinterpret_cast<std::uint64_t>(R.local)"
        for number, (name, _) in enumerate(self.parameters):
            if text == name:
                return f"reinterpret_cast<std::uint64_t>(parameters[{number}])"
        assert text in self.globals, f"{self.name}: operand {text}"
        return f"reinterpret_cast<std::uint64_t>(&{text})"

    def memory(self, text, space):
        base, _, offset = text.strip()[1:-1].partition("+")
        at = self.value(base, "u64") if base.startswith("%") else self.address(base)
        return f"({at} + {int(offset or '0', 0)})"

    def store(self, register, expression):
        if register == "_":
            return
        self.lines.append(f"put({self.register(register)}, {expression});")

    # What ptx_counts.hpp counts

    def begin_part(self):
        self.lines.append(f"block.counts.enter({len(self.parts)});")
        self.parts.append([0, 0])

    def count(self, op):
        if op[:2] != ["ld", "param"] and op[0] != "cvta":  # operands of other instructions
            self.parts[-1][0] += 1
        self.parts[-1][1] += op[0] == "fma"

    def touch(self, space, at, size, access):
        if space in ("global", "shared", "local"):
            self.lines.append(f"block.counts.touch({self.sites}, Space::{space}, Access::{access}, {at}, {size}, at.thread);")
            self.sites += 1

    # Instructions

    def translate(self, line):
        if line.endswith(":"):
            self.lines.append(f"{line[1:] if line[0] == '$' else line};")
            self.begin_part()
            return
        line = re.sub(r"^\{\s*(?=\.reg)", "", line.rstrip(";")).strip()  # a scope with a register of its own
        if line.startswith("."):
            self.declare(line)
            return
        guard = re.match(r"@(!?)(%p\d+)\s+", line)
        if guard:
            line = line[guard.end():]
            self.lines.append(f"if ({guard.group(1)}{self.register(guard.group(2))})")
            self.lines.append("{")
        opcode, _, rest = line.partition(" ") if " " in line else line.partition("\t")
        operands = [one.strip() for one in re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s][^,]*", rest)]
        op = opcode.strip().split(".")
        self.count(op)
        self.instruction(op, operands)
        if guard:
            self.lines.append("}")
        if op[0] in ("bra", "bar", "mma"):
            self.begin_part()

    def declare(self, line):
        words = line.split()
        if words[0] == ".reg":
            name, count = re.match(r"%(\w+)(?:<(\d+)>)?", words[2]).groups()
            width = {"pred": "bool"}.get(words[1][1:]) or f"std::uint{words[1][2:]}_t"
            for number in range(int(count)) if count else [""]:
                known = self.registers.setdefault(f"{name}{number}", width)  # by several scopes
                assert known == width, f"{self.name}: {name} has two types"
        elif words[0] == ".local":
            self.local_size = int(re.search(r"\[(\d+)\]", line).group(1))
        elif words[0] == ".shared":
            name, size = re.search(r"(\w+)\[(\d+)\]$", line).groups()
            self.shared[name] = self.shared_size
            self.shared_size += (int(size) + 15) // 16 * 16
        else:
            assert words[0] in (".loc", ".pragma"), line

    def meet(self, code):
        """Where a thread waits for others, and what it goes on with."""
        self.resume += 1
        self.lines.append(f"R.state = {self.resume}; return {code}; resume_{self.resume}:;")

    def instruction(self, op, operands):
        name, kind = op[0], op[-1]
        if name in ("ret", "exit", "trap"):
            self.lines.append("return trapped;" if name == "trap" else "return finished;")
        elif name == "bra":
            self.lines.append(f"goto {operands[0].lstrip('$')};")
        elif name == "bar":
            self.meet("at_barrier")
        elif name == "cp":
            self.copy(op, operands)
        elif name == "mma":
            self.tensor_product(op, operands)
        elif name == "ld":
            self.load(op, kind, operands)
        elif name == "st":
            values = operands[1].strip("{}").split(",")
            at = self.memory(operands[0], op[1])
            self.touch(op[1], at, len(values) * int(kind[1:]) // 8, "write")
            for i, one in enumerate(values):
                self.lines.append(f"write<{ctype(kind)}>({self.place(op[1], at, kind, i)}, {self.value(one, kind)});")
        elif name == "atom":
            assert op[1:3] == ["global", "add"], op
            self.lines.append(f"{{ auto& word = *reinterpret_cast<{ctype(kind)}*>({self.memory(operands[1], 'global')}); "
                              f"const auto old = word; word += {self.value(operands[2], kind)}; "
                              f"put({self.register(operands[0])}, old); }}")
        elif name == "cvta":
            self.store(operands[0], self.value(operands[1], "u64"))
        elif name == "cvt":
            self.convert(op, operands)
        elif name == "mov" and "{" in operands[0] + operands[1]:
            self.move_parts(kind, operands)
        elif name == "setp":
            self.compare(op[1], kind, operands)
        else:
            self.store(operands[0], self.expression(op, kind, operands[1:]))

    def place(self, space, at, kind, i):
        size = int(kind[1:]) // 8
        place = f"{at} + {i * size}"
        return f"block.shared.{{}}({place}, {size}, at.thread)" if space == "shared" else place

    def load(self, op, kind, operands):
        at = self.memory(operands[1], op[1])
        self.touch(op[1], at, len(operands[0].split(",")) * int(kind[1:]) // 8, "read")
        for i, register in enumerate(operands[0].strip("{}").split(",")):
            place = self.place(op[1], at, kind, i)
            self.store(register.strip(), f"read<{ctype(kind)}>({place})")

    def copy(self, op, operands):
        """cp.async: copies to shared memory that go on until the thread waits for them."""
        assert op[1] == "async", op
        if op[2] == "commit_group":
            self.lines.append("block.commit_copies(at.thread);")
        elif op[2] in ("wait_group", "wait_all"):
            last, every = (operands[0], "false") if op[2] == "wait_group" else ("0", "true")
            self.lines.append(f"block.wait_for_copies(at.thread, {last}, {every});")
        else:
            assert op[2] in ("ca", "cg") and op[3:5] == ["shared", "global"] and len(operands) == 3, op
            to, source = self.memory(operands[0], "shared"), self.memory(operands[1], "global")
            self.touch("shared", to, int(operands[2]), "write")
            self.touch("global", source, int(operands[2]), "read")
            self.lines.append(f"block.start_copy({to}, {source}, {int(operands[2])}, at.thread);")

    def move_parts(self, kind, operands):
        half = int(kind[1:]) // 2
        if operands[0].startswith("{"):
            for i, part in enumerate(operands[0].strip("{}").split(",")):
                self.store(part.strip(), f"{self.value(operands[1], kind)} >> {half * i}")
        else:
            low, high = (self.value(part, f"u{half}") for part in operands[1].strip("{}").split(","))
            self.store(operands[0], f"{ctype(kind)}{{{high}}} << {half} | {low}")

    def compare(self, how, kind, operands):
        a, b = self.value(operands[1], kind), self.value(operands[2], kind)
        if kind[0] != "f" or how in COMPARE:
            text = f"{a} {COMPARE[how]} {b}"
            if how == "ne" and kind[0] == "f":
                text = f"({a} == {a} && {b} == {b} && {text})"
        elif how in ("num", "nan"):
            text = f"{'' if how == 'num' else '!'}({a} == {a} && {b} == {b})"
        else:  # or one of them is NaN
            text = f"!({a} == {a} && {b} == {b}) || {a} {COMPARE[how[:-1]]} {b}"
        self.store(operands[0], text)

    def convert(self, op, operands):
        to, of = op[-2], op[-1]
        mode = op[1] if len(op) == 4 else ""
        x = self.value(operands[1], of)
        if to[0] == "f" and of[0] == "f" and mode in ("rni", "rmi", "rpi", "rzi"):
            function = {"rni": "rint", "rmi": "floor", "rpi": "ceil", "rzi": "trunc"}[mode]
            self.store(operands[0], f"std::{function}({x})")
        elif to[0] != "f" and of[0] == "f":
            assert mode == "rzi", op
            self.store(operands[0], f"truncate<{ctype(to)}>({x})")
        else:
            assert mode == ("rn" if to[0] == "f" and of != "f32" else ""), op
            x = f"static_cast<{ctype(to)}>({x})"
            self.store(operands[0], f"result({x})" if to[0] == "f" else x)

    def expression(self, op, kind, operands):
        name = op[0]
        if name == "mov":
            return self.value(operands[0], kind)
        if name == "selp":
            a, b = self.value(operands[0], kind), self.value(operands[1], kind)
            return f"{self.value(operands[2], 'pred')} ? {a} : {b}"
        if name == "dp4a":
            a, b = ("true" if one == "s32" else "false" for one in op[1:3])
            x, y, z = (self.value(one, "u32") for one in operands)
            return f"dot_bytes<{a}, {b}>({x}, {y}, {z})"
        if name == "shf":
            assert op == ["shf", "l", "wrap", "b32"], op
            return "funnel({}, {}, {})".format(*(self.value(one, "u32") for one in operands))
        if name == "bfi":
            wide = self.value(operands[0], kind), self.value(operands[1], kind)
            return "insert_bits({}, {}, {}, {})".format(*wide, *(self.value(one, "u32") for one in operands[2:]))
        if name in ("shl", "shr"):
            return f"shift_{name[2]}({self.value(operands[0], kind)}, {self.value(operands[1], 'u32')})"
        if name == "mul" and op[1] == "wide":
            wide = ctype(f"{kind[0]}{2 * int(kind[1:])}")
            return f"{wide}{{{self.value(operands[0], kind)}}} * {self.value(operands[1], kind)}"
        values = [self.value(one, kind) for one in operands]
        if kind[0] == "f":
            return self.real(op, values)
        return self.whole(op, kind, values)

    def real(self, op, values):
        name = op[0]
        if name in ("neg", "abs", "copysign", "min", "max"):
            assert len(op) == 2, op
            return {"neg": "-{0}", "abs": "std::fabs({0})", "copysign": "std::copysign({1}, {0})",
                    "min": "least({0}, {1})", "max": "greatest({0}, {1})"}[name].format(*values)
        assert op[1] == "rn" and len(op) == 3, op
        if name == "fma":
            return "result(std::fma({}, {}, {}))".format(*values)
        if name in ("rcp", "sqrt"):
            return ("result(1 / {})" if name == "rcp" else "result(std::sqrt({}))").format(*values)
        return f"result({values[0]} {FLOAT[name]} {values[1]})"

    def whole(self, op, kind, values):
        name = op[0]
        if name in INTEGER and len(op) == 2:
            unsigned = ctype("pred" if kind == "pred" else f"u{kind[1:]}")
            a, b = (f"static_cast<{unsigned}>({one})" for one in values)
            return f"{a} {INTEGER[name]} {b}"
        if op[:2] in (["mul", "lo"], ["mad", "lo"]):
            product = f"std::uint64_t({values[0]}) * std::uint64_t({values[1]})"
            return f"static_cast<{ctype(kind)}>({product}{f' + {values[2]}' if name == 'mad' else ''})"
        if name in ("add", "addc", "sub", "subc"):
            flags = f"{str(name.endswith('c')).lower()}, {str(op[1] == 'cc').lower()}"
            return f"{'sum' if name[0] == 'a' else 'difference'}_with_carry<{ctype(kind)}, {flags}>(R.carry, {values[0]}, {values[1]})"
        if op[:2] == ["mul", "hi"]:
            return f"high_half<{ctype(kind)}>({values[0]}, {values[1]})"
        if name in ("div", "rem"):
            return f"{'quotient' if name == 'div' else 'rest'}(block, {values[0]}, {values[1]})"
        if name in ("min", "max"):
            return f"std::{name}({values[0]}, {values[1]})"
        if name == "not":
            return f"{'!' if kind == 'pred' else '~'}{values[0]}"
        if name in ("neg", "abs"):
            negative = f"0 - std::uint64_t({values[0]})"
            return negative if name == "neg" else f"{values[0]} < 0 ? {negative} : std::uint64_t({values[0]})"
        raise AssertionError(f"{self.name}: {'.'.join(op)}")

    def tensor_product(self, op, operands):
        """Leaves the fragments where the warp finds them, and takes the sums from there."""
        assert op[:6] == ["mma", "sync", "aligned", "m16n8k32", "row", "col"] and op[6] == op[9] == "s32", op
        d, a, b, c = (one.strip("{}").replace(" ", "").split(",") for one in operands)
        for field, parts in (("a", a), ("b", b), ("c", c)):
            for i, part in enumerate(parts):
                self.lines.append(f"R.fragment.{field}[{i}] = {self.value(part, 'u32')};")
        for field, of in (("a", op[7]), ("b", op[8])):
            self.lines.append(f"R.fragment.{field}_signed = {'true' if of == 's8' else 'false'};")
        self.lines.append(f"R.fragment.number = {self.resume + 1};")
        self.meet("at_tensor_product")
        for i, register in enumerate(d):
            self.store(register, f"R.fragment.d[{i}]")

    def text(self):
        fields = "".join(f"  {of} {name};\n" for name, of in self.registers.items())
        body = []
        for line in self.lines:
            body.append("  " + line.replace(".{}(", ".write(" if line.startswith("write<") else ".read("))
        resumes = "".join(f"case {i}: goto resume_{i}; " for i in range(1, self.resume + 1))
        parts = ", ".join(f"{{{one}, {fused}}}" for one, fused in self.parts)
        return (f"constexpr Part {self.name}_parts[] = {{{parts}}};\n"
                f"struct {self.name}_thread : Thread {{\n{fields}  std::uint8_t local[{max(self.local_size, 1)}];\n}};\n"
                f"Meeting {self.name}_run([[maybe_unused]] Block& block, [[maybe_unused]] const Place& at, Thread& thread,\n"
                "    [[maybe_unused]] const std::uint8_t* const (&parameters)[2]) {\n"
                f"  auto& R = static_cast<{self.name}_thread&>(thread);\n"
                f"  switch (R.state) {{ {resumes}default: break; }}\n" + "\n".join(body) + "\n  return finished;\n}\n")

    def row(self):
        return (f'  {{"{self.name}", {self.threads}, {self.shared_size}, {self.parameters[0][1]}, '
                f"&{self.name}_run, &make_threads<{self.name}_thread>, &{self.name}_parts[0], {len(self.parts)}}},\n")


def globals_of(text):
    """(name, definition) of every table."""
    for match in re.finditer(r"^\.(?:global|const) \.align (\d+) \.b8 (\w+)\[(\d+)\](?: = \{([^}]*)\})?;", text, re.M):
        align, name, size, values = match.groups()
        yield name, f"alignas({align}) const std::uint8_t {name}[{size}] = {{{values or ''}}};\n"


def main():
    out, *files = sys.argv[1:]
    text, rows = '#include <tests/backends/ptx_machine.hpp>\n\nnamespace {\n', ""
    for file in files:
        ptx = pathlib.Path(file).read_text()
        tables = dict(globals_of(ptx))
        prefix = pathlib.Path(file).stem
        text += f"namespace {prefix} {{\n" + "".join(tables.values())
        for match in re.finditer(r"\.entry\s+(\w+)\s*\((.*?)\)(.*?)^\}", ptx, re.S | re.M):
            kernel = Kernel(*match.groups(), tables)
            text += kernel.text()
            rows += kernel.row().replace("&", f"&{prefix}::").replace(f"&{prefix}::make_threads<",
                                                                      f"&make_threads<{prefix}::")
        text += "}\n"
    text += "}\n\nconst Kernel ptx_kernels[] = {\n" + rows + "};\nconst std::size_t ptx_kernel_count = std::size(ptx_kernels);\n"
    pathlib.Path(out).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
