"""Hostile properties and models: prove answers with the exact refusal, or the exact verdict."""
import json
import pathlib
import resource
import struct
import subprocess
import unittest

from command_line import BUILD, SOURCE, CommandLineTest
from onnx_bytes import FLOAT, graph, model, node, tensor, value_info

DECLARED = "(declare-const X_0 Real)\n(declare-const Y_0 Real)\n"
BOX = "(assert (>= X_0 0))\n(assert (<= X_0 1))\n"


def doubled(weight=2.0):
    """y = relu(weight * x)."""
    return model(graph("doubled", [node("Mul", ["x", "w"], ["m"]), node("Relu", ["m"], ["y"])],
                       [value_info("x", FLOAT, [1, 1])], [value_info("y", FLOAT, [1, 1])],
                       [tensor("w", FLOAT, [], struct.pack("<f", weight))]))


def wide(width=1200):
    """y = sum of relu(x W): bounds of it take twenty times the memory of the model."""
    weights = struct.pack(f"<{width}f", *(((7 * i) % 11 - 5) / width for i in range(width))) * width
    return model(graph("wide", [node("MatMul", ["x", "w"], ["m"]), node("Relu", ["m"], ["h"]),
                                node("MatMul", ["h", "w"], ["n"]), node("Relu", ["n"], ["k"]),
                                node("MatMul", ["k", "v"], ["y"])],
                       [value_info("x", FLOAT, [1, width])], [value_info("y", FLOAT, [1, 1])],
                       [tensor("w", FLOAT, [width, width], weights),
                        tensor("v", FLOAT, [width, 1], struct.pack("<f", 0.1) * width)]))


class OutOfMemory(CommandLineTest):
    """However little memory the system gives, `prove` ends by itself and says what was missing."""

    def sweep(self, words, most):
        reasons = set()
        for mebibytes in range(64, most, 32):
            done = subprocess.run(
                [str(BUILD / "bin" / "isotrace"), "prove", *words, "--timeout", "20", "--json"], capture_output=True,
                timeout=300, cwd=self.folder, preexec_fn=lambda m=mebibytes: resource.setrlimit(
                    resource.RLIMIT_AS, (m << 20, m << 20)))
            self.assertIn(done.returncode, (0, 1, 3, 4, 5, 127), (mebibytes, done.stdout, done.stderr))
            if done.returncode == 5:
                answer = json.loads(done.stdout)
                reasons.add(answer.get("reason"))
                self.assertIn(answer.get("reason"), ("memory", "timeout"), (mebibytes, answer))
        return reasons

    def setUp(self):
        super().setUp()
        words = [str(BUILD / "bin" / "isotrace"), "--version"]
        small = subprocess.run(words, capture_output=True, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_AS, (1 << 29, 1 << 29)))
        if small.returncode != 0:
            self.skipTest("the program does not start in 512 MiB (sanitizers reserve terabytes)")

    def test_networks(self):
        pathlib.Path(self.path("wide.onnx")).write_bytes(wide())
        ensure = ["--domain", "0:0.2", "--ensure", "bounds y[0] in [-1, 20]", "--jobs", "4"]
        self.assertIn("memory", self.sweep([self.path("wide.onnx"), *ensure], 320))

    def test_functions(self):
        module = str(SOURCE / "fixtures/wasm/collatz.wasm")
        self.assertIn("memory", self.sweep([module, "--func", "collatz", "--never-traps", "--unwind", "4096",
                                              "--no-cache"], 161))


class Hostile(CommandLineTest):
    def ask(self, text, code, weight=2.0):
        pathlib.Path(self.path("m.onnx")).write_bytes(doubled(weight))
        pathlib.Path(self.path("p.vnnlib")).write_text(text)
        return self.run_json("prove", self.path("m.onnx"), "--property", self.path("p.vnnlib"), code=code)

    def refused(self, text, name, weight=2.0):
        self.assertEqual(self.ask(text, 3, weight)["refusal"]["name"], name, text[:200])

    def test_properties_are_refused_by_name(self):
        self.refused(DECLARED + "(assert (>= X_0 0))(assert (<= Y_0 -1))", "property_input_unbounded")
        self.refused(DECLARED + DECLARED + BOX, "property_malformed")
        self.refused(DECLARED + "(declare-const Y_1 Real)" + BOX + "(assert (<= Y_1 -1))", "property_mismatch")
        self.refused(DECLARED + "(declare-const X_1000000000 Real)" + BOX, "property_unsupported")
        self.refused(DECLARED + BOX + "(assert (<= Y_0 nan))", "property_unsupported")
        self.refused(DECLARED + BOX + "(assert " + "(and " * 100_000 + "(<= Y_0 0)" + ")" * 100_001, "limit_exceeded")
        explodes = "(and " + "(or (<= Y_0 0) (<= Y_0 1) (>= Y_0 9))" * 40 + ")"
        self.refused(DECLARED + BOX + f"(assert {explodes})", "limit_exceeded")

    def test_weights_that_are_no_numbers_are_refused(self):
        for weight in (float("nan"), float("inf"), float("-inf")):
            self.refused(DECLARED + BOX + "(assert (<= Y_0 -1))", "prove_unsupported", weight)

    def test_empty_and_contradictory_boxes_hold(self):
        empty = DECLARED + "(assert (>= X_0 1))(assert (<= X_0 0))(assert (<= Y_0 9))"
        self.assertEqual(self.ask(empty, 0)["verdict"], "proved")
        contradictory = DECLARED + BOX + "(assert (and (<= Y_0 0.5) (>= Y_0 0.6)))"
        self.assertEqual(self.ask(contradictory, 0)["verdict"], "proved")

    def test_a_box_between_two_floats_has_no_counterexample(self):
        between = DECLARED + "(assert (>= X_0 0.10000000001))(assert (<= X_0 0.10000000002))(assert (>= Y_0 0))"
        self.assertNotEqual(self.ask(between, 5)["verdict"], "violated")
        # Over the reals there is one, which Z3 finds; what it was asked can be asked again.
        saved = self.run_json("prove", self.path("m.onnx"), "--property", self.path("p.vnnlib"), "--dump-smt",
                              self.path("queries"), code=5)
        self.assertEqual(saved["reason"], "unconfirmed real counterexample")
        queries = [path.read_text() for path in pathlib.Path(self.path("queries")).iterdir()]
        self.assertEqual(len(queries), 1)
        self.assertTrue(queries[0].startswith("(set-logic QF_LRA)") and queries[0].endswith("(check-sat)\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
