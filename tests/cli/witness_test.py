"""witness and isotrace-verify step: a step of a module is written down, judged, and forged in vain."""
import unittest

from command_line import CommandLineTest, SOURCE

# f(n): a loop that counts n down to 0 and returns it.
BODY = bytes.fromhex("00 0340 2000 4101 6b 2200 0d00 0b 2000 0b")
CODE = bytes([1, len(BODY)]) + BODY
MODULE = (bytes.fromhex("0061736d 01000000" "01 06 01 60 01 7f 01 7f" "03 02 01 00" "07 05 01 01 66 00 00 0a")
          + bytes([len(CODE)]) + CODE)


WORDS = str(SOURCE / "fixtures/wasm/programs/words.wasm")


class Witness(CommandLineTest):
    def setUp(self):
        super().setUp()
        (self.folder / "m.wasm").write_bytes(MODULE)

    def make(self, step, name="a.isostep", code=0, argument="3"):
        return self.run_json("witness", "m.wasm", "--invoke", "f", argument, "--step", step, "--out", name, code=code)

    def judge(self, name, code):
        return self.run_json("step", name, program="isotrace-verify", code=code)

    def test_steps_follow_one_another(self):
        opcodes, root = [], None
        for step in range(16):  # five in each turn of the loop, one behind it
            made = self.make(step)
            judged = self.judge("a.isostep", 0)
            self.assertEqual(judged["verdict"], "accepted")
            for key in ("steps", "opcode", "programDigest", "before", "after"):
                self.assertEqual(judged[key], made[key])
            self.assertEqual(made["steps"], step)
            self.assertEqual(made["bytes"], (self.folder / "a.isostep").stat().st_size)
            opcodes.append(made["opcode"])
            if opcodes[-1] != "local.get":  # loop and end stand in between there
                self.assertEqual(made["before"], root)
            root = made["after"]
        self.assertEqual(opcodes[:6], ["local.get", "i32.const", "i32.sub", "local.tee", "br_if", "local.get"])
        self.assertEqual(self.make(16, code=3)["refusal"]["name"], "wasm_step_unknown")

    def test_text_names_what_was_judged(self):
        self.run_program("witness", "m.wasm", "--invoke", "f", "3", "--step", "2", "--out", "a.isostep")
        text = self.run_program("step", "a.isostep", program="isotrace-verify").stdout.decode()
        self.assertIn("a.isostep: accepted: step 2 of program ", text)
        self.assertTrue(text.endswith(", i32.sub\n"), text)

    def test_forgeries_are_rejected_or_refused(self):
        self.make(4)
        self.changed_copy(self.path("a.isostep"), "root", lambda b: b[:-1] + bytes([b[-1] ^ 1]))
        rejected = self.judge("root", 1)
        self.assertEqual((rejected["verdict"], rejected["reason"]), ("rejected", "another state follows"))
        self.changed_copy(self.path("a.isostep"), "cut", lambda b: b[:-1])
        self.assertEqual(self.judge("cut", 3)["refusal"]["name"], "bytes_truncated")
        self.changed_copy(self.path("a.isostep"), "magic", lambda b: b[:8] + b"X" + b[9:])
        self.assertEqual(self.judge("magic", 3)["refusal"]["name"], "witness_malformed")
        self.run_program("step", "absent", program="isotrace-verify", code=4)

    def test_a_file_of_another_kind_is_named(self):
        self.make(4)
        self.run_program("run", "m.wasm", "--invoke", "f", "3", "--trace", "t.isotrace")
        trace, witness = "a trace, for `isotrace-verify trace`", "a witness, for `isotrace-verify step`"
        for command, file, code, kind in (("step", "t.isotrace", "witness_malformed", trace),
                                          ("proof", "t.isotrace", None, trace),
                                          ("trace", "a.isostep", None, witness), ("proof", "a.isostep", None, witness),
                                          ("step", "m.wasm", "witness_malformed", None)):
            refusal = self.run_json(command, self.path(file), program="isotrace-verify", code=3)["refusal"]
            if code is not None:
                self.assertEqual(refusal["name"], code)
            self.assertEqual(kind is None, "the file is" not in refusal["detail"], refusal)
            self.assertIn(kind or "", refusal["detail"])

    def test_negative_arguments_wrap_and_others_are_refused(self):
        self.run_program("witness", "m.wasm", "--invoke", "f", "--step", "0", "--out", "a.isostep", "--", "-1")
        self.assertEqual(self.make(0, argument="4294967295")["before"], self.judge("a.isostep", 0)["before"])
        self.assertEqual(self.make(0, argument="4294967296", code=3)["refusal"]["name"], "value_out_of_range")
        self.assertEqual(self.make("x", code=3)["refusal"]["name"], "text_not_number")
        self.run_program("witness", "m.wasm", "--invoke", "f", "--step", "0", "--out", "b.isostep", code=3)
        self.run_program("witness", "m.wasm", "--invoke", "g", "--step", "0", "--out", "b.isostep", code=3)
        self.assert_only("a.isostep", "m.wasm")

    def test_a_module_that_imports_is_recorded_first(self):
        self.assertEqual(self.run_json("witness", WORDS, "--step", "0", "--out", "a.isostep", code=3)["refusal"]["name"],
                         "wasm_unlinkable")

    def test_options_of_the_other_kind_are_usage_errors(self):
        self.run_program("run", "m.wasm", "--invoke", "f", "3", "--trace", "t.isotrace")
        for words in (("m.wasm", "--invoke", "f", "3", "--program", "m.wasm"), ("t.isotrace", "3"),
                      ("t.isotrace", "--invoke", "f"), ("t.isotrace", "--edition", "2.0")):
            self.run_program("witness", *words, "--step", "0", "--out", "a.isostep", code=2)
        self.assert_only("m.wasm", "t.isotrace")


class WitnessOfTrace(CommandLineTest):
    """Steps of a program that asks its host: the recording answers."""

    def setUp(self):
        super().setUp()
        words = ("run", WORDS, "--trace", "t.isotrace")
        self.steps = self.run_json(*words, stdin=b"a rose is a rose\n")["steps"]

    def make(self, step, trace="t.isotrace", code=0, more=()):
        return self.run_json("witness", trace, "--step", step, "--out", "a.isostep", *more, code=code)

    def judge(self, code=0):
        return self.run_json("step", "a.isostep", program="isotrace-verify", code=code)

    def first_host_call(self):
        """The step of the first call of the host: no code is entered, and its number is an import's."""
        for step in range(self.steps):
            shown = self.run_json("inspect", "t.isotrace", "--step", step)
            if shown["opcode"].startswith("call "):
                after = self.run_json("inspect", "t.isotrace", "--step", step + 1)
                if len(after["callStack"]) == len(shown["callStack"]):
                    return step
        self.fail("no call of the host")

    def test_calls_of_the_host_have_witnesses_as_every_step_has(self):
        call = self.first_host_call()
        root = None
        for step in (call, call + 1):
            made, judged = self.make(step), self.judge()
            self.assertEqual((judged["verdict"], judged["steps"]), ("accepted", step))
            self.assertIn(root, (None, made["before"]))
            root = made["after"]
        self.assertEqual(self.make(call)["opcode"], "call")

    def test_the_last_step_has_a_witness_and_none_is_behind_it(self):
        self.make(self.steps - 1)
        self.assertEqual(self.judge()["steps"], self.steps - 1)
        for step in (self.steps, self.steps + 1, 2**63):
            self.assertEqual(self.make(step, code=3)["refusal"]["name"], "wasm_step_unknown")

    def test_the_module_is_given_where_the_trace_has_none(self):
        self.run_program("run", WORDS, "--trace", "bare.isotrace", "--no-embed", stdin=b"a rose is a rose\n")
        self.assertEqual(self.make(0, "bare.isotrace", code=3)["refusal"]["name"], "trace_without_program")
        bare = self.make(5000, "bare.isotrace", more=("--program", WORDS))
        self.assertEqual(bare["opcode"], self.make(5000)["opcode"])
        self.assertEqual(self.judge()["verdict"], "accepted")

    def test_traces_of_models_are_refused(self):
        self.record("model.isotrace")
        self.assertEqual(self.make(0, "model.isotrace", code=3)["refusal"]["name"], "trace_semantics_unknown")


if __name__ == "__main__":
    unittest.main()
