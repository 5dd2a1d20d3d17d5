#!/usr/bin/env python3
"""Runs the console blocks of documents and compares what they print, line for line.

usage: console_blocks.py BUILD_DIR SOURCE_DIR DOCUMENT...

A block starts with ```console. Lines with "$ " are commands, run by bash one after the other in one fresh
folder per document that holds copies of fixtures/controller, the programs of fixtures/wasm and, as folder
plugin, fixtures/plugin; CMake finds isotrace_backend.h as if it were installed. The lines below a command are its output
(stdout and stderr). A line "..." stands for any lines. Outputs are reproducible, so digests must match.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile


def console_blocks(text):
    block = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() == "```console":
            block = []
        elif line.strip() == "```" and block is not None:
            yield block
            block = None
        elif block is not None:
            block.append((number, line))


def commands(block):
    """(line number, command, expected output lines)"""
    current = None
    for number, line in block:
        if line.startswith("$ "):
            if current:
                yield current
            current = (number, line[2:], [])
        elif current:
            current[2].append(line)
    if current:
        yield current


def matches(expected, printed):
    """Line by line; "..." takes any number of lines."""
    if not expected:
        return not printed
    if expected[0] == "...":
        return any(matches(expected[1:], printed[i:]) for i in range(len(printed) + 1))
    return bool(printed) and expected[0].rstrip() == printed[0].rstrip() and matches(expected[1:], printed[1:])


def run_document(document, build, source):
    environment = dict(os.environ, PATH=f"{build}/bin:{os.environ['PATH']}", NO_COLOR="1",
                       CMAKE_INCLUDE_PATH=str(source / "backends/plugin"))
    ran = 0
    with tempfile.TemporaryDirectory(prefix="isotrace-docs-") as folder:
        programs = (source / "fixtures/wasm/programs").glob("*.wasm")
        for file in [*(source / "fixtures/controller").iterdir(), *programs]:
            if file.is_file():
                shutil.copy(file, folder)
        shutil.copytree(source / "fixtures/plugin", pathlib.Path(folder) / "plugin")
        for block in console_blocks(document.read_text()):
            for number, command, expected in commands(block):
                done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, timeout=600)
                printed = done.stdout.splitlines()
                ran += 1
                if not matches(expected, printed):
                    sys.exit(f"{document}:{number}: $ {command}\n--- expected\n" + "\n".join(expected) +
                             "\n--- printed\n" + "\n".join(printed))
    return ran


def main():
    build, source = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    total = 0
    for name in sys.argv[3:]:
        ran = run_document(pathlib.Path(name), build, source)
        print(f"{name}: {ran} commands print what the document says")
        total += ran
    if total == 0:
        sys.exit("no console block found: this test would check nothing")


main()
