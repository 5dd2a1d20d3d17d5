"""Wrong calls: named, printable, one JSON object where --json asks for it, and nothing taken for what it is not."""
import json
import pathlib
import unittest

from command_line import HOLDS, INPUT, MODEL, CommandLineTest


class WrongCalls(CommandLineTest):
    def problem(self, *words, **options):
        done = self.run_program(*words, code=2, **options)
        answer = json.loads(done.stdout)
        self.assertEqual((list(answer), list(answer["usage"])), (["usage"], ["problem"]))
        return answer["usage"]["problem"]

    def test_each_is_one_object_with_json(self):
        for words in (("nonsense",), ("version", "more"), ("keygen",), ("run", MODEL, "--no-such-option"),
                      ("run", MODEL, "--backend", "abacus"), ("keygen", "--out", "a", "--out", "b"),
                      ("inspect", MODEL, "--step", "1"), ("verify", "c", "--policy", "p", "--replay")):
            self.assertTrue(self.problem(*words, "--json"), words)
            self.assertEqual(self.run_program(*words, code=2).stdout, b"")
        self.assertIn("no command", self.problem("nonsense", "--json", program="isotrace-verify"))
        # Behind -- stands an operand.
        self.assertEqual(self.run_program("version", "--", "--json", code=2).stdout, b"")

    def test_what_is_quoted_cannot_steer_a_terminal(self):
        for words in (("\x1b[31m",), ("version", "\x1b[31m\u202e"), ("run", MODEL, "--backend", "\x1b[2J")):
            done = self.run_program(*words, "--json", code=2)
            self.assertNotIn(b"\x1b", done.stderr)
            self.assertIn(b"\\x1b[", done.stderr)
            self.assertNotIn(b"\x1b", done.stdout)

    def test_an_option_is_no_value_of_another(self):
        self.assertIn("--policy needs a value", self.problem("verify", "c", "--policy", "--model", "m", "--json"))
        self.assertIn("--out needs a value", self.problem("keygen", "--out", "--json"))
        self.run_program("keygen", "--out=--json")
        self.run_program("keygen", "--out", "./--quiet")
        self.assert_only("--json.key", "--json.pub", "--quiet.key", "--quiet.pub")

    def test_standard_output_has_one_use(self):
        self.run_program("keygen", "--out", "k")
        self.run_program("policy", "init", "--key", "k.pub", "--expires", "2036-12-31", "--out", "-")
        self.assertIn("both go to standard output",
                      self.problem("policy", "init", "--key", "k.pub", "--out", "-", "--json"))
        self.assertIn(b"both go to standard output",
                      self.run_program("verify", "c", "--policy", "p", "--report", "-", "--junit", "-", code=2).stderr)


class Names(CommandLineTest):
    def test_brackets_belong_to_names(self):
        for name in ("[a,b]", "[]", "[model.onnx", "\1", "\1[a]"):
            pathlib.Path(self.path(name)).write_bytes(pathlib.Path(MODEL).read_bytes())
            self.assertEqual(self.run_json("inspect", name)["kind"], "model")
            self.run_program("run", "--input", INPUT, "--trace", "[t,u]", "--", name)
            self.assertEqual(self.run_json("inspect", "[t,u]")["kind"], "trace")


class Answers(CommandLineTest):
    def test_an_exported_key_is_named(self):
        made = self.run_json("keygen", "--out", "k")
        answer = self.run_json("key", "export", "--key", "k.pub", "--format", "minisign", "--out", "k.minisign")
        self.assertEqual((answer["key"], answer["format"], answer["keyid"]), ("k.minisign", "minisign", made["keyid"]))

    def test_a_failure_behind_an_answer_makes_no_second_object(self):
        failed = self.run_json("prove", MODEL, "--property", HOLDS, "--result", "nowhere/r", code=4)
        self.assertEqual(failed["refusal"]["name"], "file_write_failed")
        self.run_program("keygen", "--out", "k")
        self.run_program("policy", "init", "--key", "k.pub", "--expires", "2036-12-31", "--out", "p")
        self.record("t")
        self.run_program("certify", "--model", MODEL, "--trace", "t", "--key", "k.key", "--out", "c")
        for more in ((), ("--each",)):
            done = self.run_program("verify", "c", "--policy", "p", "--model", MODEL, *more, "--report", "nowhere/r",
                                    "--json", code=4)
            self.assertEqual(json.loads(done.stdout)["result"], "passed")
            self.assertIn(b"file_write_failed", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
