"""Claims about functions with floats: what solvers know of them, what they are believed, and what is executed."""
import json
import os
import pathlib
import shutil
import unittest

from command_line import CommandLineTest
from functions_test import compile_wasm

SOURCE = """
#define EXPORT(name) __attribute__((export_name(#name)))
EXPORT(clamp) float clamp(float x, float low, float high) { return x < low ? low : x > high ? high : x; }
EXPORT(clamp_bad) float clamp_bad(float x, float low, float high) { return x < low ? low : x >= high ? x : high; }
EXPORT(are_ordered) int are_ordered(float x, float low, float high) { return x == x && low <= high; }
EXPORT(is_within) int is_within(float x, float low, float high, float y) { return low <= y && y <= high; }
EXPORT(same) int same(int x) { return (short)x; }
EXPORT(there_and_back) int there_and_back(int x) { return (int)((float)(short)x / 4 * 4); }
EXPORT(itself) int itself(int x) { return x; }
EXPORT(through_float) int through_float(int x) { return (int)(float)x; }
EXPORT(doubled_twice) float doubled_twice(float x) { float y = x + x; return y + y; }
EXPORT(times_four) float times_four(float x) { return 4 * x; }
EXPORT(percent) int percent(float x) {
  if (!(x >= 0)) return 0;
  if (x > 1) return 100;
  return (int)(x * 100);
}
EXPORT(percent_bad) int percent_bad(float x) { return x < 0 ? 0 : x > 1 ? 100 : (int)(x * 100); }
EXPORT(steps) int steps(float x) {
  int n = 0;
  for (float y = 1; y < x && n < 5; y += y) ++n;
  return n;
}
EXPORT(steps_bad) int steps_bad(float x) {
  int n = 0;
  for (float y = 1; y < x && n < 5; y += y) ++n;
  return n + (x == 3.0000002384185791015625f ? 7 : 0);
}
"""


@unittest.skipUnless(shutil.which("clang") and shutil.which("wasm-ld"), "clang or lld is not installed")
class FloatFunctions(CommandLineTest):
    def setUp(self):
        super().setUp()
        os.environ["XDG_CACHE_HOME"] = self.path("cache")
        source, self.module = self.path("f.c"), self.path("f.wasm")
        pathlib.Path(source).write_text(SOURCE)
        compile_wasm(source, self.module, "-O1")

    def ask(self, function, *words, code=0):
        return self.run_json("prove", self.module, "--func", function, *words, "--timeout", 120, code=code)

    def asserted(self, function, *words):
        proof = self.path("p.isoproof")
        answer = self.ask(function, *words, "--out", proof)
        self.assertEqual((answer["verdict"], answer["level"]), ("proved", "solver-asserted"), function)
        # Nobody has checked it, and nobody says so.
        self.assertEqual(self.run_json("check", proof, code=5)["verdict"], "undecided")
        self.run_program("proof", proof, program="isotrace-verify", code=5)

    def violated(self, function, *words):
        proof = self.path("v.isoproof")
        answer = self.ask(function, *words, "--out", proof, code=1)
        self.run_program("check", proof)
        self.run_program("proof", proof, program="isotrace-verify")
        return answer["counterexample"]

    def test_a_clamped_number_is_within(self):
        self.asserted("clamp", "--post", "is_within", "--assume", "are_ordered")
        self.violated("clamp_bad", "--post", "is_within", "--assume", "are_ordered")
        self.violated("clamp", "--post", "is_within")

    def test_integers_come_back_as_far_as_floats_hold_them(self):
        self.asserted("there_and_back", "--equivalent", "same")
        self.violated("through_float", "--equivalent", "itself")

    def test_sums_are_those_of_the_format(self):
        self.asserted("doubled_twice", "--equivalent", "times_four")

    def test_ranges_and_traps_of_conversions(self):
        self.asserted("percent", "--range", "0:100")
        # Constants are computed, so this needs no more: the proof is checked.
        self.assertEqual(self.ask("steps", "--range", "0:5")["level"], "checked")
        self.violated("percent_bad", "--range", "0:99")
        found = self.violated("steps_bad", "--range", "0:5")
        self.assertIn("0x40400001", json.dumps(found))

    def test_both_solvers_their_queries_and_events(self):
        answer = self.ask("doubled_twice", "--equivalent", "times_four", "--agree", "--explain", "--no-cache", "--dump-smt",
                          self.path("smt"), "--events", self.path("events"))
        self.assertEqual(answer["level"], "solver-asserted")
        last = answer["attempts"][-1]
        self.assertTrue(last["floats"])
        self.assertEqual([(run["engine"], run["outcome"]) for run in last["engines"]], [("z3", "unsat"), ("cvc5", "unsat")])
        queries = [path.read_text() for path in pathlib.Path(self.path("smt")).iterdir() if "floats" in path.name]
        self.assertTrue(queries and queries[0].startswith("(set-logic QF_BVFP)"))
        gates = self.ask("doubled_twice", "--equivalent", "times_four", "--solver", "gates", code=5)
        self.assertEqual(gates["reason"], "floats")


if __name__ == "__main__":
    unittest.main(verbosity=2)
