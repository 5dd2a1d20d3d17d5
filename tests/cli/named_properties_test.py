"""Properties by name: each one proved where it is true, refuted where it is false, checked again, and
asked of a single run."""
import json
import pathlib
import random
import struct
import subprocess
import unittest

from command_line import BUILD, CommandLineTest
from onnx_bytes import FLOAT, field, graph, model, node, tensor, value_info


def floats(name, dims, *values):
    return tensor(name, FLOAT, dims, struct.pack(f"<{len(values)}f", *values))


def layers(shift=0.0):
    """y0 = relu(x0) + 0.5 relu(x1), y1 = -relu(x0) + 0.25 relu(x1); `shift` changes one weight."""
    return model(graph("layers", [node("MatMul", ["x", "a"], ["m"]), node("Relu", ["m"], ["h"]),
                                  node("MatMul", ["h", "b"], ["y"])],
                       [value_info("x", FLOAT, [1, 2])], [value_info("y", FLOAT, [1, 2])],
                       [floats("a", [2, 2], 1, 0, 0, 1), floats("b", [2, 2], 1, -1, 0.5 + shift, 0.25)]))


def shares(clip):
    """y0 = x0 (clipped to [0, 1]), y1 = 1 - y0."""
    first = node("Clip", ["x", "low", "high"], ["c"]) if clip else node("Identity", ["x"], ["c"])
    axis = field(5, field(1, "axis") + field(3, 1) + field(20, 2))
    return model(graph("shares", [first, node("Sub", ["high", "c"], ["d"]), node("Concat", ["c", "d"], ["y"], axis)],
                       [value_info("x", FLOAT, [1, 1])], [value_info("y", FLOAT, [1, 2])],
                       [floats("low", [], 0), floats("high", [], 1)]))


def overflowing():
    return model(graph("large", [node("Mul", ["x", "a"], ["m"]), node("Mul", ["m", "a"], ["y"])],
                       [value_info("x", FLOAT, [1, 1])], [value_info("y", FLOAT, [1, 1])],
                       [floats("a", [], 3e20)]))


def rows(operation):
    return model(graph("rows", [node(operation, ["x"], ["y"])], [value_info("x", FLOAT, [1, 2])],
                       [value_info("y", FLOAT, [1, 2])]))


def npy(*values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': (1, {len(values)}), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(
        f"<{len(values)}f", *values)


class NamedProperties(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.model = self.write("layers.onnx", layers())

    def write(self, name, data):
        pathlib.Path(self.path(name)).write_bytes(data)
        return self.path(name)

    def prove(self, words, expected, model=None):
        """Proves or refutes, then lets `check` ask the same question and the trusted base check the proof."""
        proof = self.path("p.isoproof")
        model = model or self.model
        code = 0 if expected == "proved" else 1
        answer = self.run_json("prove", model, *words, "--out", proof, code=code)
        self.assertEqual(answer["verdict"], expected, words)
        checked = self.run_json("check", proof, "--model", model, *words)
        self.assertEqual((checked["verdict"], checked["claim"]), ("accepted", expected))
        if expected == "proved":
            self.run_program("proof", proof, program="isotrace-verify")
        return answer

    def ensure(self, true, false, domain="0:1", model=None):
        for text, expected in ((true, "proved"), (false, "violated")):
            answer = self.prove(["--domain", domain, "--ensure", text], expected, model)
            self.assertEqual(answer["property"], text)

    def test_bounds(self):
        self.ensure("bounds y[0] in [-0.001, 1.501]", "bounds y[0] in [0.1, 2]")
        self.ensure("bounds y in [-1.01, 1.51]", "bounds y in [-0.5, 2]")

    def test_order_of_outputs(self):
        self.ensure("order y[0] > y[1]", "order y[1] > y[0]", "0.1:1")
        self.ensure("argmax is 0", "argmax is 1", "0.1:1")
        self.ensure("argmax not 1", "argmax not 0", "0.1:1")

    def test_monotone_inputs(self):
        self.ensure("monotone y[0] up x[0] within 1e-4", "monotone y[1] up x[0] within 1e-4")
        self.ensure("monotone y[1] down x[0] within 1e-4", "monotone y[0] down x[1] within 1e-4")

    def test_fairness(self):
        self.ensure("fair x[1] within 0.51", "fair x[1] within 0.1")
        self.prove(["--domain", "0.1:1", "--ensure", "fair x[1] argmax"], "proved")
        self.prove(["--domain", "-1:1", "--ensure", "fair x[1] argmax"], "violated")

    def test_equivalence_of_two_models(self):
        other = self.write("other.onnx", layers(shift=1e-3))
        self.ensure(f'equivalent "{other}" within 0.01', f'equivalent "{other}" within 1e-5')

    def test_probabilities(self):
        self.prove(["--domain", "-2:2", "--ensure", "probabilities within 1e-6"], "proved",
                   self.write("clipped.onnx", shares(clip=True)))
        self.prove(["--domain", "-2:2", "--ensure", "probabilities within 1e-6"], "violated",
                   self.write("open.onnx", shares(clip=False)))

    def test_finite_outputs(self):
        self.prove(["--domain", "-1e6:1e6", "--ensure", "finite"], "proved")
        large = self.write("large.onnx", overflowing())
        answer = self.prove(["--domain", "0:1", "--ensure", "finite"], "violated", large)
        self.assertEqual(answer["counterexample"]["outputs"], ["inf"])

    def test_robustness_around_an_input(self):
        centre = self.write("centre.npy", npy(0.5, 0.5))
        self.prove(["--robust", centre, "--eps", "0.1"], "proved")
        self.prove(["--robust", centre, "--eps", "0.1", "--label", "1"], "violated")
        answer = self.prove(["--robust", centre, "--eps", "0.6"], "violated")
        inputs = [float.fromhex(x) for x in answer["counterexample"]["inputs"]]
        self.assertTrue(all(-0.1 <= x <= 1.1 for x in inputs))
        self.prove(["--robust", centre, "--eps", "0.6", "--domain", "0.01:1"], "proved")

    def test_property_file_with_several_properties(self):
        lines = "# what the controller promises\ndomain x in [0, 1]\ndomain x[1] in [0.5, 1]\n" \
                "bounds y[0] in [0.2, 1.6]\nbounds y[1] in [0, 1]  # false\nfinite\n"
        path = self.write("promises.txt", lines.encode())
        answer = self.run_json("prove", self.model, "--property", path, "--out", self.path("p.isoproof"), code=1)
        self.assertEqual(answer["verdict"], "violated")
        self.assertEqual([p["verdict"] for p in answer["properties"]], ["proved", "violated", "proved"])
        self.assert_only("layers.onnx", "promises.txt", "p.1.isoproof", "p.2.isoproof", "p.3.isoproof")
        self.run_program("check", self.path("p.3.isoproof"), "--model", self.model, "--property", path)

    def test_proofs_of_other_questions_are_rejected(self):
        proof = self.path("p.isoproof")
        asked = ["--domain", "0:1", "--ensure", "monotone y[0] up x[0] within 1e-4"]
        self.run_program("prove", self.model, *asked, "--out", proof)
        other = self.write("other.onnx", layers(shift=0.25))
        self.run_program("check", proof, "--model", other, *asked, code=1)
        self.run_program("check", proof, "--model", self.model, "--domain", "0:2", *asked[2:], code=1)
        self.run_program("check", proof, "--model", self.model, *asked[:3], "monotone y[0] up x[1] within 1e-4", code=1)

    def test_engines_are_explained_and_their_times_stay_out_of_proofs(self):
        asked = [self.model, "--domain", "0:1", "--ensure", "bounds y[0] in [0.1, 2]", "--ensure",
                 "bounds y[1] in [-1.001, 0.3]", "--out", self.path("p.isoproof")]
        events, again = self.path("events"), self.path("again")
        answer = self.run_json("prove", *asked, "--explain", "--events", events, code=1)
        refuted, proved = (p["stages"] for p in answer["properties"])
        self.assertEqual([s["engine"] for s in refuted], ["lowering", "attack"])
        self.assertEqual((refuted[1]["outcome"], refuted[0]["relus"]), ("counterexample", 2))
        self.assertGreater(refuted[1]["executions"], 0)
        searches = [s for s in proved if s["engine"] == "boxes"]
        self.assertEqual([(s["case"], s["outcome"]) for s in searches], [(1, "proved"), (2, "proved")])
        self.assertEqual((proved[-1]["engine"], proved[-1]["outcome"]), ("checker", "accepted"))
        self.assertEqual(proved[-1]["leaves"], sum(s["leaves"] for s in searches))
        lines = [json.loads(line) for line in pathlib.Path(events).read_text().splitlines()]
        self.assertEqual([line["engine"] for line in lines], [s["engine"] for s in refuted + proved])
        self.assertTrue(all(line["us"] >= 0 and line["property"].startswith("bounds") for line in lines))
        first = pathlib.Path(self.path("p.2.isoproof")).read_bytes()
        plain = self.run_program("prove", *asked, code=1).stdout
        self.assertNotIn(b"checker", plain)
        self.assertEqual(pathlib.Path(self.path("p.2.isoproof")).read_bytes(), first)
        text = self.run_program("prove", *asked, "--explain", "--events", again, code=1).stdout
        self.assertIn(b"\n  checker: accepted; leaves ", text)

    def test_linear_programs_close_what_bounds_leave_open(self):
        random.seed(3)
        widths = [6, 12, 12, 1]
        nodes, weights, last = [], [], "x"
        for i, (a, b) in enumerate(zip(widths, widths[1:])):
            weights.append(floats(f"w{i}", [a, b], *(random.gauss(0, 1.4 / a ** 0.5) for _ in range(a * b))))
            nodes += [node("MatMul", [last, f"w{i}"], [f"m{i}"]), node("Relu", [f"m{i}"], [f"h{i}"])]
            last = f"h{i}" if i < 2 else f"m{i}"
        subject = self.write("deep.onnx", model(graph("deep", nodes[:-1], [value_info("x", FLOAT, [1, 6])],
                                                      [value_info("m2", FLOAT, [1, 1])], weights)))
        proof, asked = self.path("p.isoproof"), ["--domain", "-1:1", "--ensure", "bounds y[0] in [-4, 4]"]
        words = [*asked, "--explain", "--out", proof]
        plain = self.run_json("prove", subject, *words)
        closed = self.run_json("prove", subject, *words, "--lp-leaves", "100")
        self.run_program("check", proof, "--model", subject, *asked)
        self.run_program("proof", proof, program="isotrace-verify")
        self.assertLess(closed["stages"][-1]["leaves"], plain["stages"][-1]["leaves"])
        self.assertGreater(sum(s.get("programs", 0) for s in closed["stages"]), 0)
        self.run_program("prove", subject, *words, "--lp-leaves", "many", code=3)

    def test_single_runs(self):
        centre = self.write("centre.npy", npy(1, 1))
        run = ["run", self.model, "--input", centre]
        good = self.run_json(*run, "--ensure", "bounds y[0] in [1.5, 1.5]", "--ensure", "finite")
        self.assertEqual([c["holds"] for c in good["ensured"]], [True, True])
        bad = self.run_json(*run, "--ensure", "finite", "--ensure", "argmax is 1", code=1)
        self.assertEqual([c["holds"] for c in bad["ensured"]], [True, False])
        refusal = self.run_json(*run, "--ensure", "fair x[0] within 1", code=3)["refusal"]
        self.assertEqual(refusal["name"], "property_unsupported")

    def test_single_runs_that_are_not_finite(self):
        large = self.write("large.onnx", overflowing())
        run = ["run", large, "--input", self.write("one.npy", npy(1)), "--ensure"]
        self.run_program(*run, "finite", code=1)
        self.run_program(*run, "bounds y in [0, 1e38]", code=1)

    def test_refusals(self):
        def name(*words, model=self.model):
            return self.run_json("prove", model, *words, code=3)["refusal"]["name"]
        self.assertEqual(name("--ensure", "finite"), "property_input_unbounded")
        self.assertEqual(name("--domain", "0:1", "--ensure", "bounds y[7] in [0, 1]"), "property_mismatch")
        self.assertEqual(name("--domain", "0:1", "--ensure", "monotone y[0] up x[2]"), "property_mismatch")
        self.assertEqual(name("--domain", "5=0:1", "--domain", "0:1", "--ensure", "finite"), "property_mismatch")
        self.assertEqual(name("--domain", "0:x", "--ensure", "finite"), "property_malformed")
        for text in ("", "finite finite", "bounds y in [0, 1", "bounds y in [a, 1]", "fair x[1] within -1",
                     "order y[0] > y[0]", "robust seven.npy within 1", "monotone y[0] x[0]", "argmax 3", "sound"):
            self.assertEqual(name("--domain", "0:1", "--ensure", text), "property_malformed", text)
        logarithms = self.write("logarithms.onnx", rows("LogSoftmax"))
        refusal = self.run_json("prove", logarithms, "--domain", "0:1", "--ensure", "bounds y[0] in [-9, 0]", code=3)["refusal"]
        self.assertEqual(refusal["name"], "prove_unsupported")
        self.assertIn("LogSoftmax", refusal["where"])
        self.assertEqual(name("--robust", self.write("wide.npy", npy(1, 2, 3)), "--eps", "1"), "property_mismatch")

    def test_softmax(self):
        for operation in ("Softmax", "LogSoftmax"):
            subject = self.write(f"{operation}.onnx", rows(operation))
            self.prove(["--domain", "0=1:2", "--domain", "0:0.5", "--ensure", "argmax is 0"], "proved", subject)
            self.prove(["--domain", "0:1", "--ensure", "argmax is 0"], "violated", subject)
        subject = self.path("Softmax.onnx")
        self.prove(["--domain", "-1000:1000", "--ensure", "probabilities"], "proved", subject)
        self.prove(["--domain", "0=1:2", "--domain", "0:0.5", "--ensure", "bounds y[0] in [0.62, 0.89]"], "proved", subject)

    def test_empty_domains_hold_for_no_input(self):
        self.prove(["--domain", "1:0", "--ensure", "argmax is 1"], "proved")

    def test_what_holds_for_no_input_is_said_to_and_not_certified(self):
        for domain, vacuous in (("1:0", True), ("0:1", None)):
            asked = ["--domain", domain, "--ensure", "finite"]
            self.assertEqual(self.run_json("prove", self.model, *asked, "--out", "p").get("vacuous"), vacuous)
            self.assertEqual(self.run_json("check", "p", "--model", self.model, *asked).get("vacuous"), vacuous)
            self.assertEqual(b"holds for nothing" in self.run_program("check", "p").stdout, bool(vacuous))
            judged = self.run_program("proof", "p", program="isotrace-verify")
            self.assertEqual(b"holds for nothing" in judged.stdout, bool(vacuous))
            self.run_program("keygen", "--out", f"k{domain[0]}")
            text = subprocess.run([str(BUILD / "bin/isotrace"), "certify", "--model", self.model, "--proof", "p", "--key",
                                   f"k{domain[0]}.key", "--out", "c"], cwd=self.folder, capture_output=True)
            self.assertEqual(b"holds for nothing" in text.stderr, bool(vacuous), text.stderr)

    def test_wrong_calls(self):
        for words in ([], ["--robust", "x.npy"], ["--eps", "1"], ["--label", "1"], ["--domain", "0:1"]):
            self.run_program("prove", self.model, *words, code=2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
