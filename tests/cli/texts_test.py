"""help, man, completion, explain, doctor, backends, version: what they print, and that it is whole."""
import json
import pathlib
import shutil
import subprocess
import unittest

from command_line import BUILD, SOURCE, CommandLineTest

GOLDEN = SOURCE / "tests/cli/golden"


class Texts(CommandLineTest):
    def test_help_is_the_golden_text(self):
        # ISOTRACE_GOLDEN=write ./dev test after a change of the command table, then read the diff.
        import os
        commands = [line.split()[0] for line in (GOLDEN / "commands.txt").read_text().splitlines()]
        text = self.run_program("--help").stdout.decode()
        for command in commands:
            text += "\n" + self.run_program(command, "--help").stdout.decode()
        if os.environ.get("ISOTRACE_GOLDEN") == "write":
            (GOLDEN / "help.txt").write_text(text)
        self.assertEqual(text, (GOLDEN / "help.txt").read_text())
        listed = [line.split()[0] for line in self.run_program("--help").stdout.decode().split("Commands:")[1]
                  .split("Options of")[0].splitlines() if line.strip()]
        self.assertEqual(listed, commands)

    def test_every_command_has_examples(self):
        for command in (GOLDEN / "commands.txt").read_text().split():
            text = self.run_program(command, "--help").stdout.decode()
            self.assertIn(f"isotrace {command}", text.split("Examples:")[1], command)

    def test_man_page_is_well_formed(self):
        page = self.run_program("man").stdout
        self.assertTrue(page.startswith(b".TH isotrace 1"))
        if shutil.which("man"):
            done = subprocess.run(["man", "--warnings", "-l", "-"], input=page, capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_completions_parse(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.run_program("completion", shell).stdout
            self.assertIn(b"certify", script)
            if shutil.which(shell):
                done = subprocess.run([shell, "-n"], input=script, capture_output=True)
                self.assertEqual(done.returncode, 0, done.stderr)
        self.run_program("completion", "tcsh", code=2)

    def test_bash_completion_completes(self):
        script = self.run_program("completion", "bash").stdout.decode()
        probe = script + '\nCOMP_WORDS=(isotrace pro); COMP_CWORD=1; _isotrace_main; echo "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", probe], capture_output=True, text=True)
        self.assertEqual(done.stdout.strip(), "prove")

    def test_explain(self):
        row = self.run_json("explain", "trace_truncated")
        self.assertEqual((row["code"], row["exit"]), (1203, 3))
        self.assertEqual(self.run_json("explain", "E1203"), row)
        self.run_program("explain", "9999", code=2)

    def test_backends_and_doctor(self):
        names = [b["name"] for b in self.run_json("backends")["backends"]]
        self.assertEqual(names[:2], ["reference", "cpu"])
        tested = self.run_json("backends", "--selftest")
        there = [b for b in tested["backends"] if b["state"] == "available"]
        self.assertTrue(all(b["selftest"]["failed"] == 0 and b["selftest"]["passed"] > 0 for b in there))
        self.assertLessEqual({"reference", "cpu"}, {b["name"] for b in there})
        for absent in [b["name"] for b in tested["backends"] if b["state"] != "available"]:
            refused = self.run_json("backends", "--selftest", "--backend", absent, code=4)["refusal"]
            self.assertEqual((refused["name"], refused["where"]), ("device_absent", absent))
        self.assertTrue(self.run_json("doctor")["healthy"])

    def test_bench_compares_before_it_counts(self):
        import os
        os.environ["ISOTRACE_ORT"] = self.path("no-such-folder")
        self.addCleanup(os.environ.pop, "ISOTRACE_ORT")
        measured = self.run_json("bench", "tensors", "--quick", "--threads", "2")
        self.assertEqual((measured["threads"], measured["identical"]), (2, True))
        sections = [s["section"] for s in measured["sections"]]
        self.assertEqual(sections[:5], ["gemm", "int8", "quantised", "ternary", "math"])
        self.assertLessEqual({"models", "models, clock", "models, memory"}, set(sections))
        for section in measured["sections"]:
            for row in section["rows"]:
                self.assertTrue(row["identical"], row)
                ours = next(iter(row["speeds"].values()))
                self.assertGreater(ours, 0)
                self.assertTrue(all(speed == "absent" for name, speed in row["speeds"].items() if "ORT" in name))
        self.run_program("bench", "tensors", "--threads", "0", code=2)
        self.run_program("bench", "nothing", code=2)

    def test_bench_wasm_compares_with_the_reference(self):
        # run: (i32) -> (i32), a loop of so many rounds.
        counting = bytes.fromhex(
            "0061736d0100000001060160017f017f030201000707010372756e00000a1e011c01017f03402001411f6c2000"
            "6a2101200041016b22000d000b20010b")
        pathlib.Path(self.path("count.wasm")).write_bytes(counting)
        params = pathlib.Path(self.path("params.txt"))
        params.write_text("count 1000000\n")
        measured = self.run_json("bench", "wasm", "--kernels", self.folder, "--rounds", "1", "--only", "engines")
        self.assertTrue(measured["identical"])
        row, = measured["sections"][0]["rows"]
        self.assertEqual(row["case"], "count")
        self.assertGreater(row["speeds"]["ours"], 0)
        self.assertGreater(row["speeds"]["ours, traced"], 0)
        self.assertEqual(row["speeds"]["wasm3"], "absent")
        if shutil.which("wasm-interp"):
            self.assertGreater(row["speeds"]["wabt"], 0)
        absent = self.run_json("bench", "wasm", "--kernels", self.folder, "--rounds", "1", "--wabt", "no-such-program",
                               "--only", "engines")
        self.assertEqual(absent["sections"][0]["rows"][0]["speeds"]["wabt"], "absent")
        # A peer that gives another result is not passed over.
        wrong = pathlib.Path(self.path("wrong"))
        wrong.write_text("#!/bin/sh\necho Result: 7\n")
        wrong.chmod(0o755)
        self.run_program("bench", "wasm", "--kernels", self.folder, "--rounds", "1", "--wasm3", wrong, code=1)
        # Traces of the same run; without a memory there is nothing to go wrong in.
        traces = self.run_json("bench", "wasm", "--kernels", self.folder, "--rounds", "1", "--only", "traces")
        self.assertTrue(traces["identical"])
        figures = {row["case"]: row["speeds"]["ours"] for table in traces["sections"] for row in table["rows"]}
        self.assertEqual(figures.pop("count: bisect"), "absent")
        figures.pop("count: snapshots")  # too short for one
        self.assertEqual(len(figures), 8)
        self.assertGreater(min(figures.values()), 0)
        # The same with one page of memory, whose last byte another run changes.
        exports = counting.index(bytes([7, 7, 1]))
        with_memory = counting[:exports] + bytes([5, 3, 1, 0, 1]) + counting[exports:]
        pathlib.Path(self.path("count.wasm")).write_bytes(with_memory)
        traces = self.run_json("bench", "wasm", "--kernels", self.folder, "--rounds", "1", "--only", "traces")
        self.assertTrue(traces["identical"])
        self.assertGreater(traces["sections"][1]["rows"][2]["speeds"]["ours"], 0)
        self.run_program("bench", "wasm", "--only", "gemm", code=2)
        pathlib.Path(self.path("count.wasm")).write_bytes(counting.replace(b"run", b"ran"))
        self.run_program("bench", "wasm", "--kernels", self.folder, code=3)
        params.write_text("count many\n")
        self.run_program("bench", "wasm", "--kernels", self.folder, code=4)
        self.run_program("bench", "wasm", "--kernels", self.path("nowhere"), code=4)
        self.run_program("bench", "wasm", "--rounds", "0", code=2)

    def test_version(self):
        self.assertEqual(self.run_json("version")["semantics"], ["isonum-1", "isowasm-1"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
