"""selftest: the elementary functions of this machine, and what a wrong call is told."""
import unittest

from command_line import CommandLineTest


class SelfTest(CommandLineTest):
    def test_samples_of_every_function_and_implementation(self):
        result = self.run_json("selftest", "math", "--samples", "1000")
        self.assertEqual(result["verdict"], "yes")
        names = [row["function"] for row in result["rows"]]
        self.assertIn("erf", names)
        self.assertEqual(names.count("pow"), 2)
        self.assertEqual({row["implementation"] for row in result["rows"]} - {"avx512"},
                         {"scalar", "avx2", "f64"})
        self.assertTrue(all(row["wrong"] == 0 and row["checked"] > 5000 for row in result["rows"]))

    def test_json_is_reproducible(self):
        first = self.run_program("selftest", "math", "--samples", "100", "--json").stdout
        self.assertEqual(first, self.run_program("selftest", "math", "--samples", "100", "--json").stdout)

    def test_usage_errors_exit_2(self):
        self.run_program("selftest", code=2)
        self.run_program("selftest", "logic", code=2)
        self.run_program("selftest", "math", "--exhaustive", "pow", code=2)
        self.run_program("selftest", "math", "--jobs", "0", code=2)
        self.run_program("selftest", "math", "--samples", "many", code=2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
