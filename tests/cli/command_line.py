"""Runs the programs as users do. Shared by the tests of the command line (standard library only)."""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["ISOTRACE_BUILD"])
SOURCE = pathlib.Path(os.environ["ISOTRACE_SOURCE"])
CONTROLLER = SOURCE / "fixtures/controller"
MODEL = str(CONTROLLER / "controller.onnx")
FLIPPED = str(CONTROLLER / "controller_bit_flipped.onnx")
INPUT = f"state={CONTROLLER / 'state.pb'}"
HOLDS = str(CONTROLLER / "brakes_when_close.vnnlib")
FAILS = str(CONTROLLER / "brakes_always.vnnlib")


# What a made-up engine gives for a result: it sees operands ("x0", "x1", ...), but no models.
ENGINE = """
exports.Tensor = class { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } };
exports.InferenceSession = { create: async () => ({
  run: async (feeds, names) => Object.fromEntries(names.map((name) => [name, answer(feeds)])),
  release: async () => {},
}) };
function answer(feeds) { %s }
"""


class CommandLineTest(unittest.TestCase):
    """Each test works in a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="isotrace-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return str(self.folder / name)

    def run_program(self, *words, program="isotrace", code=0, stdin=None):
        done = subprocess.run([str(BUILD / "bin" / program), *map(str, words)], capture_output=True, input=stdin,
                              timeout=300, cwd=self.folder)
        self.assertEqual(done.returncode, code,
                         f"{words}: {done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}")
        return done

    def run_json(self, *words, **options):
        done = self.run_program(*words, "--json", **options)
        return json.loads(done.stdout)

    def record(self, name, model=MODEL, backend="reference", *more):
        path = self.path(name)
        self.run_program("run", model, "--input", INPUT, "--backend", backend, "--trace", path, *more)
        return path

    def write_floats(self, name, shape, values):
        """A .npy file of binary32 numbers."""
        head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
        pathlib.Path(self.path(name)).write_bytes(b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head
                                                  + struct.pack(f"<{len(values)}f", *values))
        return self.path(name)

    def make_engine(self, answer, version="0.0.0", folder="modules"):
        """A folder node_modules with something in the place of ONNX Runtime."""
        package = self.folder / folder / "onnxruntime-node"
        package.mkdir(parents=True)
        (package / "package.json").write_text(json.dumps({"version": version, "main": "index.js"}))
        (package / "index.js").write_text(ENGINE % answer)
        return str(self.folder / folder)

    def changed_copy(self, source, name, change):
        """A copy whose bytes went through `change`."""
        target = self.path(name)
        data = bytearray(pathlib.Path(source).read_bytes())
        pathlib.Path(target).write_bytes(bytes(change(data)))
        return target

    def assert_only(self, *names):
        """Nothing half-written: the folder holds exactly these files."""
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), sorted(names))
