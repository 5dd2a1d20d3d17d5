"""What hipcc left of the kernels, taken apart: bundles, code objects, kernels' descriptors, and the instructions as a
disassembler prints them. Nothing here comes from assembly on the way: it is what a device would be given."""
import os
import re
import shutil
import struct
import subprocess

BUNDLE = b"__CLANG_OFFLOAD_BUNDLE__"


def find_objdump(hipcc):
    """llvm-objdump, or nothing: that beside hipcc's clang, or any that is there."""
    beside = [f"/usr/lib/llvm-{version}/bin/llvm-objdump" for version in range(25, 13, -1)]
    rocm = os.path.join(os.path.dirname(os.path.realpath(hipcc)), "../llvm/bin/llvm-objdump") if hipcc else ""
    for path in [rocm, shutil.which("llvm-objdump") or "", *beside]:
        if path and os.access(path, os.X_OK):
            return path
    return None


def code_objects(data):
    """{architecture: ELF file} of a bundle."""
    assert data.startswith(BUNDLE), "no bundle of device code"
    found = {}
    (count,), at = struct.unpack_from("<Q", data, len(BUNDLE)), len(BUNDLE) + 8
    for _ in range(count):
        offset, size, length = struct.unpack_from("<QQQ", data, at)
        name = data[at + 24:at + 24 + length].decode()
        at += 24 + length
        if name.startswith("hip"):
            found[name.rsplit("--", 1)[1]] = data[offset:offset + size]
    return found


class CodeObject:
    """An ELF file of AMD's: `kernels` of name to descriptor, `segments` of (address, bytes), `symbols`."""

    def __init__(self, data):
        assert data[:6] == b"\x7fELF\x02\x01", "no ELF file of 64 bits"
        self.data = data
        (programs, sections, _, _, entry, count, size, sections_count) = struct.unpack_from("<QQIHHHHH", data, 32)
        self.segments, self.metadata = [], {}
        for i in range(count):
            kind, _, offset, address, _, length, memory, _ = struct.unpack_from("<IIQQQQQQ", data, programs + i * entry)
            if kind == 1:
                self.segments.append((address, data[offset:offset + length] + bytes(memory - length)))
            elif kind == 4:
                self.metadata |= kernels_of_note(data[offset:offset + length])
        self.symbols, self.relocations = {}, 0
        for i in range(sections_count):
            (_, kind, _, _, offset, length, link, _, _, one) = struct.unpack_from("<IIQQQQIIQQ", data, sections + i * size)
            if kind == 11:
                names = struct.unpack_from("<Q", data, sections + link * size + 24)[0]
                for at in range(offset, offset + length, one):
                    name, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", data, at)
                    text = data[names + name:data.index(0, names + name)].decode()
                    self.symbols[text] = value
            elif kind in (4, 9):
                self.relocations += length
        self.kernels = {name[:-3]: Descriptor(self.bytes_at(value, 64), value)
                        for name, value in self.symbols.items() if name.endswith(".kd")}

    def bytes_at(self, address, size):
        for start, content in self.segments:
            if start <= address and address + size <= start + len(content):
                return content[address - start:address - start + size]
        raise AssertionError(f"nothing at {address:#x}")


class Descriptor:
    """A kernel's descriptor (LLVM, "User Guide for AMDGPU Backend", Kernel Descriptor)."""

    def __init__(self, data, address):
        (self.shared, self.private, self.arguments) = struct.unpack_from("<III", data, 0)
        self.entry = address + struct.unpack_from("<q", data, 16)[0]
        (self.resources_3, self.resources_1, self.resources_2, self.properties) = struct.unpack_from("<IIIH", data, 44)

    def modes(self):
        """How its arithmetic begins: rounding (0: to nearest), subnormal numbers (3: kept), and two switches."""
        one = self.resources_1
        return {"round_mode_32": one >> 12 & 3, "round_mode_16_64": one >> 14 & 3, "denorm_mode_32": one >> 16 & 3,
                "denorm_mode_16_64": one >> 18 & 3, "dx10_clamp": one >> 21 & 1, "ieee_mode": one >> 23 & 1}


def unpack(data, at):
    """(value, end) of MessagePack, of the kinds that metadata hold."""
    kind = data[at]
    sized = {0xC4: (1, bytes), 0xD9: (1, str), 0xDA: (2, str), 0xDC: (2, list), 0xDE: (2, dict),
             0xCC: (1, int), 0xCD: (2, int), 0xCE: (4, int), 0xCF: (8, int)}
    if kind < 0x80 or kind in (0xC0, 0xC2, 0xC3):
        return ({0xC0: None, 0xC2: False, 0xC3: True}.get(kind, kind)), at + 1
    if kind < 0xC0:
        of, count = (dict, kind & 15) if kind < 0x90 else (list, kind & 15) if kind < 0xA0 else (str, kind & 31)
        at += 1
    else:
        assert kind in sized, f"MessagePack of kind {kind:#x}"
        size, of = sized[kind]
        count = int.from_bytes(data[at + 1:at + 1 + size], "big")
        at += 1 + size
    if of is int:
        return count, at
    if of in (str, bytes):
        return (data[at:at + count].decode() if of is str else data[at:at + count]), at + count
    values = []
    for _ in range(count * (2 if of is dict else 1)):
        value, at = unpack(data, at)
        values.append(value)
    return (dict(zip(values[::2], values[1::2])) if of is dict else values), at


def kernels_of_note(note):
    """{name: what the compiler says of it} of a segment of notes."""
    at, found = 0, {}
    while at + 12 <= len(note):
        name, size, kind = struct.unpack_from("<III", note, at)
        start = at + 12 + (name + 3) // 4 * 4
        if note[at + 12:at + 12 + name] == b"AMDGPU\0" and kind == 32:
            found |= {one[".name"]: one for one in unpack(note, start)[0]["amdhsa.kernels"]}
        at = start + (size + 3) // 4 * 4
    return found


INSTRUCTION = re.compile(r"^\s+(\S[^/]*?)\s*//\s*([0-9A-Fa-f]+):((?: [0-9A-Fa-f]{8})+)", re.M)
LABEL = re.compile(r"^([0-9a-f]{16}) <(\w+)>:$", re.M)


def disassemble(objdump, path):
    """{function: [(address, size, text)]} of a code object in a file."""
    printed = subprocess.run([objdump, "-d", str(path)], capture_output=True, text=True, check=True).stdout
    found = {}
    labels = list(LABEL.finditer(printed))
    for label, end in zip(labels, [one.start() for one in labels[1:]] + [len(printed)]):
        rows = found.setdefault(label.group(2), [])
        for match in INSTRUCTION.finditer(printed, label.end(), end):
            rows.append((int(match.group(2), 16), 4 * len(match.group(3).split()), match.group(1)))
    return found
