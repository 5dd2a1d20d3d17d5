"""conform as users and CI systems run it, on folders made here from the controller."""
import pathlib
import shutil
import unittest
import xml.etree.ElementTree

from command_line import CommandLineTest, CONTROLLER, INPUT, MODEL


class Conform(CommandLineTest):
    def make_test(self, name):
        """A test that passes: the controller, its state, and what it answers."""
        data = self.folder / "suite" / name / "test_data_set_0"
        data.mkdir(parents=True)
        shutil.copy(MODEL, data.parent / "model.onnx")
        shutil.copy(CONTROLLER / "state.pb", data / "input_0.pb")
        self.run_program("run", MODEL, "--input", INPUT, "--out", data / "output_0.pb")
        return data

    def make_suite(self):
        self.make_test("a/passes")
        failing = self.make_test("b/deep/fails") / "output_0.pb"
        data = bytearray(failing.read_bytes())
        data[-1] ^= 0x40  # the exponent of the last element
        failing.write_bytes(bytes(data))
        (self.make_test("c/refused").parent / "model.onnx").write_bytes(b"no model <&\">")

    def conform(self, *words, code):
        return self.run_json("conform", "onnx", self.path("suite"), *words, code=code)

    def test_nested_folders_are_judged_and_named(self):
        self.make_suite()
        answer = self.conform(code=1)
        self.assertEqual([answer[key] for key in ("passed", "failed", "refused")], [1, 1, 1])
        self.assertEqual([(c["name"], c["status"]) for c in answer["cases"]],
                         [("a/passes", "passed"), ("b/deep/fails", "failed"), ("c/refused", "refused")])
        self.assertEqual(self.conform("--jobs", "3", "--backend", "cpu", code=1), answer)
        one = self.run_json("conform", "onnx", self.path("suite/a/passes"))
        self.assertEqual([c["name"] for c in one["cases"]], ["passes"])

    def test_only_chooses_and_nothing_chosen_is_an_error(self):
        self.make_suite()
        self.assertEqual(self.conform("--only", "a/*", code=0)["passed"], 1)
        self.assertEqual(self.conform("--only", "c/*", code=3)["refused"], 1)
        self.assertEqual(self.conform("--only", "*zzz*", code=4)["refusal"]["name"], "file_not_found")

    def test_no_tests_is_an_error(self):
        (self.folder / "suite").mkdir()
        self.conform(code=4)
        shutil.rmtree(self.folder / "suite")
        self.conform(code=4)

    def test_junit_report(self):
        self.make_suite()
        report = self.path("report.xml")
        self.conform("--junit", report, code=1)
        first = pathlib.Path(report).read_bytes()
        suite = xml.etree.ElementTree.fromstring(first).find("testsuite")
        self.assertEqual([suite.get(key) for key in ("tests", "failures", "errors", "skipped")], ["3", "1", "0", "1"])
        passes, fails, refused = suite.findall("testcase")
        self.assertEqual((passes.get("name"), len(passes)), ("a/passes", 0))
        self.assertIn("element", fails.find("failure").get("message"))
        self.assertIn("E1101", refused.find("skipped").get("message"))
        self.conform("--junit", report, code=1)
        self.assertEqual(pathlib.Path(report).read_bytes(), first)


if __name__ == "__main__":
    unittest.main(verbosity=2)
