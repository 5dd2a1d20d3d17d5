"""Tensor files, weights and printed arrays as users give and get them. The files of other programs are
made here byte by byte (Python's standard library reads and writes ZIP)."""
import io
import json
import pathlib
import struct
import unittest
import zipfile

from command_line import CommandLineTest, CONTROLLER, INPUT, MODEL
from onnx_bytes import FLOAT, graph, model, node, tensor, value_info

STATE = struct.unpack("<3f", (CONTROLLER / "state.pb").read_bytes()[-12:])


def npy(values, shape, descr="<f4", fortran=False):
    header = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (descr, fortran, shape)
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    order = {"<": "<", ">": ">", "|": "<"}[descr[0]]
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
            + struct.pack(f"{order}{len(values)}{'f' if descr[1:] == 'f4' else 'd'}", *values))


def npz(members, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            with archive.open(name + ".npy", "w", force_zip64=True) as member:  # as np.savez does
                member.write(data)
    return out.getvalue()


def safetensors(members):
    header, data = {}, b""
    for name, (dtype, shape, bytes_) in members.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class Inputs(CommandLineTest):
    def given(self, name, data):
        pathlib.Path(self.path(name)).write_bytes(data)
        return self.path(name)

    def root(self, *words):
        return self.run_json("run", MODEL, *words)["root"]

    def test_every_format_and_layout_gives_the_same_root(self):
        expected = self.root("--input", INPUT)
        array = npy(STATE, (1, 3))
        raw = struct.pack("<3f", *STATE)
        files = {
            "c.npy": array,
            "fortran.npy": npy(STATE, (1, 3), fortran=True),
            "big.npy": npy(STATE, (1, 3), ">f4"),
            "stored.npz": npz({"state": array}, zipfile.ZIP_STORED),
            "deflated.npz": npz({"state": array}, zipfile.ZIP_DEFLATED),
            "t.safetensors": safetensors({"state": ("F32", [1, 3], raw)}),
        }
        for name, data in files.items():
            path = self.given(name, data)
            self.assertEqual(self.root("--input", f"state={path}"), expected, name)
            self.assertEqual(self.root("--input", path), expected, name)

    def test_members_that_do_not_fit_are_refused(self):
        path = self.given("x.npz", npz({"other": npy(STATE, (1, 3))}, zipfile.ZIP_STORED))
        for words, name in (([f"state={path}"], "input_missing"), ([path], "input_unknown")):
            refusal = self.run_json("run", MODEL, "--input", *words, code=3)["refusal"]
            self.assertEqual(refusal["name"], name)

    def test_outputs_in_every_format_read_back(self):
        printed = self.run_json("run", MODEL, "--input", INPUT, "--print")["outputs"][0]
        values = [float.fromhex(text) for text in printed["elements"]]
        for name in ("y.npy", "y.npz", "y.pb", "y.safetensors"):
            self.run_program("run", MODEL, "--input", INPUT, "--out", self.path(name))
            first = (self.folder / name).read_bytes()
            self.run_program("run", MODEL, "--input", INPUT, "--out", self.path(name))
            self.assertEqual((self.folder / name).read_bytes(), first)
            self.assertIn(struct.pack(f"<{len(values)}f", *values), first)
        with zipfile.ZipFile(self.path("y.npz")) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual(archive.namelist(), ["brake.npy"])
            self.assertEqual(archive.read("brake.npy"), (self.folder / "y.npy").read_bytes())
        self.assert_only("y.npy", "y.npz", "y.pb", "y.safetensors")

    def test_outputs_whose_names_become_one_file_name_are_all_written(self):
        names = ["a/b", "a_b", "a:b", "a_b-2"]
        data = model(graph("g", [node("Mul", ["x", f"c{i}"], [name]) for i, name in enumerate(names)],
                           [value_info("x", FLOAT, [1])], [value_info(name, FLOAT, [1]) for name in names],
                           [tensor(f"c{i}", FLOAT, [1], struct.pack("<f", i)) for i in range(len(names))]))
        pathlib.Path(self.path("m.onnx")).write_bytes(data)
        self.write_floats("x.npy", (1,), [1])
        self.run_program("run", "m.onnx", "--input", "x.npy", "--output", "out")
        written = {p.name: struct.unpack("<f", p.read_bytes()[-4:])[0] for p in pathlib.Path(self.path("out")).iterdir()}
        self.assertEqual(written, {"a_b.npy": 1, "a_b-2.npy": 3, "a_b-3.npy": 0, "a_b-4.npy": 2})

    def test_out_needs_a_known_extension(self):
        self.run_program("run", MODEL, "--input", INPUT, "--out", self.path("y.txt"), code=2)
        self.assert_only()


class Weights(CommandLineTest):
    def test_unknown_weights_are_refused(self):
        path = self.path("w.safetensors")
        pathlib.Path(path).write_bytes(safetensors({"no such weight": ("F32", [1], bytes(4))}))
        refusal = self.run_json("run", MODEL, "--input", INPUT, "--weights", path, code=3)["refusal"]
        self.assertEqual(refusal["name"], "weight_unknown")

    def test_an_input_given_as_weight_becomes_a_constant(self):
        path = self.path("w.safetensors")
        pathlib.Path(path).write_bytes(safetensors({"state": ("F32", [1, 3], struct.pack("<3f", *STATE))}))
        given = self.run_json("run", MODEL, "--input", INPUT)
        fixed = self.run_json("run", MODEL, "--weights", path)
        self.assertEqual(given["outputs"], fixed["outputs"])
        self.assertNotEqual(given["root"], fixed["root"])


class Print(CommandLineTest):
    def test_arrays_are_printed_as_nested_lists_that_read_back(self):
        text = self.run_program("run", MODEL, "--input", INPUT, "--print").stdout.decode()
        array = json.loads(text[text.index("[[") :])
        exact = self.run_json("run", MODEL, "--input", INPUT, "--print")["outputs"][0]["elements"]
        read = [struct.pack("<f", value) for row in array for value in row]
        self.assertEqual(read, [struct.pack("<f", float.fromhex(value)) for value in exact])

    def test_all_elements_with_their_bits(self):
        text = self.run_program("run", MODEL, "--input", INPUT, "--print-all").stdout.decode()
        self.assertRegex(text, r"\[0\] -?\d+\.\d+ -?0x[01].* 0x[0-9a-f]{8}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
