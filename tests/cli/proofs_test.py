"""prove, check, export, reconcile as users run them."""
import decimal
import gzip
import json
import os
import pathlib
import shutil
import struct
import subprocess
import unittest

from command_line import BUILD, CommandLineTest, FAILS, FLIPPED, HOLDS, INPUT, MODEL, SOURCE


class Prove(CommandLineTest):
    def test_proved_checked_and_checked_by_the_trusted_base(self):
        proof = self.path("p.isoproof")
        answer = self.run_json("prove", MODEL, "--property", HOLDS, "--out", proof)
        self.assertEqual(answer["verdict"], "proved")
        self.assertIsNone(answer["counterexample"])
        self.assertEqual(self.run_json("check", proof)["verdict"], "accepted")
        self.assertEqual(self.run_json("proof", proof, program="isotrace-verify")["verdict"], "accepted")
        self.run_program("check", proof, "--model", MODEL, "--property", HOLDS)

    def test_proof_of_another_model_or_property_is_rejected(self):
        proof = self.path("p.isoproof")
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", proof)
        self.run_program("check", proof, "--model", FLIPPED, code=1)
        self.run_program("check", proof, "--property", FAILS, code=1)

    def test_proof_bytes_do_not_depend_on_jobs(self):
        for jobs in "123":
            self.run_program("prove", MODEL, "--property", HOLDS, "--out", self.path(jobs), "--jobs", jobs)
        self.assertEqual(pathlib.Path(self.path("1")).read_bytes(), pathlib.Path(self.path("2")).read_bytes())
        self.assertEqual(pathlib.Path(self.path("1")).read_bytes(), pathlib.Path(self.path("3")).read_bytes())

    def test_violated_with_counterexample_confirmed_by_execution(self):
        proof = self.path("v.isoproof")
        answer = self.run_json("prove", MODEL, "--property", FAILS, "--out", proof, code=1)
        self.assertEqual(answer["verdict"], "violated")
        self.assertTrue(all(0 <= float.fromhex(x) <= 1 for x in answer["counterexample"]["inputs"]))
        self.assertLessEqual(float.fromhex(answer["counterexample"]["outputs"][0]), 0.5)
        self.assertEqual(self.run_json("check", proof)["verdict"], "accepted")
        # The trusted base has no executor and must not pretend to have confirmed it, nor to have refuted it.
        self.run_program("proof", proof, program="isotrace-verify", code=5)
        both = self.run_json("proof", proof, proof, program="isotrace-verify", code=5)
        self.assertEqual(both["verdict"], "undecided")

    def test_answers_are_written_as_vnn_comp_does(self):
        result = self.path("result.txt")
        for property, code, timeout, text in ((HOLDS, 0, "60", "unsat\n"), (HOLDS, 5, "0", "timeout\n")):
            self.run_program("prove", MODEL, "--property", property, "--timeout", timeout, "--result", result,
                             code=code)
            self.assertEqual(pathlib.Path(result).read_text(), text)
        answer = self.run_json("prove", MODEL, "--property", FAILS, "--result", result, code=1)
        verdict, values = pathlib.Path(result).read_text().split("\n", 1)
        self.assertEqual(verdict, "sat")
        self.assertTrue(values.startswith("((X_0 ") and values.endswith("))\n"))
        written = [float(line.strip("() ").split()[1]) for line in values.splitlines()]
        example = answer["counterexample"]
        self.assertEqual(written, [float.fromhex(x) for x in example["inputs"] + example["outputs"]])

    def test_who_is_refused_leaves_no_answer_of_an_earlier_run(self):
        result = self.path("result.txt")
        malformed = self.path("malformed.vnnlib")
        pathlib.Path(malformed).write_text("(assert (<= X_0")
        for words, code in (((MODEL, "--property", malformed), 3), (("absent.onnx", "--property", HOLDS), 4)):
            pathlib.Path(result).write_text("unsat\n")
            self.run_program("prove", *words, "--result", result, code=code)
            self.assertEqual(pathlib.Path(result).read_text(), "error\n")

    def test_who_is_out_of_time_asks_no_solver(self):
        late = self.run_json("prove", MODEL, "--property", HOLDS, "--timeout", "0", "--explain", code=5)
        self.assertEqual(late["reason"], "timeout")
        self.assertNotIn("z3", json.dumps(late["stages"]))

    def test_a_counterexample_leaves_the_trace_of_its_run(self):
        trace = self.path("example.isotrace")
        answer = self.run_json("prove", MODEL, "--property", FAILS, "--trace", trace, code=1)
        self.run_program("replay", trace)
        brake = struct.pack("<f", float.fromhex(answer["counterexample"]["outputs"][0]))
        again = self.path("y.npy")
        self.run_program("run", MODEL, "--input", f"state={self.write_point(answer)}", "--out", again)
        self.assertEqual(pathlib.Path(again).read_bytes()[-4:], brake)
        self.assertEqual(self.run_json("run", MODEL, "--input", f"state={self.write_point(answer)}")["root"],
                         self.run_json("inspect", trace)["root"])
        self.run_program("prove", MODEL, "--property", HOLDS, "--trace", self.path("none.isotrace"))
        self.assertFalse(pathlib.Path(self.path("none.isotrace")).exists())
        self.run_program("prove", MODEL, "--property", FAILS, "--trace", "-", code=2)

    def write_point(self, answer):
        """The counterexample's inputs as a .npy file."""
        values = [float.fromhex(x) for x in answer["counterexample"]["inputs"]]
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': (1, {len(values)}), }}"
        header = header.ljust(117) + "\n"
        path = self.path("x.npy")
        pathlib.Path(path).write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() +
                                       struct.pack(f"<{len(values)}f", *values))
        return path

    def test_every_flipped_byte_region_is_refused_or_rejected(self):
        proof = self.path("p.isoproof")
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", proof)
        size = pathlib.Path(proof).stat().st_size
        for place in range(0, size, max(1, size // 40)):
            def flip(data, place=place):
                data[place] ^= 0x10
                return data
            bad = self.changed_copy(proof, "bad.isoproof", flip)
            done = self.run_program("check", bad, "--json", code=3)
            self.assertIn(b"refusal", done.stdout)

    def test_a_single_input_is_decided_to_the_last_bit(self):
        output = self.path("y.npy")
        self.run_program("run", MODEL, "--input", INPUT, "--out", output)
        [brake] = struct.unpack("<f", pathlib.Path(output).read_bytes()[-4:])
        point = [decimal.Decimal(struct.unpack("<f", struct.pack("<f", x))[0]) for x in (0.3, 0.8, 0.6)]
        text = "".join(f"(declare-const X_{i} Real)\n(assert (<= X_{i} {x}))\n(assert (>= X_{i} {x}))\n"
                       for i, x in enumerate(point)) + "(declare-const Y_0 Real)\n"
        question, proof = self.path("point.vnnlib"), self.path("p.isoproof")
        for relation in (">", "<"):
            pathlib.Path(question).write_text(text + f"(assert ({relation} Y_0 {decimal.Decimal(brake)}))\n")
            undecided = ["prove", MODEL, "--property", question, "--semantics", "any-order"]
            self.assertEqual(self.run_json(*undecided, code=5)["verdict"], "undecided")
            answer = self.run_json("prove", MODEL, "--property", question, "--out", proof)
            self.assertEqual((answer["verdict"], answer["level"]), ("proved", "exact-order"))
            self.run_program("proof", proof, program="isotrace-verify")
            # Theorems in Coq are about every order of summation.
            refusal = self.run_json("export", proof, "--to", "coq", "--out", self.path("b"), code=3)["refusal"]
            self.assertEqual(refusal["name"], "export_unsupported")
        pathlib.Path(question).write_text(text + f"(assert (>= Y_0 {decimal.Decimal(brake)}))\n")
        self.assertEqual(self.run_json("prove", MODEL, "--property", question, code=1)["verdict"], "violated")

    def test_malformed_property_is_refused_with_its_place(self):
        bad = self.path("bad.vnnlib")
        pathlib.Path(bad).write_text("(declare-const X_0 Real)\n(assert (<= X_0 ))\n")
        refusal = self.run_json("prove", MODEL, "--property", bad, "--out", self.path("p"), code=3)["refusal"]
        self.assertEqual(refusal["name"], "property_malformed")
        self.assertIn("2", refusal["where"])
        self.assert_only("bad.vnnlib")


class Bench(CommandLineTest):
    def instances(self, *verdicts):
        shutil.copy(MODEL, self.path("m.onnx"))
        shutil.copy(HOLDS, self.path("holds.vnnlib"))
        shutil.copy(FAILS, self.path("fails.vnnlib"))
        rows = "".join(f"m.onnx,{name}.vnnlib,{verdict},60\n" for name, verdict in zip(["holds", "fails"], verdicts))
        pathlib.Path(self.path("expected.csv")).write_text(rows)
        return ["bench", "proofs", "--instances", str(self.folder)]

    def test_published_verdicts_are_compared(self):
        table = self.run_json(*self.instances("unsat", "sat"))
        self.assertEqual((table["decided"], table["contradictions"], table["unchecked"]), (2, 0, 0))
        self.assertEqual([row["verdict"] for row in table["rows"]], ["proved", "violated"])
        self.assertGreater(table["rows"][0]["proofBytes"], 100)

    def test_a_contradiction_is_an_error(self):
        table = self.run_json(*self.instances("sat", "sat*"), code=1)
        self.assertEqual((table["decided"], table["contradictions"]), (2, 1))

    def test_some_instances_alone(self):
        table = self.run_json(*self.instances("unsat", "sat"), "--match", "fails")
        self.assertEqual([row["property"] for row in table["rows"]], ["fails.vnnlib"])
        self.run_program("bench", "proofs", code=2)
        self.run_program("bench", "proofs", "--instances", self.path("nowhere"), code=4)
        # Nothing measured is no success.
        self.run_program(*self.instances("unsat", "sat"), "--match", "no such", code=4)

    def test_lists_as_the_competition_ships_them(self):
        self.instances("unsat", "sat")
        for name in ("m.onnx", "fails.vnnlib"):
            plain = self.folder / name
            (self.folder / f"{name}.gz").write_bytes(gzip.compress(plain.read_bytes()))
            plain.unlink()
        listed = self.folder / "x_instances.csv"
        listed.write_text("./m.onnx,./holds.vnnlib.gz, 60.5\r\n\r\nm.onnx.gz,fails.vnnlib,1e2")
        table = self.run_json("bench", "proofs", "--instances", str(listed))
        self.assertEqual([row["verdict"] for row in table["rows"]], ["proved", "violated"])
        for line in ("m.onnx,holds.vnnlib,x", "m.onnx,holds.vnnlib,-1", "m.onnx,holds.vnnlib,nan", "m.onnx,60"):
            listed.write_text(line)
            refusal = self.run_json("bench", "proofs", "--instances", str(listed), code=3)["refusal"]
            self.assertEqual(refusal["name"], "text_not_number", line)
        (self.folder / "m.onnx.gz").write_bytes(gzip.compress(b"x")[:-3])
        listed.write_text("m.onnx,holds.vnnlib,60")
        self.assertEqual(self.run_json("bench", "proofs", "--instances", str(listed))["rows"][0]["verdict"], "refused")


class Smtlib(CommandLineTest):
    def test_queries_are_written_for_every_case(self):
        proof = self.path("p.isoproof")
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", proof)
        exported = self.run_json("export", proof, "--to", "smtlib", "--out", str(self.folder / "q"))
        self.assertTrue(exported["obligations"])
        for obligation in exported["obligations"]:
            script = self.folder / "q" / "smtlib" / f"{obligation['id']}.smt2"
            self.assertTrue(script.read_text().endswith("(check-sat)\n"))
        self.run_program("export", proof, "--to", "coq", "--solver-proofs", "lfsc", "--out", self.path("n"), code=2)
        self.run_program("export", proof, "--to", "smtlib", "--step", "1", "--out", self.path("n"), code=2)
        self.run_program("export", proof, "--to", "smtlib", "--tier", "closed", "--out", self.path("n"), code=2)
        self.run_program("export", proof, "--to", "coq", "--tier", "reals", "--out", self.path("n"), code=2)

    def proofs_by(self, script):
        """An export whose cvc5 is this shell script."""
        proof, solver = self.path("p.isoproof"), self.folder / "bin/cvc5"
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", proof)
        solver.parent.mkdir()
        solver.write_text("#!/bin/sh\n" + script)
        solver.chmod(0o755)
        words = ["export", proof, "--to", "smtlib", "--solver-proofs", "alethe", "--json", "--out", self.path("q")]
        return subprocess.run([str(BUILD / "bin/isotrace"), *words], capture_output=True, timeout=300,
                              env={**os.environ, "PATH": str(solver.parent)})

    def test_proofs_of_a_solver_stand_beside_their_queries(self):
        done = self.proofs_by('for a; do :; done; echo unsat; echo "(step t1 :rule hole)"; echo "; $a"\n')
        self.assertEqual(done.returncode, 0, done)
        text = (self.folder / "q/smtlib/case0.alethe").read_text()
        self.assertTrue(text.startswith("; Written by cvc5; steps that it does not justify: 1\n(step t1 "), text)
        self.assertTrue(text.endswith("case0.smt2\n"), text)
        manifest = json.loads((self.folder / "q/bundle.json").read_text())
        self.assertIn("smtlib/case0.alethe", [file["path"] for file in manifest["files"]])

    def test_a_solver_without_a_proof_is_refused(self):
        for script in ("echo sat", "echo unsat", "echo unsat; echo '(a)'; exit 1", "kill -SEGV $$"):
            with self.subTest(script):
                shutil.rmtree(self.folder / "bin", ignore_errors=True)
                done = self.proofs_by(script + "\n")
                self.assertEqual(done.returncode, 4, done)
                self.assertEqual(json.loads(done.stdout)["refusal"]["name"], "solver_failed")
                self.assertFalse((self.folder / "q").exists())

    @unittest.skipUnless(shutil.which("cvc5"), "cvc5 is not installed")
    def test_cvc5_writes_lfsc_for_a_small_network(self):
        proof = self.path("p.isoproof")
        region = self.folder / "wide.vnnlib"
        region.write_text("".join(f"(declare-const X_{i} Real)\n(assert (>= X_{i} 0.5))\n(assert (<= X_{i} 0.5))\n"
                                  for i in range(3)) + "(declare-const Y_0 Real)\n(assert (>= Y_0 50))\n")
        self.run_program("prove", MODEL, "--property", region, "--out", proof)
        self.run_program("export", proof, "--to", "smtlib", "--solver-proofs", "lfsc", "--out", self.path("q"))
        self.assertIn("(check", (self.folder / "q/smtlib/case0.lfsc").read_text())


class Vnncomp(CommandLineTest):
    def export(self, proof, name, model=MODEL, code=0):
        folder = self.folder / name
        self.run_program("export", proof, "--to", "vnncomp", "--model", model, "--out", str(folder), code=code)
        return folder

    def read_back(self, folder, code):
        model, prop, seconds = (folder / "instances.csv").read_text().strip().split(",")
        self.assertGreater(int(seconds), 0)
        self.assertEqual((folder / model).read_bytes(), pathlib.Path(MODEL).read_bytes())
        text = (folder / prop).read_text()
        # What VNN-COMP's simplest readers know.
        for line in text.splitlines():
            if line.startswith("(assert (") and not line.startswith("(assert (or"):
                self.assertRegex(line, r"^\(assert \([<>]= [XY]_\d+ (Y_\d+|-?\d+\.\d+)\)\)$")
        return self.run_json("prove", str(folder / model), "--property", str(folder / prop), code=code)

    def test_an_instance_has_the_verdict_of_its_proof(self):
        for number, (prop, code, verdict) in enumerate(((HOLDS, 0, "proved"), (FAILS, 1, "violated"))):
            proof = self.path(f"{number}.isoproof")
            self.run_program("prove", MODEL, "--property", prop, "--out", proof, code=code)
            folder = self.export(proof, f"instance{number}")
            self.assertEqual(self.read_back(folder, code)["verdict"], verdict)
            table = self.run_json("bench", "proofs", "--instances", str(folder))
            self.assertEqual([row["verdict"] for row in table["rows"]], [verdict])

    def test_named_properties_become_vnnlib(self):
        proof = self.path("n.isoproof")
        self.run_program("prove", MODEL, "--domain", "0:1", "--ensure", "bounds y in [-100, 100]", "--out", proof)
        self.assertEqual(self.read_back(self.export(proof, "bounds"), 0)["verdict"], "proved")
        # Outputs that are no numbers are not what VNN-LIB speaks of.
        self.run_program("prove", MODEL, "--domain", "0:1", "--ensure", "finite", "--out", proof)
        self.export(proof, "finite", code=3)

    def test_another_model_or_no_model_is_refused(self):
        proof = self.path("p.isoproof")
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", proof)
        self.export(proof, "other", model=FLIPPED, code=3)
        self.export(proof, "nothing", model=self.path("nothing.onnx"), code=4)
        self.run_program("export", proof, "--to", "vnncomp", "--out", self.path("n"), code=2)
        self.run_program("export", proof, "--to", "smtlib", "--model", MODEL, "--out", self.path("n"), code=2)
        self.run_program("prove", MODEL, "--property", HOLDS, "--semantics", "real", "--out", proof)
        self.export(proof, "reals", code=3)


@unittest.skipUnless(shutil.which("coqc"), "coqc is not installed")
class Coq(CommandLineTest):
    def test_a_step_of_a_trace_is_a_theorem(self):
        trace = self.record("run.isotrace")
        root = self.run_json("inspect", trace)["root"]
        bundle = str(self.folder / "step")
        self.run_program("export", trace, "--step", "9999", "--to", "coq", "--out", bundle, code=3)
        self.run_program("export", trace, "--step", "x", "--to", "coq", "--out", bundle, code=3)
        self.run_program("export", trace, "--step", "1", "--to", "coq", "--out", bundle)
        replayed = self.run_json("reconcile", bundle, "--root", root)
        self.assertEqual(replayed["traceRoot"], root)
        self.assertEqual([o["status"] for o in replayed["obligations"]], ["replayed"])
        self.run_program("reconcile", bundle, "--root", "0" * 64, code=1)

    def test_the_calls_of_a_run_of_webassembly_are_a_theorem(self):
        words = str(SOURCE / "fixtures/wasm/programs/words.wasm")
        self.run_program("run", words, "--trace", "calls.isotrace", stdin=b"a rose is a rose\n")
        shown = self.run_json("inspect", "calls.isotrace")
        bundle, made = str(self.folder / "calls"), ("export", "calls.isotrace", "--to", "coq", "--calls")
        self.run_program(*made, str(shown["hostCalls"] + 1), "--out", bundle, code=3)
        self.run_program(*made, "1", "--step", "1", "--out", bundle, code=2)
        self.run_program("export", "calls.isotrace", "--to", "lean", "--calls", "1", "--out", bundle, code=2)
        self.run_program(*made, str(shown["hostCalls"]), "--out", bundle)
        replayed = self.run_json("reconcile", bundle, "--root", shown["root"])
        self.assertEqual([o["status"] for o in replayed["obligations"]], ["replayed"])

    def test_primitive_integers_prove_for_those_who_accept_them(self):
        proof, bundle = self.path("p.isoproof"), str(self.folder / "words")
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", proof)
        exported = self.run_json("export", proof, "--to", "coq", "--tier", "primint", "--out", bundle)
        self.assertEqual({o["tier"] for o in exported["obligations"]}, {"primint", "primint+reals"})
        replayed = self.run_json("reconcile", bundle, "--tier", "primint")
        self.assertTrue(replayed["obligations"])
        for obligation in replayed["obligations"]:
            self.assertEqual((obligation["status"], obligation["tier"]), ("replayed", "primint"))
            self.assertIn("PrimInt63.mul", obligation["axioms"])
        self.run_program("reconcile", bundle, "--tier", "closed", code=1)

    def test_what_is_proved_of_the_fixture_models_is_closed(self):
        """Every model of fixtures/ with every property beside it, whatever is added there."""
        closed = []
        for model in sorted((SOURCE / "fixtures").rglob("*.onnx")):
            for region in sorted(model.parent.glob("*.vnnlib")):
                name = f"{model.stem}-{region.stem}"
                proof, bundle = self.path(f"{name}.isoproof"), str(self.folder / name)
                words = [str(BUILD / "bin/isotrace"), "prove", str(model), "--property", str(region), "--out", proof,
                         "--json"]
                done = subprocess.run(words, capture_output=True, timeout=300)
                verdict = json.loads(done.stdout)["verdict"]
                self.assertIn(verdict, ("proved", "violated"), name)
                if verdict == "violated":
                    continue
                self.run_program("export", proof, "--to", "coq", "--out", bundle)
                replayed = self.run_json("reconcile", bundle, "--tier", "closed", "--proof", proof)
                self.assertEqual(replayed["verdict"], "accepted", name)
                for obligation in replayed["obligations"]:
                    self.assertEqual((obligation["status"], obligation["tier"], obligation["axioms"]),
                                     ("replayed", "closed", []), name)
                closed.append(name)
        self.assertIn("controller-brakes_when_close", closed)
        properties = list((SOURCE / "fixtures").rglob("*.vnnlib"))
        for region in properties:
            self.assertTrue(list(region.parent.glob("*.onnx")), f"{region} has no model beside it")

    def test_bundle_replays_and_a_changed_one_does_not(self):
        proof = self.path("p.isoproof")
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", proof)
        bundle = self.folder / "bundle"
        exported = self.run_json("export", proof, "--to", "coq", "--out", str(bundle))
        self.assertTrue(all(o["status"] == "emitted" for o in exported["obligations"]))
        replayed = self.run_json("reconcile", str(bundle), "--proof", proof)
        self.assertTrue(replayed["obligations"])
        self.assertTrue(all(o["status"] == "replayed" for o in replayed["obligations"]))
        changed = next((bundle / "coq/gen").glob("Proof_*.v"))
        changed.write_text(changed.read_text().replace("Theorem", "Axiom cheat : False.\nTheorem", 1))
        self.run_program("reconcile", str(bundle), "--proof", proof, code=1)

    def test_files_of_others_in_a_bundle_are_named(self):
        proof = self.path("p.isoproof")
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", proof)
        self.run_program("export", proof, "--to", "coq", "--out", "bundle")
        generated = self.folder / "bundle/coq/gen"
        (generated / "Spec_case0.vo").write_bytes(b"of another statement")
        (generated / "\x1b[2K\rcase0 replayed").write_text("planted")
        done = self.run_program("reconcile", "bundle", code=1)
        self.assertNotIn(b"\x1b", done.stdout)
        self.assertIn(b"not read: compiled files in the bundle, such as coq/gen/Spec_case0.vo", done.stdout)
        self.assertEqual(self.run_json("reconcile", "bundle", code=1)["unread"], ["coq/gen/Spec_case0.vo"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
