"""run, replay, compare, inspect as users run them."""
import json
import pathlib
import unittest

from command_line import CommandLineTest, FLIPPED, INPUT, MODEL


class Run(CommandLineTest):
    def test_backends_give_the_same_root(self):
        reference = self.run_json("run", MODEL, "--input", INPUT)
        cpu = self.run_json("run", MODEL, "--input", INPUT, "--backend", "cpu", "--jobs", "2")
        self.assertEqual(reference, cpu)
        self.assertEqual(list(reference), ["root", "steps", "outputs"])
        self.assertEqual(reference["outputs"][0]["name"], "brake")

    def test_json_is_reproducible(self):
        first = self.run_program("run", MODEL, "--random", "7", "--json").stdout
        second = self.run_program("run", MODEL, "--random", "7", "--json").stdout
        self.assertEqual(first, second)
        other = self.run_json("run", MODEL, "--random", "8")
        self.assertNotEqual(json.loads(first)["root"], other["root"])

    def test_outputs_are_written_and_printed(self):
        printed = self.run_json("run", MODEL, "--input", INPUT, "--output", self.path("out"), "--print")
        self.assertTrue((self.folder / "out/brake.npy").read_bytes().startswith(b"\x93NUMPY"))
        self.assertRegex(printed["outputs"][0]["elements"][0], r"^-?0x1\.")
        again = self.run_json("run", MODEL, "--input", INPUT)
        self.assertEqual(again["root"], printed["root"])

    def test_reads_the_model_from_standard_input(self):
        data = pathlib.Path(MODEL).read_bytes()
        from_stdin = self.run_json("run", "-", "--input", INPUT, stdin=data)
        self.assertEqual(from_stdin, self.run_json("run", MODEL, "--input", INPUT))

    def test_missing_input_is_refused_and_named(self):
        done = self.run_program("run", MODEL, "--json", code=3)
        refusal = json.loads(done.stdout)["refusal"]
        self.assertEqual(refusal["name"], "input_missing")
        self.assertIn("state", refusal["where"] + refusal["detail"])

    def test_usage_errors_exit_2(self):
        self.run_program("run", code=2)
        self.run_program("run", MODEL, "--backend", "none", code=2)
        self.run_program("run", MODEL, "--frobnicate", code=2)
        self.run_program("no-such-command", code=2)
        self.run_program(code=2)

    def test_absent_model_exits_4(self):
        refusal = self.run_json("run", self.path("absent.onnx"), code=4)["refusal"]
        self.assertEqual(refusal["name"], "file_not_found")

    def test_damaged_model_is_refused_and_leaves_no_trace(self):
        half = self.changed_copy(MODEL, "half.onnx", lambda data: data[: len(data) // 2])
        self.run_program("run", half, "--random", "1", "--trace", self.path("t.isotrace"), code=3)
        self.assert_only("half.onnx")


    def test_a_number_out_of_range_is_told_from_a_damaged_file(self):
        for option in ("--jobs", "--memory-max"):
            refused = self.run_json("run", MODEL, "--random", "1", option, "0", code=3)["refusal"]
            self.assertEqual((refused["name"], refused["where"]), ("value_out_of_range", option))
            self.assertIn("Give one within it", refused["next"])

    def test_memory_limit_is_an_option(self):
        self.run_program("run", MODEL, "--input", INPUT, "--memory-max", "1")
        for wrong, name in (("0", "value_out_of_range"), ("much", "text_not_number")):
            refusal = self.run_json("run", MODEL, "--input", INPUT, "--memory-max", wrong, code=3)["refusal"]
            self.assertEqual(refusal["name"], name)


class Compare(CommandLineTest):
    def test_identical(self):
        a = self.record("a.isotrace")
        b = self.record("b.isotrace", MODEL, "cpu")
        answer = self.run_json("compare", a, b)
        self.assertEqual(answer["verdict"], "identical")
        self.assertIsNone(answer["divergence"])
        self.run_program("compare", a, "--against", "cpu")

    def test_flipped_weight_bit_is_found_with_element_bits_and_ulps(self):
        a = self.record("a.isotrace")
        b = self.record("b.isotrace", FLIPPED)
        divergence = self.run_json("compare", a, b, "--extract", self.path("x"), code=1)["divergence"]
        self.assertEqual(divergence["operation"], "Gemm")
        self.assertEqual(divergence["step"], 2)
        self.assertEqual(divergence["element"], 5)
        self.assertEqual(divergence["ulps"], 1)
        self.assertEqual(int(divergence["aBits"], 16) ^ int(divergence["bBits"], 16), 1)
        self.assertEqual(float.fromhex(divergence["a"]) == float.fromhex(divergence["b"]), False)
        self.assertTrue((self.folder / "x/a.npy").exists() and (self.folder / "x/b.npy").exists())

    def test_needs_two_sides(self):
        a = self.record("a.isotrace")
        self.run_program("compare", a, code=2)
        self.run_program("compare", a, a, "--against", "cpu", code=2)


class Replay(CommandLineTest):
    def test_accepts_on_both_backends_and_in_windows(self):
        a = self.record("a.isotrace")
        for words in ([], ["--backend", "cpu"], ["--from", "1", "--to", "2"]):
            answer = self.run_json("replay", a, *words)
            self.assertEqual(answer["verdict"], "accepted", words)

    def test_without_embedded_program_needs_it_again(self):
        a = self.record("a.isotrace", MODEL, "reference", "--no-embed")
        self.assertEqual(self.run_json("replay", a, code=3)["refusal"]["name"], "trace_without_program")
        self.run_program("replay", a, "--program", MODEL, "--input", INPUT)
        self.run_program("replay", a, "--program", FLIPPED, "--input", INPUT, code=1)

    def test_every_truncation_is_refused(self):
        a = self.record("a.isotrace")
        size = pathlib.Path(a).stat().st_size
        for keep in (0, 1, 7, 8, size // 3, size // 2, size - 8, size - 1):
            cut = self.changed_copy(a, "cut.isotrace", lambda data: data[:keep])
            self.run_program("replay", cut, code=3)
            self.run_program("trace", cut, program="isotrace-verify", code=3)


class Inspect(CommandLineTest):
    def test_kinds(self):
        a = self.record("a.isotrace")
        self.assertEqual(self.run_json("inspect", MODEL)["kind"], "model")
        self.assertEqual(self.run_json("inspect", a)["kind"], "trace")
        step = self.run_json("inspect", a, "--step", "1")
        self.assertEqual((step["kind"], step["operation"]), ("step", "Relu"))
        self.assertEqual(self.run_json("inspect", a, "--step", "99", code=3)["refusal"]["name"], "trace_step_unknown")

    def test_unknown_bytes_are_refused(self):
        junk = self.path("junk")
        pathlib.Path(junk).write_bytes(bytes(range(256)))
        self.assertEqual(self.run_json("inspect", junk, code=3)["refusal"]["name"], "artifact_unknown")


if __name__ == "__main__":
    unittest.main(verbosity=2)
