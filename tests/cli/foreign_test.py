"""Foreign traces: what another engine computed, recorded, compared and judged, and refused wherever a run of
the reference is wanted. Engines are made here; ONNX Runtime itself is taken from ISOTRACE_ORT."""
import os
import pathlib
import shlex
import shutil
import unittest

from command_line import CommandLineTest, INPUT, MODEL
from onnx_bytes import FLOAT, graph, model, node, value_info

ORT = os.environ.get("ISOTRACE_ORT", "")
ADD = "return { type: 'float32', dims: [2, 4], data: Float32Array.from(feeds.x0.data, " \
      "(v, i) => %s) };"
RIGHT = ADD % "v + feeds.x1.data[i]"
# Only where the operands differ, so in the second step alone.
WRONG = ADD % "i === 3 && v !== feeds.x1.data[i] ? %s : v + feeds.x1.data[i]"


def two_sums():
    """y = (x + x) + x."""
    return model(graph("sums", [node("Add", ["x", "x"], ["d"]), node("Add", ["d", "x"], ["y"])],
                       [value_info("x", FLOAT, [2, 4])], [value_info("y", FLOAT, [2, 4])]))


class Foreign(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.model = self.path("m.onnx")
        pathlib.Path(self.model).write_bytes(two_sums())
        # Three times this is a tie between two numbers: 3 + 2^-21, to even, and 3 + 2^-22.
        self.input = self.write_floats("x.npy", (2, 4), [1 + 2 ** -23] * 8)

    def own(self, name="own.isotrace"):
        self.run_program("run", self.model, "--input", self.input, "--trace", self.path(name))
        return self.path(name)

    def foreign(self, name, answer, *words, version="0.0.0"):
        """Recorded with an engine that is gone afterwards."""
        modules = self.make_engine(answer, version)
        told = self.run_json("run", self.model, "--input", self.input, "--backend", "ort", "--ort", modules, "--trace",
                             self.path(name), *words)
        shutil.rmtree(modules)
        self.assertEqual(told["steps"], 2)
        return self.path(name)


@unittest.skipUnless(shutil.which("node"), "Node.js is absent")
class Recorded(Foreign):
    def test_the_engine_and_its_version_are_in_the_identity(self):
        a, b = self.foreign("a.isotrace", RIGHT), self.foreign("b.isotrace", RIGHT, version="1.0.0")
        told = self.run_json("inspect", a)
        self.assertEqual(told["semantics"], "foreign:ONNX Runtime 0.0.0")
        self.assertEqual(told["provenance"]["backend"], "foreign:ONNX Runtime 0.0.0")
        self.assertEqual(told["contents"], 3)  # the input and two results
        self.assertNotEqual(told["root"], self.run_json("inspect", b)["root"])
        self.assertEqual(self.run_json("inspect", a, "--step", 1)["operation"], "Add")

    def test_it_is_compared_with_our_own_run_and_the_element_is_named(self):
        own, other = self.own(), self.foreign("b.isotrace", WRONG % "v * 1.25")
        for a, b, right in ((own, other, "a"), (other, own, "b")):
            found = self.run_json("compare", a, b, code=1)
            divergence = found["divergence"]
            self.assertEqual((divergence["kind"], divergence["step"], divergence["element"]), ("result", 1, 3))
            self.assertEqual(divergence["canonical"], right)
            self.assertIsNotNone(divergence["ulps"])
            self.assertEqual({found["semanticsA"], found["semanticsB"]}, {"isonum-1", "foreign:ONNX Runtime 0.0.0"})

    def test_the_line_that_reproduces_writes_the_step_for_other_programs(self):
        own, other = self.own(), self.foreign("b.isotrace", WRONG % "0")
        program, *words = shlex.split(self.run_json("compare", own, other, code=1)["divergence"]["reproduce"])
        self.assertEqual(program, "isotrace")
        again = self.run_json(*words, code=1)
        self.assertTrue((self.folder / "step" / "step.onnx").exists())
        program, *words = shlex.split(again["divergence"]["reproduce"])
        self.assertEqual(self.run_json(*words)["steps"], 1)

    def test_equal_steps_of_another_engine_are_no_identical_run(self):
        own, other = self.own(), self.foreign("b.isotrace", RIGHT)
        found = self.run_json("compare", own, other, code=1)
        self.assertEqual(found["divergence"]["kind"], "semantics")
        self.assertIn("every step and output is equal", self.run_program("compare", own, other, code=1).stdout.decode())
        self.assertEqual(self.run_json("compare", own, other, "--bounds")["verdict"], "identical")

    def test_two_foreign_traces_are_compared_with_each_other(self):
        right, wrong = self.foreign("a.isotrace", RIGHT), self.foreign("b.isotrace", WRONG % "1e9", version="2.0.0")
        divergence = self.run_json("compare", right, wrong, code=1)["divergence"]
        self.assertEqual((divergence["step"], divergence["bDecimal"]), (1, "1e+09"))
        self.assertEqual(self.run_json("compare", right, right)["verdict"], "identical")

    def test_bounds_judge_it_without_the_engine(self):
        own = self.own()
        near = self.foreign("near.isotrace", WRONG % "3 + 2 ** -22")
        self.assertEqual(self.run_json("compare", own, near, "--bounds")["verdict"], "within bounds")
        for name, value in (("far", "(v + feeds.x1.data[i]) * 1.001"), ("nan", "NaN"), ("inf", "-Infinity")):
            found = self.run_json("compare", own, self.foreign(f"{name}.isotrace", WRONG % value), "--bounds", code=1)
            self.assertEqual([(s["step"], s["agreement"]) for s in found["steps"]], [(1, "outside")])
            self.assertEqual(found["steps"][0]["outputs"][0]["worst"]["element"]
                             if "worst" in found["steps"][0]["outputs"][0] else
                             found["steps"][0]["outputs"][0]["element"], 3)

    def test_a_report_shows_it(self):
        own, other = self.own(), self.foreign("b.isotrace", WRONG % "NaN")
        self.run_program("report", other, "--html", self.path("one.html"))
        self.assertIn("foreign:ONNX Runtime 0.0.0", pathlib.Path(self.path("one.html")).read_text())
        found = self.run_json("report", own, other, "--html", self.path("two.html"), code=1)
        self.assertEqual((found["verdict"], found["divergence"]["step"]), ("diverged", 1))

    def test_without_contents_bounds_are_refused(self):
        bare = self.foreign("b.isotrace", WRONG % "0", "--keep", "none")
        self.assertEqual(self.run_json("inspect", bare)["contents"], 1)
        refusal = self.run_json("compare", self.own(), bare, "--bounds", code=3)["refusal"]
        self.assertEqual(refusal["name"], "trace_without_program")

    def test_a_step_that_the_engine_cannot_do_is_refused_or_left_to_the_reference(self):
        modules = self.make_engine("throw new Error('no such kernel');")
        words = ("run", self.model, "--input", self.input, "--backend", "ort", "--ort", modules, "--trace",
                 self.path("f.isotrace"))
        refusal = self.run_json(*words, code=3)["refusal"]
        self.assertEqual(refusal["name"], "foreign_step_failed")
        self.assertIn("step 0", refusal["where"])
        self.assert_only("m.onnx", "modules", "x.npy")
        self.assertEqual(self.run_json(*words, "--allow-fallback")["selection"]["fallbackSteps"], [0, 1])
        self.assertEqual(self.run_json("inspect", self.path("f.isotrace"))["provenance"]["fallbackSteps"], [0, 1])
        judged = self.run_json("compare", self.own(), self.path("f.isotrace"), "--bounds", code=5)
        self.assertEqual((judged["verdict"], [step["agreement"] for step in judged["steps"]]),
                         ("undecided", ["not run"] * 2))


@unittest.skipUnless(shutil.which("node"), "Node.js is absent")
class Refused(Foreign):
    def test_no_command_takes_it_for_a_run_of_the_reference(self):
        own, other = self.own(), self.foreign("b.isotrace", RIGHT)
        self.run_program("keygen", "--out", self.path("k"))
        for words in (("replay", other), ("replay", other, "--from", 0, "--to", 0), ("serve", "--trace", other),
                      ("compare", other, own, "--bounds"), ("compare", other, other, "--bounds"),
                      ("compare", other, "--against", "ort"),
                      ("certify", "--model", self.model, "--trace", other, "--key", self.path("k.key"), "--out",
                       self.path("c.json"))):
            refusal = self.run_json(*words, code=3)["refusal"]
            self.assertEqual(refusal["name"], "trace_foreign", words)
            self.assertIn("ONNX Runtime 0.0.0", refusal["detail"])
        refusal = self.run_json("trace", other, program="isotrace-verify", code=3)["refusal"]
        self.assertEqual(refusal["name"], "trace_foreign")
        self.run_program("trace", own, program="isotrace-verify")

    def test_a_certificate_over_a_run_of_the_reference_does_not_verify_with_it(self):
        own, other = self.own(), self.foreign("b.isotrace", RIGHT)
        self.run_program("keygen", "--out", self.path("k"))
        self.run_program("policy", "init", "--key", self.path("k.pub"), "--expires", "2036-12-31", "--out",
                         self.path("policy.json"))
        self.run_program("certify", "--model", self.model, "--trace", own, "--key", self.path("k.key"), "--out",
                         self.path("c.json"))
        words = ("verify", self.path("c.json"), "--policy", self.path("policy.json"), "--model", self.model, "--trace")
        self.run_program(*words, own)
        self.assertIn(b"trace.file", self.run_program(*words, other, code=13).stdout)

    def test_options_that_do_not_apply_are_a_wrong_call(self):
        for words in (("--ort", "x"), ("--backend", "cpu", "--ort", "x"), ("--backend", "ort", "--isa", "avx2")):
            self.run_program("run", self.model, "--input", self.input, *words, code=2)
        module = self.path("m.wasm")
        pathlib.Path(module).write_bytes(b"\0asm\1\0\0\0")
        self.run_program("run", module, "--backend", "ort", code=2)
        self.run_program("replay", self.own(), "--backend", "ort", code=2)


@unittest.skipUnless(ORT, "ISOTRACE_ORT is not set")
class OnnxRuntime(Foreign):
    def test_a_recorded_run_of_onnx_runtime_is_within_bounds_and_needs_it_no_more(self):
        own = self.record("own.isotrace")
        other = self.path("ort.isotrace")
        self.run_program("run", MODEL, "--input", INPUT, "--backend", "ort", "--ort", ORT, "--trace", other)
        self.assertTrue(self.run_json("inspect", other)["semantics"].startswith("foreign:ONNX Runtime 1."))
        found = self.run_json("compare", own, other, "--bounds")
        self.assertIn(found["verdict"], ("identical", "within bounds"))
        self.run_json("compare", own, other, code=1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
