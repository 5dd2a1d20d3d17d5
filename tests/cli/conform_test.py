"""conform as users and CI systems run it, on suites made here."""
import json
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

    def test_data_that_is_passed_over_is_no_success(self):
        for name, files in (("test_data_set_2", True), ("test_data_set_1", False), ("test_data_set_a", True)):
            first = self.make_test(name)
            more = first.parent / name
            more.mkdir()
            for file in first.iterdir() if files else ():
                shutil.copy(file, more)
        answer = self.conform(code=3)
        self.assertEqual((answer["passed"], answer["refused"]), (0, 3))
        for name in ("test_data_set_1", "test_data_set_2", "test_data_set_a"):
            shutil.rmtree(self.folder / "suite" / name / name)
        self.assertEqual(self.conform(code=0)["passed"], 3)

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


# (module (func (export "f") (result i32) i32.const 7))
SEVEN = bytes.fromhex("0061736d01000000" "0105016000017f" "03020100" "0705010166" "0000" "0a0601040041070b")


def returns(value):
    return {"type": "assert_return", "line": 2, "action": {"type": "invoke", "field": "f", "args": []},
            "expected": [{"type": "i32", "value": str(value)}]}


class ConformWasm(CommandLineTest):
    def make_script(self, name, *commands):
        script = self.folder / "suite" / (name + ".json")
        script.parent.mkdir(parents=True, exist_ok=True)
        (script.parent / "seven.wasm").write_bytes(SEVEN)
        module = {"type": "module", "line": 1, "filename": "seven.wasm"}
        script.write_text(json.dumps({"commands": [module, *commands]}))

    def make_suite(self):
        text_only = {"type": "assert_malformed", "line": 3, "filename": "x.wat", "module_type": "text", "text": "?"}
        self.make_script("a/passes", returns(7), text_only)
        self.make_script("b/fails", returns(7), returns(8))
        self.make_script("c/refused", {"type": "dance"})

    def conform(self, *words, code):
        return self.run_json("conform", "wasm", self.path("suite"), *words, code=code)

    def test_scripts_are_judged_and_named(self):
        self.make_suite()
        answer = self.conform(code=1)
        self.assertEqual([answer[key] for key in ("passed", "failed", "skipped", "refused")], [2, 1, 1, 1])
        self.assertEqual([(c["name"], c["status"]) for c in answer["cases"]],
                         [("a/passes", "passed"), ("b/fails", "failed"), ("c/refused", "refused")])
        self.assertEqual(answer["cases"][1]["failures"],
                         [{"line": 2, "what": "f: i32 8 expected, i32 7 found"}])
        self.assertEqual(self.conform("--jobs", "3", "--edition", "1.0", code=1), answer)
        one = self.run_json("conform", "wasm", self.path("suite/a/passes.json"))
        self.assertEqual((one["passed"], [c["name"] for c in one["cases"]]), (1, ["passes"]))
        text = self.run_program("conform", "wasm", self.path("suite/a")).stdout.decode()
        self.assertTrue(text.endswith("passed 1, failed 0, skipped 1 (text format), refused 0 scripts\n"), text)

    def test_only_chooses_and_nothing_chosen_is_an_error(self):
        self.make_suite()
        self.assertEqual(self.conform("--only", "a/*", code=0)["passed"], 1)
        self.assertEqual(self.conform("--only", "c/*", code=3)["refused"], 1)
        self.assertEqual(self.conform("--only", "*zzz*", code=4)["refusal"]["name"], "file_not_found")
        self.assertEqual(self.conform("--failures", code=1)["cases"][0]["name"], "b/fails")

    def test_junit_report(self):
        self.make_suite()
        report = self.path("report.xml")
        self.conform("--junit", report, code=1)
        suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")
        self.assertEqual([suite.get(key) for key in ("tests", "failures", "errors", "skipped")], ["3", "1", "0", "1"])

    def test_options_of_the_other_suite_are_wrong_calls(self):
        self.make_suite()
        self.run_program("conform", "onnx", self.path("suite"), "--edition", "1.0", code=2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
