"""WASI programs and models inside them, as users run them."""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import unittest

from command_line import BUILD, CONTROLLER, CommandLineTest, SOURCE

PROGRAMS = SOURCE / "fixtures/wasm/programs"
WORDS = str(PROGRAMS / "words.wasm")
CLASSIFY = str(PROGRAMS / "classify.wasm")
CLASSIFY_WORDS = (CLASSIFY, "--dir", f"/m={CONTROLLER}", "--arg", "/m/controller.onnx", "--arg", "0.25", "--arg", "0.75",
                  "--arg", "0.5", "--virtual")


def leb(number):
    out = b""
    while True:
        number, low = number >> 7, number & 0x7F
        if number == 0 and not low & 0x40:
            return out + bytes([low])
        out += bytes([low | 0x80])


def asking_module(rounds, spins, preview=b"wasi_snapshot_preview1"):
    """_start: so often reads the clock and 5 random bytes, asks where standard output is, counts down from spins."""
    def section(number, *entries):
        contents = leb(len(entries)) + b"".join(entries)
        return bytes([number]) + leb(len(contents)) + contents

    def text(name):
        return leb(len(name)) + name

    wasi = text(preview)
    i32, i64 = b"\x7f", b"\x7e"
    count = lambda local: (b"\x20" + local + b"\x41\x01\x6b\x22" + local + b"\x0d\x00")
    code = (b"\x41" + leb(rounds) + b"\x21\x00\x03\x40"
            + b"\x41\x00\x42\x00\x41\x08\x10\x00\x1a" + b"\x41\x10\x41\x05\x10\x01\x1a"
            + b"\x41\x01\x41\x18\x10\x02\x1a"
            + b"\x41" + leb(spins) + b"\x21\x01\x03\x40" + count(b"\x01") + b"\x0b"
            + count(b"\x00") + b"\x0b\x0b")
    body = b"\x01\x02" + i32 + code
    return (b"\0asm\1\0\0\0"
            + section(1, b"\x60\x03" + i32 + i64 + i32 + b"\x01" + i32, b"\x60\x02" + i32 + i32 + b"\x01" + i32,
                      b"\x60\x00\x00")
            + section(2, wasi + text(b"clock_time_get") + b"\0\0", wasi + text(b"random_get") + b"\0\1",
                      wasi + text(b"fd_tell") + b"\0\1")
            + section(3, b"\x02") + section(5, b"\x00\x01")
            + section(7, text(b"_start") + b"\0\x03", text(b"memory") + b"\x02\0")
            + section(10, leb(len(body)) + body))


def polling_module():
    """_start: waits until the standard input has something."""
    def section(number, *entries):
        contents = leb(len(entries)) + b"".join(entries)
        return bytes([number]) + leb(len(contents)) + contents

    def text(name):
        return leb(len(name)) + name

    i32 = b"\x7f"
    body = b"\x00\x41\x00\x41" + leb(64) + b"\x41\x01\x41" + leb(128) + b"\x10\x00\x1a\x0b"
    return (b"\0asm\1\0\0\0" + section(1, b"\x60\x04" + i32 * 4 + b"\x01" + i32, b"\x60\x00\x00")
            + section(2, text(b"wasi_snapshot_preview1") + text(b"poll_oneoff") + b"\0\0") + section(3, b"\x01")
            + section(5, b"\x00\x01") + section(7, text(b"_start") + b"\0\x01", text(b"memory") + b"\x02\0")
            + section(10, leb(len(body)) + body)
            + section(11, b"\x00\x41\x08\x0b\x01\x01"))  # at 8: to read, of descriptor 0


def contents(folder):
    return {str(p.relative_to(folder)): os.readlink(p) if p.is_symlink() else p.read_bytes() if p.is_file() else None
            for p in sorted(folder.rglob("*"))}


class Wasi(CommandLineTest):
    def test_a_program_reads_its_input_and_environment_and_prints(self):
        done = self.run_program("run", WORDS, "--env", "TOP=1", stdin=b"a rose is a rose\n")
        self.assertTrue(done.stdout.startswith(b"      1       5      17 -\n      2 a\nroot "))

    def test_with_json_what_a_program_prints_goes_to_the_standard_error(self):
        done = self.run_program("run", WORDS, "--json", stdin=b"one\n")
        self.assertEqual(list(json.loads(done.stdout)), ["root", "steps", "results", "trap"])
        self.assertIn(b"      1 one\n", done.stderr)

    def test_folders_are_those_named_and_a_replay_needs_none(self):
        texts = self.folder / "texts"
        texts.mkdir()
        (texts / "a").write_text("x y x")
        words = ("--dir", f"/texts={texts}", "--arg", "/texts")
        recorded = self.run_program("run", WORDS, *words, "--trace", self.path("t.isotrace"))
        self.assertIn(b"/texts/a\n      2 x\n      1 y\n", recorded.stdout)
        shutil.rmtree(texts)
        self.run_program("replay", self.path("t.isotrace"))

    def test_what_becomes_of_files_is_what_becomes_of_them_on_linux(self):
        compiler = shutil.which("cc")
        if compiler is None:
            self.skipTest("no C compiler")
        native = self.path("files")
        subprocess.run([compiler, "-o", native, PROGRAMS / "files.c"], check=True)
        expected = self.folder / "expected"
        expected.mkdir()
        said = subprocess.run([native, expected], check=True, capture_output=True).stdout
        self.assertGreater(said.count(b"\n"), 100)
        for world in ((), ("--virtual",)):
            folder = self.folder / f"found{len(world)}"
            folder.mkdir()
            trace = self.path("files.isotrace")
            done = self.run_program("run", PROGRAMS / "files.wasm", "--dir", f"/f={folder}", "--arg", "/f", *world,
                                    "--trace", trace)
            self.assertEqual(done.stdout[:len(said)], said)
            self.assertTrue(done.stdout[len(said):].startswith(b"root "))
            self.assertEqual(contents(folder), contents(expected))
            shutil.rmtree(folder)
            self.run_program("replay", trace)
            pathlib.Path(trace).unlink()

    def test_a_program_waits_for_its_input(self):
        program = pathlib.Path(self.path("polls.wasm"))
        program.write_bytes(polling_module())
        with subprocess.Popen([BUILD / "bin/isotrace", "run", program, "--trace", self.path("p.isotrace")], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as running:
            with self.assertRaises(subprocess.TimeoutExpired):
                running.wait(0.3)
            running.stdin.write(b"x")
            running.stdin.flush()
            self.assertIn(b"steps ", running.stdout.read())
        self.run_program("replay", self.path("p.isotrace"))

    def test_an_exit_code_is_shown_and_is_no_success_unless_zero(self):
        answer = self.run_json("run", WORDS, "--arg", "/none", code=1)
        self.assertEqual((answer["exit"], answer["trap"]), (1, None))

    def test_what_the_program_was_given_is_in_the_root(self):
        roots = {self.run_json("run", WORDS, "--virtual", *more, stdin=b"")["root"]
                 for more in ((), ("--env", "A=1"), ("--seed", "1"))}
        self.assertEqual(len(roots), 3)

    def test_a_recording_with_open_files_is_not_taken_up_again(self):
        texts = self.folder / "texts"
        texts.mkdir()
        (texts / "a").write_text("x y x " * 1000)
        words = ("run", WORDS, "--dir", f"/t={texts}", "--arg", "/t/a")
        trace = self.path("t.isotrace")
        steps = self.run_json(*words)["steps"]
        self.run_program(*words, "--trace", trace, "--max-steps", steps // 2, code=5)
        again = ("run", trace + ".incomplete", "--resume")
        answer = self.run_json(*again, "--dir", f"/t={texts}", code=3)
        self.assertEqual(answer["refusal"]["name"], "wasm_host_state_lost")

    def test_a_virtual_world_goes_on_where_an_interrupted_recording_left_it(self):
        program = pathlib.Path(self.path("asks.wasm"))
        words = ("run", str(program), "--virtual", "--seed", "5", "--trace")
        whole = pathlib.Path(self.path("whole.isotrace"))
        trace = pathlib.Path(self.path("half.isotrace"))
        # Behind the first snapshot, and the second.
        for preview, halts in ((b"wasi_snapshot_preview1", (80_000_000, 150_000_000)), (b"wasi_unstable", (80_000_000,))):
            program.write_bytes(asking_module(rounds=300, spins=100_000, preview=preview))
            self.run_program(*words, whole)
            for steps in halts:
                self.run_program(*words, trace, "--max-steps", str(steps), code=5)
                self.run_program("run", f"{trace}.incomplete", "--resume")
                self.assertEqual(trace.read_bytes(), whole.read_bytes())
            trace.unlink()
            whole.unlink()

    def test_virtual_runs_have_the_same_root_everywhere_and_always(self):
        roots = set()
        for name in ("one", "two"):
            (self.folder / name).mkdir()
            (self.folder / name / "b").write_text("b")
            (self.folder / name / "a").write_text("a")
            roots.add(self.run_json("run", WORDS, "--virtual", "--dir", f"/t={self.folder / name}",
                                    "--arg", "/t")["root"])
        self.assertEqual(len(roots), 1)

    def test_wrong_options_are_usage_errors_and_missing_folders_of_the_environment(self):
        for words in (("--env", "NAME"), ("--dir", "here"), ("--dir", "=here"), ("--seed", "1"),
                      ("--virtual", "--seed", "x")):
            self.run_program("run", WORDS, *words, code=2)
        answer = self.run_json("run", WORDS, "--dir", "/t=" + self.path("none"), code=4)
        self.assertEqual(answer["refusal"]["name"], "file_not_found")


class WasiNn(CommandLineTest):
    def test_a_model_in_a_program_gives_what_it_gives_alone(self):
        trace = self.path("c.isotrace")
        inside = self.run_program("run", *CLASSIFY_WORDS, "--trace", trace).stdout.decode().split("\n")[0]
        state = self.path("state.npy")
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }".ljust(117) + "\n"
        pathlib.Path(state).write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() +
                                        struct.pack("<3f", 0.25, 0.75, 0.5))
        alone = self.run_program("run", CONTROLLER / "controller.onnx", "--input", f"state={state}", "--print-all")
        self.assertIn("0x" + inside.split()[2], alone.stdout.decode())

    def test_tensor_steps_are_under_the_root_and_backends_agree(self):
        roots = {self.run_json("run", *CLASSIFY_WORDS, "--backend", b)["root"] for b in ("cpu", "reference")}
        self.assertEqual(len(roots), 1)
        flipped = [w.replace("controller.onnx", "controller_bit_flipped.onnx") for w in CLASSIFY_WORDS]
        roots.add(self.run_json("run", *flipped)["root"])
        self.assertEqual(len(roots), 2)

    def test_a_replay_computes_the_tensor_steps_again(self):
        trace = self.path("c.isotrace")
        self.run_program("run", *CLASSIFY_WORDS, "--trace", trace)
        self.run_program("replay", trace)
        self.run_program("replay", trace, "--backend", "reference")
        for backend in ("cpu", "reference"):
            self.assertEqual(self.run_json("compare", trace, "--against", backend)["verdict"], "identical")


if __name__ == "__main__":
    unittest.main()
