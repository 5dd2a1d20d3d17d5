#!/usr/bin/env python3
"""Writes a code object as text for the machine that runs it without a device (gcn_machine.hpp).

amd_listing.py OUT BUNDLE ARCHITECTURE OBJDUMP: how many lanes a wave has, what is loaded where, every kernel with what
its descriptor and its metadata say of it, and every instruction with its address and size, as the disassembler prints it.
"""
import pathlib
import sys
import tempfile

from amd_code import CodeObject, code_objects, disassemble


def fnv(data):
    """FNV-1a of 64 bits."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def listing(code, functions):
    lanes = 32 if all(one.properties >> 10 & 1 for one in code.kernels.values()) else 64
    yield f"lanes {lanes}"
    yield f"hash {fnv(code.data)}"
    for address, content in code.segments:
        yield f"segment {address:x} {content.hex()}"
    for name, kernel in sorted(code.kernels.items()):
        about = code.metadata[name]
        first, second = about[".args"][:2]
        assert first[".offset"] == 0 and first[".value_kind"] == second[".value_kind"] == "by_value", name
        assert second[".size"] == 8 and not code.relocations, name
        yield " ".join(str(one) for one in (
            "kernel", name, kernel.entry, about[".max_flat_workgroup_size"], kernel.shared, kernel.private,
            kernel.arguments, first[".size"], second[".offset"], kernel.resources_2, kernel.properties))
    for rows in functions.values():
        for address, size, text in rows:
            yield f"{address} {size} {' '.join(text.split())}"


def main():
    out, bundle, architecture, objdump = sys.argv[1:]
    data = code_objects(pathlib.Path(bundle).read_bytes())[architecture]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "code"
        path.write_bytes(data)
        text = "\n".join(listing(CodeObject(data), disassemble(objdump, path))) + "\n"
    pathlib.Path(out).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
