"""`isotrace compare --against ort`: engines that are there, are not there, lie, or die. The engines that
lie or die are made here; ONNX Runtime itself is taken from ISOTRACE_ORT, where npm has put it."""
import json
import os
import shutil
import subprocess
import unittest
import unittest.mock
import xml.etree.ElementTree

from command_line import BUILD, CommandLineTest

ORT = os.environ.get("ISOTRACE_ORT", "")


class ForeignEngines(CommandLineTest):
    def compare(self, *words, **options):
        return self.run_json("compare", self.record("a.isotrace"), "--against", "ort", *words, **options)

    def test_an_engine_that_is_not_there_is_named(self):
        refusal = self.compare("--bounds", "--ort", self.path("nothing"), code=4)["refusal"]
        self.assertEqual(refusal["name"], "foreign_engine_absent")

    def test_assumptions_that_are_no_numbers_are_refused(self):
        for given, name in (("x", "text_not_number"), ("-1", "value_out_of_range")):
            refusal = self.compare("--bounds", "--library-ulps", given, code=3)["refusal"]
            self.assertEqual(refusal["name"], name)

    def test_bounds_need_an_engine_that_rounds_elsewhere(self):
        path = self.record("a.isotrace")
        self.run_program("compare", path, "--against", "cpu", "--bounds", code=2)
        self.run_program("compare", path, path, "--against", "ort", code=2)

    @unittest.skipUnless(shutil.which("node"), "Node.js is absent")
    def test_nan_and_wrong_shapes_are_outside(self):
        lie = "const x = Object.values(feeds)[0]; return { type: 'float32', dims: [2, 2], " \
              "data: Float32Array.from([NaN, NaN, NaN, NaN]) };"
        found = self.compare("--bounds", "--ort", self.make_engine(lie), code=1)
        self.assertEqual(found["verdict"], "diverged")
        self.assertEqual({step["agreement"] for step in found["steps"]}, {"outside"})
        self.assertIn("expected", found["steps"][0]["outputs"][0]["mismatch"])

    @unittest.skipUnless(shutil.which("node"), "Node.js is absent")
    def test_a_trace_that_is_not_canonical_is_no_measure(self):
        right = self.record("a.isotrace")
        forged = self.path("forged.isotrace")
        subprocess.run([str(BUILD / "bin/forge_trace"), right, forged, "3"], check=True)
        found = self.run_json("compare", forged, "--against", "ort", "--bounds", "--ort",
                              self.make_engine("process.exit(1);"), code=1)
        self.assertEqual(found["verdict"], "diverged")
        self.assertEqual([step["step"] for step in found["steps"]], [3])

    @unittest.skipUnless(shutil.which("node"), "Node.js is absent")
    def test_an_engine_that_dies_leaves_its_steps_undecided(self):
        found = self.compare("--bounds", "--ort", self.make_engine("process.exit(1);"), code=5)
        self.assertEqual(found["verdict"], "undecided")
        self.assertTrue(all("foreign_step_failed" in step["refusal"] for step in found["steps"]))

    @unittest.skipUnless(ORT, "ISOTRACE_ORT is not set")
    def test_onnx_runtime_is_within_bounds(self):
        found = self.compare("--bounds", "--junit", self.path("report.xml"))
        self.assertIn(found["verdict"], ("identical", "within bounds"))
        self.assertTrue(found["engine"].startswith("ONNX Runtime "))
        self.assertEqual(found["bounds"]["libraryUlps"], 4)
        self.assertEqual(sum(row["outside"] + row["noBound"] + row["notRun"] for row in found["operations"]), 0)
        suite = xml.etree.ElementTree.parse(self.path("report.xml")).getroot()
        self.assertEqual(len(list(suite.iter("testcase"))), sum(row["steps"] for row in found["operations"]))
        self.assertEqual(list(suite.iter("failure")), [])

    @unittest.skipUnless(ORT, "ISOTRACE_ORT is not set")
    def test_without_bounds_every_difference_diverges(self):
        path = self.record("a.isotrace")
        judged = json.loads(self.run_program("compare", path, "--against", "ort", "--bounds", "--json").stdout)
        within = sum(row["within"] for row in judged["operations"])
        self.run_program("compare", path, "--against", "ort", code=1 if within else 0)

    @unittest.skipUnless(shutil.which("node"), "Node.js is absent")
    def test_nothing_is_left_behind(self):
        with unittest.mock.patch.dict(os.environ, TMPDIR=str(self.folder)):
            self.compare("--bounds", "--ort", self.make_engine("process.exit(1);"), code=5)
        self.assert_only("a.isotrace", "modules")


if __name__ == "__main__":
    unittest.main(verbosity=2)
