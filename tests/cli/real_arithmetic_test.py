"""Networks over the reals: the least value of each is known exactly, and decides every property to the last digit."""
import itertools
import json
import pathlib
import random
import struct
import subprocess
import unittest
from fractions import Fraction

from command_line import BUILD, CommandLineTest
from onnx_bytes import FLOAT, graph, model, node, tensor, value_info


def float_near(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


class Network:
    """y = v relu(W x + b) + c for x in [-1, 1]^2: linear between the lines where a ReLU has its kink."""

    def __init__(self, draw):
        self.hidden = draw.randrange(2, 5)
        whole = draw.random() < 0.3
        number = (lambda: float(draw.randrange(-4, 5))) if whole else (lambda: float_near(draw.gauss(0, 1)))
        self.weights = [[number(), number()] for _ in range(self.hidden)]
        self.bias, self.last = ([number() for _ in range(self.hidden)] for _ in range(2))
        self.constant = number()

    def onnx(self):
        def floats(name, dims, values):
            return tensor(name, FLOAT, dims, struct.pack(f"<{len(values)}f", *values))
        columns = [row[i] for i in range(2) for row in self.weights]
        return model(graph("net", [node("Gemm", ["x", "w", "b"], ["z"]), node("Relu", ["z"], ["h"]),
                                   node("Gemm", ["h", "v", "c"], ["y"])],
                           [value_info("x", FLOAT, [1, 2])], [value_info("y", FLOAT, [1, 1])],
                           [floats("w", [2, self.hidden], columns), floats("b", [self.hidden], self.bias),
                            floats("v", [self.hidden, 1], self.last), floats("c", [1], [self.constant])]))

    def value(self, x):
        sums = (sum(Fraction(w) * t for w, t in zip(row, x)) + Fraction(b) for row, b in zip(self.weights, self.bias))
        return Fraction(self.constant) + sum(Fraction(v) * max(z, 0) for v, z in zip(self.last, sums))

    def least(self):
        """At a point where two kinks or sides meet."""
        lines = [(Fraction(row[0]), Fraction(row[1]), Fraction(b)) for row, b in zip(self.weights, self.bias)]
        lines += [(Fraction(1 - i), Fraction(i), Fraction(side)) for i in (0, 1) for side in (1, -1)]
        values = []
        for p, q in itertools.combinations(lines, 2):
            determinant = p[0] * q[1] - p[1] * q[0]
            if determinant == 0:
                continue
            x = ((p[1] * q[2] - p[2] * q[1]) / determinant, (q[0] * p[2] - p[0] * q[2]) / determinant)
            if max(map(abs, x)) <= 1:
                values.append(self.value(x))
        return min(values)


class RealArithmetic(CommandLineTest):
    def ask(self, bound, code):
        return self.run_json("prove", self.path("net.onnx"), "--domain", "-1:1", "--ensure",
                             f"bounds y[0] in [{bound}, 1000]", "--semantics", "real", "--no-smt", "--out",
                             self.path("p.isoproof"), code=code)

    def test_the_least_value_is_proved_and_nothing_above_it(self):
        draw = random.Random(17)
        for _ in range(12):
            network = Network(draw)
            pathlib.Path(self.path("net.onnx")).write_bytes(network.onnx())
            least = network.least()
            self.assertEqual(self.ask(least, 0)["verdict"], "proved")
            self.run_program("proof", self.path("p.isoproof"), program="isotrace-verify")
            self.assertEqual(self.ask(least - Fraction(1, 10**30), 0)["verdict"], "proved")
            self.assertEqual(self.ask(least + Fraction(1, 1000), 1)["verdict"], "violated")

    def test_what_no_float_reaches_is_told_from_what_holds(self):
        draw = random.Random(18)
        verdicts = set()
        for _ in range(8):
            network = Network(draw)
            pathlib.Path(self.path("net.onnx")).write_bytes(network.onnx())
            bound = network.least() + Fraction(1, 10**30)
            words = ["prove", self.path("net.onnx"), "--domain", "-1:1", "--ensure", f"bounds y[0] in [{bound}, 1000]",
                     "--semantics", "real", "--no-smt", "--json"]
            done = subprocess.run([str(BUILD / "bin" / "isotrace"), *words], capture_output=True, timeout=300)
            answer = json.loads(done.stdout)
            verdicts.add(answer["verdict"])
            if done.returncode == 5:
                self.assertEqual(answer["reason"], "unconfirmed real counterexample")
        self.assertEqual(verdicts, {"violated", "undecided"})


if __name__ == "__main__":
    unittest.main()
