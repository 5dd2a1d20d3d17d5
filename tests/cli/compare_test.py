"""compare as users run it: two traces, a trace and a backend, two models."""
import pathlib
import shlex
import subprocess
import unittest
import xml.etree.ElementTree

from command_line import BUILD, CommandLineTest, FLIPPED, INPUT, MODEL
from onnx_bytes import counting_loop, packing, picking, rows_times_two

FLIPPED_BIT_AT = 557  # the byte of MODEL in which FLIPPED differs: the lowest of a weight


class Compare(CommandLineTest):
    def junit(self, path):
        """Names of cases, and of those that failed."""
        cases = list(xml.etree.ElementTree.parse(path).iter("testcase"))
        return ([c.get("name") for c in cases], [c.get("name") for c in cases if c.find("failure") is not None])

    def wrong_model(self):
        """The exponent of that weight is another: the output changes."""
        def change(data):
            data[FLIPPED_BIT_AT + 3] ^= 0x40
            return data
        return self.changed_copy(MODEL, "wrong.onnx", change)


class Traces(Compare):
    def test_keys_are_the_same_whatever_is_known(self):
        a, b = self.record("a.isotrace"), self.record("b.isotrace", FLIPPED)
        bare_a = self.record("bare_a.isotrace", MODEL, "reference", "--no-embed")
        bare_b = self.record("bare_b.isotrace", FLIPPED, "reference", "--no-embed")
        known = self.run_json("compare", a, b, code=1)
        unknown = self.run_json("compare", bare_a, bare_b, code=1)
        self.assertEqual(list(known), list(unknown))
        self.assertEqual(list(known), list(self.run_json("compare", a, a)))
        self.assertEqual(list(known["divergence"]), list(unknown["divergence"]))
        self.assertEqual(list(known["divergence"]["tensors"][0]), list(unknown["divergence"]["tensors"][0]))
        self.assertIsNone(unknown["divergence"]["element"])
        self.assertIsNone(unknown["divergence"]["aAttributes"])

    def test_one_flipped_bit_is_told_with_its_surroundings(self):
        a, b = self.record("a.isotrace"), self.record("b.isotrace", FLIPPED)
        divergence = self.run_json("compare", a, b, code=1)["divergence"]
        self.assertEqual(divergence["name"], "dense1")
        self.assertEqual(divergence["lastAgreeing"], {"step": 1, "operation": "Relu", "name": "relu0"})
        self.assertEqual(divergence["aAttributes"]["transB"], 1)
        self.assertEqual(divergence["index"], [0, 5])
        self.assertEqual(float(divergence["aDecimal"]).hex()[:8], divergence["a"][:8])
        tensor, = divergence["tensors"]
        self.assertEqual((tensor["tensor"], tensor["elements"], tensor["differing"]), ("input 1", 256, 1))
        self.assertEqual({k: n for k, n in tensor["distances"].items() if n}, {"0": 255, "1": 1})

    def test_the_line_that_reproduces_runs(self):
        a, b = self.record("a.isotrace"), self.record("it's b.isotrace", FLIPPED)
        program, *words = shlex.split(self.run_json("compare", a, b, code=1)["divergence"]["reproduce"])
        self.assertEqual(program, "isotrace")
        self.assertEqual(self.run_json(*words)["verdict"], "accepted")

    def test_an_extracted_step_runs_alone_and_gives_the_result_of_the_reference(self):
        a, b = self.record("a.isotrace"), self.record("b.isotrace", FLIPPED)
        for words in ([a, b, "--extract", "x"], [MODEL, FLIPPED, "--random", "10", "--extract", "x"]):
            self.run_json("compare", *words, code=1 if a in words else 0)
            line, = [l for l in (self.folder / "x/README.txt").read_text().splitlines() if "isotrace run" in l]
            _, *run = shlex.split(line)
            for name in ("step.onnx", "x0.npy", "x1.npy", "x2.npy"):
                run = [word.replace(name, "x/" + name) for word in run]
            self.run_program(*run, "--out", self.path("again.npy"))
            self.assertEqual((self.folder / "again.npy").read_bytes(), (self.folder / "x/y0.npy").read_bytes())
        reproduce = self.run_json("compare", a, b, "--extract", "x", code=1)["divergence"]["reproduce"]
        self.run_program(*shlex.split(reproduce)[1:])

    def test_sequences_are_extracted_as_files_that_read_back(self):
        for name, data in (("pack", packing()), ("pick", picking(1))):
            pathlib.Path(self.path(name)).write_bytes(data)
        x, minus_x = self.write_floats("x.npy", (2,), [1, -2]), self.write_floats("minus.npy", (2,), [-1, 2])
        a, b = self.path("a.isotrace"), self.path("b.isotrace")
        self.run_program("run", self.path("pack"), "--input", x, "--trace", a, "--out", self.path("s.pb"))
        subprocess.run([str(BUILD / "bin/forge_trace"), a, b, "1"], check=True)
        self.run_program("compare", a, b, "--extract", "e", code=1)
        for written in (self.path("s.pb"), str(self.folder / "e/y0.pb")):
            self.run_program("run", self.path("pick"), "--input", written, "--out", self.path("y.npy"))
            self.assertEqual((self.folder / "y.npy").read_bytes(), pathlib.Path(minus_x).read_bytes())

    def test_a_trace_without_its_program_is_compared_with_a_backend_that_gets_it(self):
        bare = self.record("bare.isotrace", MODEL, "reference", "--no-embed")
        self.run_program("compare", bare, "--against", "cpu", code=3)
        self.run_program("compare", bare, "--against", "cpu", "--program", MODEL, "--input", INPUT)

    def test_junit_names_what_failed(self):
        a, b = self.record("a.isotrace"), self.record("b.isotrace", FLIPPED)
        self.run_program("compare", a, b, "--junit", self.path("r.xml"), code=1)
        self.assertEqual(self.junit(self.path("r.xml")), (["identity", "steps", "output brake"], ["steps"]))
        self.run_program("compare", a, a, "--junit", self.path("r.xml"))
        self.assertEqual(self.junit(self.path("r.xml"))[1], [])


class Files(Compare):
    def test_damage_is_refused_wherever_it_is(self):
        good = pathlib.Path(self.record("a.isotrace")).read_bytes()
        self.assertEqual(self.run_json("compare", self.path("a.isotrace"), self.path("a.isotrace"))["verdict"], "identical")
        for at in range(5, len(good), len(good) // 12):
            flipped = bytearray(good)
            flipped[at] ^= 1 << at % 8
            pathlib.Path(self.path("b.isotrace")).write_bytes(flipped)
            for pair in (("a.isotrace", "b.isotrace"), ("b.isotrace", "a.isotrace")):
                self.run_program("compare", *map(self.path, pair), code=3)
        pathlib.Path(self.path("b.isotrace")).write_bytes(good[:-8])
        self.assertEqual(self.run_json("compare", self.path("a.isotrace"), self.path("b.isotrace"), code=3)
                         ["refusal"]["name"], "trace_truncated")

    def test_runs_that_keep_other_contents_or_come_from_elsewhere_are_identical(self):
        a = self.record("a.isotrace")
        b = self.record("b.isotrace", MODEL, "cpu", "--keep", "all")
        c = self.record("c.isotrace", MODEL, "cpu", "--no-embed")
        for pair in ((a, b), (b, a), (a, c), (b, c)):
            answer = self.run_json("compare", *pair)
            self.assertEqual((answer["verdict"], answer["steps"]), ("identical", 5))

    def test_a_long_run_is_compared_step_by_step(self):
        model = self.path("long.onnx")
        pathlib.Path(model).write_bytes(counting_loop(1500))
        traces = [self.path(name) for name in ("a.isotrace", "b.isotrace", "c.isotrace")]
        for trace, backend, seed in zip(traces, ("reference", "cpu", "cpu"), ("1", "1", "2")):
            self.run_program("run", model, "--random", seed, "--backend", backend, "--trace", trace)
        self.assertEqual(self.run_json("compare", traces[0], traces[1])["verdict"], "identical")
        divergence = self.run_json("compare", traces[0], traces[2], code=1)["divergence"]
        self.assertEqual((divergence["kind"], divergence["tensor"]), ("input", "x"))
        self.assertIsNotNone(divergence["element"])


class Bounds(Compare):
    def test_a_run_that_is_the_same_is_within(self):
        a = self.record("a.isotrace")
        b = self.record("b.isotrace", MODEL, "cpu", "--keep", "all")
        answer = self.run_json("compare", a, b, "--bounds", "--junit", self.path("r.xml"))
        self.assertEqual((answer["verdict"], answer["engine"]), ("identical", b))
        self.assertEqual(sum(o["equal"] for o in answer["operations"]), 5)
        self.assertEqual(len(self.junit(self.path("r.xml"))[0]), 5)

    def test_runs_of_other_programs_and_options_that_say_nothing_are_refused(self):
        a, b = self.record("a.isotrace"), self.record("b.isotrace", FLIPPED)
        refusal = self.run_json("compare", a, b, "--bounds", code=3)["refusal"]
        self.assertEqual(refusal["name"], "trace_digest_mismatch")
        bare = self.record("bare.isotrace", MODEL, "reference", "--no-embed")
        self.assertEqual(self.run_json("compare", bare, a, "--bounds", code=3)["refusal"]["name"],
                         "trace_without_program")
        for words in (["--bounds-ftz"], ["--library-ulps", "4"], ["--ort", "x"], ["--bounds", "--extract", "x"]):
            self.run_program("compare", a, b, *words, code=2)


class KeepDiverging(Compare):
    def test_the_step_that_parts_is_kept_and_no_other(self):
        def record(name, model, *words):
            self.run_program("run", model, "--random", "10", "--trace", self.path(name), *words)
            return self.path(name)
        wrong = self.wrong_model()
        a = record("a.isotrace", MODEL)
        b = record("b.isotrace", wrong, "--no-embed", "--keep", "diverging", "--expected", a)
        same = record("same.isotrace", MODEL, "--no-embed", "--keep", "diverging", "--expected", a)
        bare = record("bare.isotrace", wrong, "--no-embed")
        self.assertEqual(self.run_json("compare", a, same)["verdict"], "identical")
        for path, known in ((b, True), (bare, False)):
            weight, result = self.run_json("compare", a, path, code=1)["divergence"]["tensors"]
            self.assertEqual((weight["tensor"], result["tensor"]), ("input 1", "output 0"))
            self.assertIsNone(weight["b"])  # neither stored nor known without the program
            self.assertEqual(result["b"] is not None, known)
        sizes = [pathlib.Path(path).stat().st_size for path in (same, b)]
        self.assertLess(sizes[0], sizes[1])

    def test_it_needs_the_trace_that_is_expected(self):
        a = self.record("a.isotrace")
        run = ["run", MODEL, "--input", INPUT, "--trace", self.path("b.isotrace")]
        self.run_program(*run, "--keep", "diverging", code=2)
        self.run_program(*run, "--expected", a, code=2)
        self.run_program("run", MODEL, "--input", INPUT, "--keep", "diverging", "--expected", a, code=2)
        self.run_program(*run, "--keep", "diverging", "--expected", MODEL, code=3)
        module = self.path("empty.wasm")
        pathlib.Path(module).write_bytes(b"\0asm\1\0\0\0")
        self.run_program("run", module, "--trace", self.path("c"), "--keep", "diverging", "--expected", a, code=2)


class Models(Compare):
    def test_outputs_decide_and_the_first_value_that_differs_is_named(self):
        answer = self.run_json("compare", MODEL, FLIPPED, "--random", "10")
        self.assertEqual(answer["verdict"], "identical")
        self.assertEqual((answer["values"], answer["differing"]), (5, 2))
        self.assertEqual(answer["first"]["value"], "z1")
        self.assertEqual((answer["first"]["a"]["step"], answer["first"]["a"]["operation"]), (2, "Gemm"))
        self.assertEqual([(o["name"], o["identical"]) for o in answer["first"]["operands"]],
                         [("h0", True), ("W1", False), ("b1", True)])
        self.assertEqual(answer["first"]["tensor"]["ulps"], 2)

    def test_models_that_give_other_outputs_diverge(self):
        wrong = self.wrong_model()
        answer = self.run_json("compare", MODEL, wrong, "--random", "10", "--backend", "cpu", "--junit",
                               self.path("r.xml"), "--extract", self.path("x"), code=1)
        self.assertEqual(answer["verdict"], "diverged")
        self.assertEqual([o["identical"] for o in answer["outputs"]], [False])
        self.assertEqual(self.junit(self.path("r.xml")), (["output brake"], ["output brake"]))
        same = self.run_json("compare", MODEL, MODEL, "--random", "10")
        self.assertEqual(list(same), list(answer))
        self.assertIsNone(same["first"])
        for name in ("a", "y0"):  # the model is A, so the reference gives what A has
            self.assertTrue((self.folder / f"x/{name}.npy").exists())
        self.assertEqual((self.folder / "x/a.npy").read_bytes(), (self.folder / "x/y0.npy").read_bytes())
        self.assertNotEqual((self.folder / "x/a.npy").read_bytes(), (self.folder / "x/b.npy").read_bytes())

    def test_inputs_are_needed_and_kinds_are_not_mixed(self):
        self.assertEqual(self.run_json("compare", MODEL, FLIPPED, code=3)["refusal"]["name"], "input_missing")
        trace = self.record("a.isotrace")
        self.run_program("compare", trace, MODEL, code=3)
        self.run_program("compare", MODEL, trace, "--random", "1", code=3)
        self.run_program("compare", MODEL, "--against", "cpu", code=3)


class Invariance(CommandLineTest):
    def model(self, batch):
        path = pathlib.Path(self.path("m.onnx"))
        path.write_bytes(rows_times_two(batch))
        return str(path)

    def test_a_model_with_an_open_batch_is_checked_in_every_way(self):
        answer = self.run_json("check-invariance", self.model("n"), "--batch", "3")
        self.assertEqual(answer["verdict"], "held")
        self.assertEqual([(c["check"], c["verdict"]) for c in answer["checks"]],
                         [("batch", "held"), ("threads", "held"), ("isa", "held")])
        self.assertEqual([c["name"] for c in answer["checks"][0]["cases"]],
                         [f"row {i} of 3 alone" for i in range(3)])
        self.assertEqual(len(answer["checks"][1]["cases"]), 4)

    def test_a_fixed_batch_is_refused_with_its_reason(self):
        model = self.model(1)
        answer = self.run_json("check-invariance", model)
        self.assertEqual([c["verdict"] for c in answer["checks"]], ["refused", "held", "held"])
        self.assertIn("x [1,4]", answer["checks"][0]["reason"])
        refusal = self.run_json("check-invariance", model, "--only", "batch", code=3)["refusal"]
        self.assertEqual(refusal["name"], "input_mismatch")

    def test_numbers_are_checked(self):
        for words, name in ((("--batch", "1"), "value_out_of_range"), (("--batch", "x"), "text_not_number"),
                            (("--seed", "x"), "text_not_number")):
            refusal = self.run_json("check-invariance", self.model("n"), *words, code=3)["refusal"]
            self.assertEqual(refusal["name"], name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
