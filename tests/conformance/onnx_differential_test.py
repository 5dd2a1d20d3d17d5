"""Operations of random shapes, attributes and element types in operator sets 7 to 21, computed by ONNX Runtime and by us, which
must agree as `isotrace conform onnx` judges: integers and shapes exactly, floats within its tolerance. ONNX Runtime is taken from
ISOTRACE_ORT; ISOTRACE_CASES and ISOTRACE_SEED ask for more cases of each operation, or others."""
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import unittest

import onnx_cases
import onnx_layer_cases
import onnx_bytes as ob
from onnx_operands import BY_NAME, KINDS, Model

BUILD = pathlib.Path(os.environ["ISOTRACE_BUILD"])
SOURCE = pathlib.Path(os.environ["ISOTRACE_SOURCE"])
ORT = os.environ.get("ISOTRACE_ORT", "")
CASES = int(os.environ.get("ISOTRACE_CASES", "4"))
SEED = os.environ.get("ISOTRACE_SEED", "1")
OPSETS = range(7, 22)


class OnnxRuntime:
    """The script that `compare --against ort` starts: a request per line."""

    def __init__(self, folder):
        script = (SOURCE / "tools/foreign/onnx_runtime_step.js").read_text()
        self.folder = folder
        self.process = subprocess.Popen(["node", "-e", script, ORT], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)

    def run(self, model, path):
        """The outputs as tensors, or nothing where it has no such kernel."""
        request = {"model": str(path), "inputs": [], "outputs": []}
        for name, operand in model.feeds:
            file = self.folder / name
            file.write_bytes(operand.raw())
            request["inputs"].append({"name": name, "type": KINDS[operand.kind][2], "dims": operand.dims, "file": str(file)})
        for name in model.outputs:
            request["outputs"].append({"name": name, "file": str(self.folder / name)})
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            return None
        return [ob.tensor(name, KINDS[BY_NAME[told["type"]]][1], told["dims"], (self.folder / name).read_bytes())
                for name, told in zip(model.outputs, answer["outputs"])]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@unittest.skipUnless(ORT and shutil.which("node"), "Node.js is absent, or ISOTRACE_ORT does not name ONNX Runtime's folder")
class Differential(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="isotrace-differential-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "values").mkdir()
        self.runtime = OnnxRuntime(self.folder / "values")
        self.addCleanup(self.runtime.close)

    def write_case(self, row, number):
        operation, first, make = row
        r = random.Random(f"{operation} {first} {number} {SEED}")
        opset = r.choice([o for o in OPSETS if o >= first])
        model = Model(r, make(r, opset, operation), opset)
        case = self.folder / "cases" / f"{operation}_{first}_{number}_set{opset}"
        data = case / "test_data_set_0"
        data.mkdir(parents=True)
        (case / "model.onnx").write_bytes(model.bytes)
        outputs = self.runtime.run(model, case / "model.onnx")
        if outputs is None:
            shutil.rmtree(case)
            return False
        for i, (name, operand) in enumerate(model.feeds):
            (data / f"input_{i}.pb").write_bytes(operand.tensor(name))
        for i, tensor in enumerate(outputs):
            (data / f"output_{i}.pb").write_bytes(tensor)
        return True

    def test_operations_agree(self):
        for name, table in (("elements", onnx_cases.TABLE), ("layers", onnx_layer_cases.TABLE)):
            with self.subTest(name):
                shutil.rmtree(self.folder / "cases", ignore_errors=True)
                done = [self.write_case(row, number) for row in table for number in range(CASES)]
                # Kernels that it lacks are few: otherwise the models are wrong.
                self.assertGreater(sum(done), 0.95 * len(done))
                told = subprocess.run([BUILD / "bin/isotrace", "conform", "onnx", self.folder / "cases", "--json"],
                                      capture_output=True, check=False)
                result = json.loads(told.stdout)
                wrong = [test for test in result["cases"] if test["status"] != "passed"]
                self.assertEqual(wrong, [])
                print(f"{name}: {result['passed']} cases of {len(table)} rows agree")


if __name__ == "__main__":
    unittest.main()
