"""Quantised models from the outside: proved where the property holds, refuted by integers where it does not,
checked by the trusted base, and compared with the float model that they stand for."""
import itertools
import pathlib
import random
import struct
import unittest

from command_line import CommandLineTest
from onnx_bytes import FLOAT, field, graph, model, node, tensor, value_info

UINT8, INT8, INT32 = 2, 3, 6


def floats(name, dims, *values):
    return tensor(name, FLOAT, dims, struct.pack(f"<{len(values)}f", *values))


def bytes_of(name, element, dims, *values):
    return tensor(name, element, dims, struct.pack(f"{len(values)}{'B' if element == UINT8 else 'b'}", *values))


def classifier(weights, zero=3):
    """y i8 [1, 2] = QLinearMatMul of x u8 [1, 2] with i8 weights."""
    operands = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
    return model(graph("classifier", [node("QLinearMatMul", operands, ["y"])],
                       [value_info("x", UINT8, [1, 2])], [value_info("y", INT8, [1, 2])],
                       [floats("xs", [], 0.5), bytes_of("xz", UINT8, [], 128), floats("ws", [], 0.125),
                        bytes_of("w", INT8, [2, 2], *weights), bytes_of("wz", INT8, [], 0), floats("ys", [], 8),
                        bytes_of("yz", INT8, [], zero)]))


def original(first, second):
    """y [1, 2] = relu(x a) b for x [1, 3]."""
    return model(graph("original", [node("MatMul", ["x", "a"], ["m"]), node("Relu", ["m"], ["h"]),
                                    node("MatMul", ["h", "b"], ["y"])],
                       [value_info("x", FLOAT, [1, 3])], [value_info("y", FLOAT, [1, 2])],
                       [floats("a", [3, 4], *first), floats("b", [4, 2], *second)]))


def rounded(values, scale):
    return [max(-127, min(127, round(v / scale))) for v in values]


def quantised(first, second):
    """The same with weights, input and hidden values of 8 bits."""
    steps = [node("QuantizeLinear", ["x", "xs", "xz"], ["xq"]), node("DequantizeLinear", ["xq", "xs", "xz"], ["xd"]),
             node("DequantizeLinear", ["a", "as"], ["ad"]), node("MatMul", ["xd", "ad"], ["m"]),
             node("Relu", ["m"], ["h"]),
             node("QuantizeLinear", ["h", "hs", "hz"], ["hq"]), node("DequantizeLinear", ["hq", "hs", "hz"], ["hd"]),
             node("DequantizeLinear", ["b", "bs"], ["bd"]), node("MatMul", ["hd", "bd"], ["y"])]
    return model(graph("quantised", steps, [value_info("x", FLOAT, [1, 3])], [value_info("y", FLOAT, [1, 2])],
                       [floats("xs", [], 1 / 127), bytes_of("xz", INT8, [], 0), floats("as", [], 1 / 127),
                        floats("bs", [], 1 / 127), floats("hs", [], 3 / 255), bytes_of("hz", UINT8, [], 0),
                        bytes_of("a", INT8, [3, 4], *rounded(first, 1 / 127)),
                        bytes_of("b", INT8, [4, 2], *rounded(second, 1 / 127))]))


def quantise_dequantise(batch, draw, outputs_are_floats):
    """Two layers as ONNX Runtime's static quantisation writes them: x u8 [batch, 2], weights of each channel with a
    scale of its own, biases i32 at the product of both scales, a pair of Q and DQ behind each layer."""
    made, steps, source, scale = [], [node("DequantizeLinear", ["x", "xs", "xz"], ["h0"])], "h0", 0.03
    made += [floats("xs", [], scale), bytes_of("xz", UINT8, [], draw.randrange(256))]
    for k, (rows, columns) in enumerate(((2, 3), (3, 2))):
        scales = [draw.uniform(0.002, 0.02) for _ in range(columns)]
        made += [bytes_of(f"w{k}", INT8, [rows, columns], *(draw.randrange(-127, 128) for _ in range(rows * columns))),
                 floats(f"ws{k}", [columns], *scales), bytes_of(f"wz{k}", INT8, [columns], *[0] * columns),
                 tensor(f"b{k}", INT32, [columns], struct.pack(f"<{columns}i",
                                                              *(draw.randrange(-999, 999) for _ in scales))),
                 floats(f"bs{k}", [columns], *(s * scale for s in scales)),
                 floats(f"s{k}", [], 0.017), bytes_of(f"z{k}", UINT8, [], draw.randrange(200))]
        axis = field(5, field(1, "axis") + field(3, 1) + field(20, 2))
        first = field(5, field(1, "axis") + field(20, 2))
        steps += [node("DequantizeLinear", [f"w{k}", f"ws{k}", f"wz{k}"], [f"v{k}"], axis),
                  node("DequantizeLinear", [f"b{k}", f"bs{k}"], [f"c{k}"], first),
                  node("Gemm", [source, f"v{k}", f"c{k}"], [f"m{k}"]),
                  node("Relu" if k == 0 else "Identity", [f"m{k}"], [f"r{k}"]),
                  node("QuantizeLinear", [f"r{k}", f"s{k}", f"z{k}"], [f"q{k}"]),
                  node("DequantizeLinear", [f"q{k}", f"s{k}", f"z{k}"], [f"d{k}"])]
        source, scale = f"d{k}", 0.017
    steps.append(node("Identity", ["d1" if outputs_are_floats else "q1"], ["y"]))
    return model(graph("qdq", steps, [value_info("x", UINT8, [batch, 2])],
                       [value_info("y", FLOAT if outputs_are_floats else UINT8, [batch, 2])], made))


def quantised_operations(batch, draw, _):
    """The same as a chain of QLinearMatMul, with scales of each channel and zero points of weights."""
    made, steps, source, scale, zero = [], [], "x", 0.03, draw.randrange(256)
    for k, (rows, columns) in enumerate(((2, 3), (3, 2))):
        made += [floats(f"a{k}", [], scale), bytes_of(f"az{k}", UINT8, [], zero),
                 bytes_of(f"w{k}", INT8, [rows, columns], *(draw.randrange(-127, 128) for _ in range(rows * columns))),
                 floats(f"ws{k}", [columns], *(draw.uniform(0.002, 0.02) for _ in range(columns))),
                 bytes_of(f"wz{k}", INT8, [columns], *(draw.randrange(-3, 4) for _ in range(columns)))]
        scale, zero = 0.017, draw.randrange(200)
        made += [floats(f"s{k}", [], scale), bytes_of(f"z{k}", UINT8, [], zero)]
        steps.append(node("QLinearMatMul", [source, f"a{k}", f"az{k}", f"w{k}", f"ws{k}", f"wz{k}", f"s{k}", f"z{k}"],
                          ["y" if k == 1 else "h"]))
        source = "h"
    return model(graph("qop", steps, [value_info("x", UINT8, [batch, 2])], [value_info("y", UINT8, [batch, 2])], made))


class Quantised(CommandLineTest):
    def results(self, data, points):
        """What the model gives for all these inputs, in one batch."""
        head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({len(points)}, 2), }}".encode().ljust(117) + b"\n"
        pathlib.Path(self.path("x.npy")).write_bytes(b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head
                                                     + bytes(itertools.chain(*points)))
        self.run_program("run", self.write("all.onnx", data), "--input", f"x={self.path('x.npy')}", "--output",
                         self.path("out"))
        raw = pathlib.Path(self.path("out/y.npy")).read_bytes()
        body = raw[10 + struct.unpack_from("<H", raw, 8)[0]:]
        values = struct.unpack(f"<{2 * len(points)}f", body) if b"<f4" in raw[:100] else tuple(body)
        return [values[0::2], values[1::2]]

    def test_random_models_agree_with_all_their_inputs(self):
        for seed in range(8):
            for make in (quantise_dequantise, quantised_operations):
                of = [make(batch, random.Random(seed), seed % 2 == 0) for batch in (1, 900)]
                low = random.Random(seed).randrange(226)
                y = self.results(of[1], list(itertools.product(range(low, low + 30), repeat=2)))
                subject = self.write("one.onnx", of[0])
                words = ["--domain", f"{low}:{low + 29}", "--ensure"]
                for j in range(2):
                    values = sorted(set(y[j]))
                    exact = [f"{v:.40g}" for v in (values[0], values[-1])]
                    self.prove(subject, [*words, f"bounds y[{j}] in [{exact[0]}, {exact[1]}]"], "proved")
                    if len(values) > 1:
                        self.prove(subject, [*words, f"bounds y[{j}] in [{values[1]:.40g}, {exact[1]}]"], "violated")
                        self.prove(subject, [*words, f"bounds y[{j}] in [{exact[0]}, {values[-2]:.40g}]"], "violated")
                above = all(a > b for a, b in zip(*y))
                self.prove(subject, [*words, "order y[0] > y[1]"], "proved" if above else "violated")

    def write(self, name, data):
        pathlib.Path(self.path(name)).write_bytes(data)
        return self.path(name)

    def prove(self, subject, words, expected):
        """Proves or refutes, asks the same question again, and has the trusted base check the proof."""
        proof = self.path("p.isoproof")
        answer = self.run_json("prove", subject, *words, "--out", proof, code=0 if expected == "proved" else 1)
        self.assertEqual(answer["verdict"], expected, words)
        checked = self.run_json("check", proof, "--model", subject, *words)
        self.assertEqual((checked["verdict"], checked["claim"]), ("accepted", expected))
        if expected == "proved":
            self.run_program("proof", proof, program="isotrace-verify")
        return answer

    def run_integers(self, subject, x):
        return [max(-128, min(127, round(sum((a - 128) * w for a, w in zip(x, column)) / 128) + 3))
                for column in ((subject[0], subject[2]), (subject[1], subject[3]))]

    def test_thresholds_at_ties_are_sharp(self):
        # (x0 - 128) 64 / 128 + 3: every odd x0 is a tie, which goes to the even neighbour.
        weights = [64, -64, 0, 0]
        subject = self.write("tie.onnx", classifier(weights))
        for x0 in (131, 133):
            most = self.run_integers(weights, [x0, 0])[0]
            words = ["--domain", f"0={x0}:{x0}", "--domain", "0:255", "--ensure"]
            self.prove(subject, [*words, f"bounds y[0] in [-128, {most}]"], "proved")
            answer = self.prove(subject, [*words, f"bounds y[0] in [-128, {most - 1}]"], "violated")
            self.assertEqual(float.fromhex(answer["counterexample"]["inputs"][0]), x0)
            self.assertEqual(float.fromhex(answer["counterexample"]["outputs"][0]), most)

    def test_saturation_counts(self):
        subject = self.write("strong.onnx", classifier([127, -127, 127, 127]))
        self.prove(subject, ["--domain", "250:255", "--ensure", "bounds y[0] in [127, 127]"], "proved")
        self.prove(subject, ["--domain", "0:255", "--ensure", "bounds y[0] in [-127, 127]"], "violated")

    def test_every_input_of_a_small_model_agrees_with_the_proof(self):
        random.seed(5)
        weights = [random.randrange(-128, 128) for _ in range(4)]
        subject = self.write("any.onnx", classifier(weights))
        domain = range(100, 160)
        results = [self.run_integers(weights, [a, b]) for a in domain for b in domain]
        least, most = min(y[1] for y in results), max(y[1] for y in results)
        words = ["--domain", "100:159", "--ensure"]
        self.prove(subject, [*words, f"bounds y[1] in [{least}, {most}]"], "proved")
        self.prove(subject, [*words, f"bounds y[1] in [{least + 1}, {most}]"], "violated")
        self.prove(subject, [*words, f"bounds y[1] in [{least}, {most - 1}]"], "violated")

    def test_integers_are_all_that_an_integer_input_can_be(self):
        weights = [64, 1, 0, 0]
        subject = self.write("steps.onnx", classifier(weights))
        only = self.run_integers(weights, [134, 7])[0]
        words = ["--domain", "0=133.01:134.99", "--domain", "7:7", "--ensure"]
        self.prove(subject, [*words, f"bounds y[0] in [{only}, {only}]"], "proved")
        self.assertNotEqual(only, self.run_integers(weights, [136, 7])[0])
        self.prove(subject, ["--domain", "0=133.01:136", *words[2:], f"bounds y[0] in [{only}, {only}]"], "violated")
        self.prove(subject, ["--domain", "0=-9:9", "--domain", "1=0:999", "--ensure", "bounds y[1] in [2, 4]"], "proved")

    def test_what_is_not_understood_is_refused(self):
        data = classifier([1, 2, 3, 4]).replace(b"QLinearMatMul", b"QLinearMatMux")
        subject = self.write("unknown.onnx", data)
        self.run_program("prove", subject, "--domain", "0:9", "--ensure", "finite", code=3)
        pair = model(graph("pair", [node("QLinearMatMul", ["x", "s", "z", "v", "s", "t", "s", "z"], ["y"])],
                           [value_info("x", UINT8, [1, 2]), value_info("v", INT8, [2, 1])],
                           [value_info("y", UINT8, [1, 1])],
                           [floats("s", [], 1), bytes_of("z", UINT8, [], 0), bytes_of("t", INT8, [], 0)]))
        done = self.run_program("prove", self.write("pair.onnx", pair), "--domain", "0:9", "--ensure",
                                "bounds y in [0, 300]", code=3)
        self.assertIn(b"node 0 (QLinearMatMul", done.stderr)

    def test_equivalence_with_the_float_original(self):
        random.seed(11)
        first, second = ([random.uniform(-1, 1) for _ in range(n)] for n in (12, 8))
        subject = self.write("original.onnx", original(first, second))
        other = self.write("quantised.onnx", quantised(first, second))
        words = ["--domain", "-1:1", "--ensure"]
        self.prove(subject, [*words, f'equivalent "{other}" within 0.25'], "proved")
        answer = self.prove(subject, [*words, f'equivalent "{other}" within 0.005'], "violated")
        y = [float.fromhex(v) for v in answer["counterexample"]["outputs"]]
        self.assertGreater(max(abs(y[0] - y[2]), abs(y[1] - y[3])), 0.005)


if __name__ == "__main__":
    unittest.main()
