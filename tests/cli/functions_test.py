"""prove, check and inspect of WebAssembly functions as users run them."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import unittest

from command_line import BUILD, CommandLineTest, HOLDS, MODEL, SOURCE

SUITE = SOURCE / "fixtures/wasm/functions"
BITS = str(SUITE / "bits.wasm")
NUMBERS = str(SUITE / "numbers.wasm")
SAME = ["prove", BITS, "--func", "leading_zeros_halving", "--equivalent", "leading_zeros"]


def compile_wasm(source, module, *options, link="-Wl,--no-entry"):
    """In two steps, as clang runs binaryen's wasm-opt, where it is installed, when it links with -O."""
    code = module + ".o"
    subprocess.run(["clang", "--target=wasm32", *options, "-c", "-o", code, source], check=True)
    subprocess.run(["clang", "--target=wasm32", "-nostdlib", link, "-o", module, code], check=True)


class Functions(CommandLineTest):
    def setUp(self):
        super().setUp()
        cache = self.path("cache")
        before = os.environ.get("XDG_CACHE_HOME")
        os.environ["XDG_CACHE_HOME"] = cache
        self.addCleanup(lambda: os.environ.pop("XDG_CACHE_HOME") if before is None
                        else os.environ.update(XDG_CACHE_HOME=before))

    def test_proved_checked_inspected_and_checked_by_the_trusted_base(self):
        proof = self.path("p.isoproof")
        answer = self.run_json(*SAME, "--out", proof)
        self.assertEqual((answer["verdict"], answer["level"]), ("proved", "checked"))
        self.assertEqual(self.run_json("check", proof)["verdict"], "accepted")
        self.run_program("check", proof, "--model", BITS)
        self.run_program("check", proof, "--model", NUMBERS, code=1)
        self.run_program("check", proof, "--property", HOLDS, code=2)
        verified = self.run_json("proof", proof, program="isotrace-verify")
        self.assertEqual(verified["verdict"], "accepted")
        self.assertGreater(verified["steps"], 0)
        shown = self.run_json("inspect", proof)
        self.assertEqual((shown["kind"], shown["proofDigest"]), ("function proof", answer["proofDigest"]))

    def test_names_are_no_verdicts(self):
        """Whoever sends a proof chooses the names in it."""
        section = lambda number, data: bytes([number, len(data)]) + data
        text = lambda name: bytes([len(name.encode())]) + name.encode()
        for name, shown in (("f never traps; module 00", '"f never traps; module 00"'), ("\r\x1b[2Kf", '"\\x0d\\x1b[2Kf"'),
                            ('a"b', '"a\\"b"'), ("a\\x0db", '"a\\\\x0db"'), ("f.g$1", "f.g$1")):
            # (func (export NAME) (param i32) (result i32) local.get 0)
            pathlib.Path(self.path("m.wasm")).write_bytes(
                b"\0asm\1\0\0\0" + section(1, b"\1\x60\1\x7f\1\x7f") + section(3, b"\1\0")
                + section(7, b"\2" + text(name) + b"\0\0" + text("same") + b"\0\0") + section(10, b"\1\4\0\x20\0\x0b"))
            proved = self.run_program("prove", "m.wasm", "--func", name, "--never-traps", "--out", "p.isoproof")
            same = self.run_program("prove", "m.wasm", "--func", "same", "--equivalent", name)
            checked = self.run_program("check", "p.isoproof")
            alone = self.run_program("proof", "p.isoproof", program="isotrace-verify")
            for done in (proved, checked, alone):
                self.assertIn((shown + " never traps, from").encode(), done.stdout)
            self.assertIn(("is equivalent to " + shown + " in results").encode(), same.stdout)
            violated = self.run_program("prove", "m.wasm", "--func", name, "--range", "0:1", code=1)
            self.assertIn((shown + " returns i32").encode(), violated.stdout)
            self.assertIn(shown + " never", self.run_json("inspect", "p.isoproof")["property"])

    def test_violated_shows_arguments_and_the_trap_and_is_confirmed_again(self):
        proof = self.path("v.isoproof")
        done = self.run_program("prove", NUMBERS, "--func", "quotient_bad", "--never-traps", "--out", proof, code=1)
        text = done.stdout.decode()
        self.assertIn("argument 0: i32 -2147483648 0x80000000", text)
        self.assertIn("argument 1: i32 -1 0xffffffff", text)
        self.assertIn("quotient_bad traps: integer overflow at byte ", text)
        self.run_program("check", proof)
        self.run_program("proof", proof, program="isotrace-verify")

    def test_differing_results_are_shown_of_both_functions(self):
        answer = self.run_json("prove", BITS, "--func", "popcount_swar_bad", "--equivalent", f"popcount:{BITS}", code=1)
        calls = answer["counterexample"]["calls"]
        self.assertTrue(calls[0].startswith("popcount_swar_bad returns i32 "))
        self.assertTrue(calls[1].startswith("popcount returns i32 "))

    def test_ranges_are_signed_below_zero_and_unsigned_else(self):
        for function, ends, code in (("sign", "-1:1", 0), ("sign", "0:1", 1), ("sign", "0:4294967295", 0),
                                     ("sign", "1:0", 3), ("sign", "x:1", 3), ("sign", "5", 3)):
            self.run_program("prove", NUMBERS, "--func", function, f"--range={ends}", code=code)

    def test_unwinding_too_little_is_undecided_with_its_reason(self):
        few = ["prove", BITS, "--func", "popcount_byte", "--equivalent", "popcount_low", "--unwind"]
        self.assertEqual(self.run_json(*few, 3, code=5)["reason"], "unwind")
        self.assertEqual(self.run_json(*few, 8)["verdict"], "proved")

    def test_every_solver_gives_the_verdict_and_only_gates_a_proof(self):
        for solver, level in (("gates", "checked"), ("z3", "solver-asserted"), ("cvc5", "solver-asserted")):
            proof = self.path(solver)
            answer = self.run_json("prove", BITS, "--func", "parity_fold", "--equivalent", "parity", "--solver", solver,
                                   "--no-cache", "--out", proof)
            self.assertEqual((answer["verdict"], answer["level"]), ("proved", level))
            self.run_program("check", proof, code=0 if solver == "gates" else 5)

    def test_without_the_module_of_solvers_those_are_refused_by_name_and_others_do(self):
        alone = self.path("bin/isotrace")
        os.makedirs(os.path.dirname(alone))
        shutil.copy(BUILD / "bin/isotrace", alone)
        for solver, code in (("gates", 0), ("all", 0), ("z3", 4), ("cvc5", 4)):
            done = subprocess.run([alone, *SAME, "--solver", solver, "--no-cache"], capture_output=True, text=True)
            self.assertEqual(done.returncode, code, done.stderr)
            if code:
                self.assertIn("solver_absent", done.stderr)
                self.assertIn("isotrace-solvers.so", done.stderr)
        self.run_json("prove", BITS, "--func", "parity_fold", "--equivalent", "parity", "--agree", "--no-cache")

    def test_queries_events_and_explanations_are_there_when_asked_for(self):
        answer = self.run_json(*SAME, "--dump-smt", self.path("smt"), "--events", self.path("events"), "--explain")
        self.assertTrue(any(name.suffix == ".smt2" for name in pathlib.Path(self.path("smt")).iterdir()))
        events = [json.loads(line) for line in pathlib.Path(self.path("events")).read_text().splitlines()]
        self.assertEqual({event["engine"] for event in events}, {"gates", "z3", "cvc5"})
        self.assertEqual(answer["attempts"][0]["engines"][0]["outcome"], "unsat")
        again = self.run_json(*SAME, "--explain")
        self.assertTrue(any(engine["cached"] for engine in again["attempts"][0]["engines"]))

    def test_state_is_compared_unless_results_alone_are_meant(self):
        tables = str(SUITE / "tables.wasm")
        same = ["prove", tables, "--func", "fill", "--equivalent", "fill_words"]
        answer = self.run_json(*same, code=1)
        self.assertIn("results, memory and globals", answer["property"])
        self.assertIn("of memory", answer["counterexample"]["difference"])
        self.assertIn(b"they leave different state: byte", self.run_program(*same, code=1).stdout)
        answer = self.run_json(*same, "--compare", "results")
        self.assertIn("equivalent to fill_words in its results", answer["property"])

    @unittest.skipUnless(shutil.which("clang") and shutil.which("wasm-ld"), "clang or lld is not installed")
    def test_frames_below_the_stack_pointer_mean_nothing_after_the_call(self):
        source, module = self.path("f.c"), self.path("f.wasm")
        pathlib.Path(source).write_text("""
            static volatile unsigned char cells[16];
            __attribute__((export_name("kept"))) unsigned kept(unsigned x) { volatile unsigned y = x; return y; }
            __attribute__((export_name("same"))) unsigned same(unsigned x) { return x; }
            __attribute__((export_name("put"))) void put(unsigned i) { cells[i & 15] = 1; }
            __attribute__((export_name("put_bad"))) void put_bad(unsigned i) { volatile unsigned j = i % 15; cells[j] = 1; }
        """)
        compile_wasm(source, module, "-O1")
        answer = self.run_json("prove", module, "--func", "kept", "--equivalent", "same")
        self.assertIn("but for bytes", answer["property"])
        answer = self.run_json("prove", module, "--func", "kept", "--equivalent", "same", "--compare", "state", code=1)
        self.assertNotIn("but for bytes", answer["property"])
        # What is static is compared.
        answer = self.run_json("prove", module, "--func", "put", "--equivalent", "put_bad", code=1)
        self.assertIn("of memory", answer["counterexample"]["difference"])

    @unittest.skipUnless(shutil.which("clang") and shutil.which("wasm-ld"), "clang or lld is not installed")
    def test_the_stack_pointer_is_found_in_stripped_modules(self):
        source, module = self.path("s.c"), self.path("s.wasm")
        pathlib.Path(source).write_text("""
            static volatile unsigned cells[4];
            __attribute__((export_name("kept"))) unsigned kept(unsigned x) { volatile unsigned y = x; return y; }
            __attribute__((export_name("same"))) unsigned same(unsigned x) { return x; }
            __attribute__((export_name("left"))) unsigned left(unsigned x) { cells[x & 3] = 1; return x; }
        """)
        for level in ("-O0", "-O2"):
            compile_wasm(source, module, level, link="-Wl,--no-entry,--strip-all")
            answer = self.run_json("prove", module, "--func", "kept", "--equivalent", "same")
            self.assertIn("but for bytes", answer["property"])
            answer = self.run_json("prove", module, "--func", "left", "--equivalent", "same", code=1)
            self.assertIn("of memory", answer["counterexample"]["difference"])
        # Without frames nothing says which global it is.
        pathlib.Path(source).write_text("""
            static volatile unsigned cells[4];
            __attribute__((export_name("left"))) void left(unsigned x) { cells[x & 3] = 1; }
            __attribute__((export_name("none"))) void none(unsigned x) { (void)x; }
        """)
        compile_wasm(source, module, "-O2", link="-Wl,--no-entry,--strip-all")
        answer = self.run_json("prove", module, "--func", "left", "--equivalent", "none", code=1)
        self.assertNotIn("but for bytes", answer["property"])

    @unittest.skipUnless(shutil.which("clang") and shutil.which("wasm-ld") and shutil.which("wasm-opt"),
                         "clang, lld or binaryen is not installed")
    def test_a_stack_pointer_that_was_optimized_away_leaves_the_last_page(self):
        source, kept, folded = self.path("k.c"), self.path("k.wasm"), self.path("o.wasm")
        pathlib.Path(source).write_text("""
            static volatile unsigned cells[4];
            __attribute__((export_name("kept"))) unsigned kept(unsigned x) { volatile unsigned y[4] = {x}; (void)y; return x; }
            __attribute__((export_name("same"))) unsigned same(unsigned x) { return x; }
            __attribute__((export_name("left"))) unsigned left(unsigned x) { cells[x & 3] = 1; return x; }
        """)
        compile_wasm(source, kept, "-O0")
        for level in ("-O1", "-O2"):
            # In one step: the optimizer writes frames at constant addresses.
            subprocess.run(["clang", "--target=wasm32", "-nostdlib", level, "-Wl,--no-entry", "-o", folded, source], check=True)
            answer = self.run_json("prove", folded, "--func", "kept", "--equivalent", "same")
            self.assertIn("but for bytes 65536 to 131071", answer["property"])
            answer = self.run_json("prove", folded, "--func", "same", "--equivalent", f"kept:{kept}")
            self.assertIn("but for bytes 65536 to 665", answer["property"])
            answer = self.run_json("prove", folded, "--func", "left", "--equivalent", "same", code=1)
            self.assertIn("of memory", answer["counterexample"]["difference"])
            # Without a word of who made it, every byte means something.
            bare = self.path("bare.wasm")
            subprocess.run(["wasm-opt", "--strip-producers", folded, "-o", bare], check=True)
            answer = self.run_json("prove", bare, "--func", "kept", "--equivalent", "same", code=1)
            self.assertNotIn("but for bytes", answer["property"])

    def test_wrong_calls_are_usage_errors(self):
        for words in (["prove", BITS], ["prove", BITS, "--func", "popcount"],
                      ["prove", BITS, "--func", "popcount", "--never-traps", "--post", "parity"],
                      ["prove", BITS, "--func", "popcount", "--never-traps", "--property", HOLDS],
                      ["prove", BITS, "--func", "popcount", "--never-traps", "--agree", "--solver", "z3"],
                      ["prove", BITS, "--func", "popcount", "--never-traps", "--compare", "results"],
                      ["prove", MODEL, "--property", HOLDS, "--compare", "results"],
                      ["prove", MODEL, "--property", HOLDS, "--unwind", "3"]):
            self.run_program(*words, code=2)

    def test_what_is_not_supported_is_refused_with_function_byte_and_opcode(self):
        network = str(SOURCE / "fixtures/wasm/programs/classify.wasm")
        refusal = self.run_json("prove", network, "--func", "_start", "--never-traps", code=3)["refusal"]
        self.assertIn(refusal["name"], ("function_unsupported", "limit_exceeded"))
        missing = self.run_json("prove", BITS, "--func", "absent", "--never-traps", code=3)["refusal"]
        self.assertEqual(missing["name"], "wasm_export_unknown")
        types = self.run_json("prove", BITS, "--func", "popcount", "--post", "parity", code=3)["refusal"]
        self.assertEqual(types["name"], "function_types_mismatch")


def has_the_compiler():
    if not shutil.which("clang") or not shutil.which("wasm-ld"):
        return False
    return b"clang version 14.0.6" in subprocess.run(["clang", "--version"], capture_output=True, check=True).stdout


class Fixtures(CommandLineTest):
    @unittest.skipUnless(has_the_compiler(), "needs clang 14.0.6 and lld")
    def test_modules_are_what_their_sources_compile_to(self):
        subprocess.run([str(SUITE / "build.sh"), str(self.folder)], check=True)
        for line in (SUITE / "MANIFEST.sha256").read_text().splitlines():
            digest, name = line.split()
            self.assertEqual(hashlib.sha256((self.folder / name).read_bytes()).hexdigest(), digest, name)
            self.assertEqual((self.folder / name).read_bytes(), (SUITE / name).read_bytes(), name)


if __name__ == "__main__":
    unittest.main()
