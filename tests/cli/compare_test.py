"""compare as users run it: two traces, a trace and a backend, two models."""
import pathlib
import shlex
import unittest
import xml.etree.ElementTree

from command_line import CommandLineTest, FLIPPED, INPUT, MODEL
from onnx_bytes import rows_times_two

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
