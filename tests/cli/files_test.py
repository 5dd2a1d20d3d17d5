"""What commands write: never over each other or what they read, never a key, and nothing is lost when writing fails."""
import os
import pathlib
import resource
import subprocess
import threading
import unittest

from certificate_line import CertificateTest
from command_line import BUILD, INPUT, MODEL, SOURCE, CommandLineTest

MODULE = str(SOURCE / "fixtures/wasm/collatz.wasm")


def contents(path):
    return pathlib.Path(path).read_bytes()


class Clashes(CommandLineTest):
    def test_one_file_is_not_written_twice_nor_over_what_is_read(self):
        model = self.changed_copy(MODEL, "m.onnx", lambda data: data)
        before = contents(model)
        pathlib.Path(self.path("link.onnx")).hardlink_to(model)
        for words in (("run", model, "--input", INPUT, "--trace", "x.npz", "--out", "./x.npz"),
                      ("run", model, "--input", INPUT, "--trace", "link.onnx"),
                      ("run", model, "--input", INPUT, "--trace", "t", "--expected", "t", "--keep", "diverging"),
                      ("prove", model, "--property", "p.vnnlib", "--result", "p.vnnlib"),
                      ("verify", "c.json", "--policy", "p.json", "--report", "r.json", "--junit", "r.json"),
                      ("verify", "c.json", "--policy", "p.json", "--report", "r.json", "--junit", self.path("r.json"))):
            refused = self.run_program(*words, code=2)
            self.assertIn(b"would write over", refused.stderr)
        self.assertEqual(contents(model), before)
        self.assert_only("m.onnx", "link.onnx")

    def test_answers_to_several_questions_keep_out_of_each_others_way(self):
        inside = self.changed_copy(MODEL, "m.2.onnx", lambda data: data)
        question = ("--domain", "0:1", "--ensure", "finite", "--ensure", "bounds y[0] in [-100, 100]")
        for words in (("--out", "r.x", "--result", "./r.x"),
                      ("--out", "r", "--result", self.path("r")), ("--out", "m.onnx"), ("--out", "link/m.onnx"),
                      ("--out", "e.json", "--events", "e.2.json")):
            pathlib.Path(self.path("link")).unlink(missing_ok=True)
            pathlib.Path(self.path("link")).symlink_to(self.folder)
            refused = self.run_program("prove", inside, *question, *words, code=2)
            self.assertIn(b"would write over", refused.stderr, words)
        self.assertEqual(contents(inside), contents(MODEL))
        self.assert_only("m.2.onnx", "link")

    def test_what_needs_a_file_is_not_given_standard_output(self):
        for words in (("run", MODEL, "--random", "1", "--trace", "-"),
                      ("run", MODULE, "--invoke", "collatz", "97", "--trace", "-"),
                      ("run", MODULE, "--invoke", "collatz", "97", "--effects", "-"),
                      ("prove", MODEL, "--ensure", "finite", "--trace", "-"),
                      ("prove", MODEL, "--ensure", "finite", "--checkpoint", "-")):
            self.assertIn(b"needs a file", self.run_program(*words, code=2).stderr)
        self.assert_only()

    def test_results_may_become_the_next_inputs(self):
        self.run_program("run", MODEL, "--random", "1", "--out", "s.npz")
        refused = self.run_program("run", MODEL, "--input", "state=s.npz", "--out", "s.npz", code=3)
        self.assertNotIn(b"would write over", refused.stderr)

    def test_an_empty_name_is_a_wrong_call(self):
        for words in (("run", MODEL, "--input", INPUT, "--trace", ""), ("check", "p.isoproof", "--model", ""),
                      ("verify", "c.json", "--policy", "p.json", "--passphrase-file", "")):
            self.assertIn(b"its value is empty", self.run_program(*words, code=2).stderr)
        self.assert_only()


    def test_an_empty_namespace_is_no_ssh_signature(self):
        self.run_program("keygen", "--out", "k")
        self.run_program("sign", MODEL, "--format", "ssh", "--key", "k.key", "--namespace", "", "--out", "s", code=2)
        self.assert_only("k.key", "k.pub")


class Failures(CommandLineTest):
    def limited(self, *words, file_bytes):
        """Where no file may grow beyond so many bytes."""
        return subprocess.run([str(BUILD / "bin/isotrace"), *words], cwd=self.folder, capture_output=True, timeout=300,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes)))

    def test_a_file_over_the_limit_is_refused_and_leaves_nothing(self):
        done = self.limited("run", MODEL, "--input", INPUT, "--trace", "t", file_bytes=100)
        self.assertEqual(done.returncode, 4)
        self.assertIn(b"file_write_failed", done.stderr)
        self.assert_only()

    def test_a_file_larger_than_the_memory_is_refused_before_it_is_read(self):
        """Such a file takes no room on a disk: it has a size and no contents."""
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        if memory >= 1 << 36:
            self.skipTest("a trace may not be larger than this machine's memory")
        pathlib.Path(self.path("t.isotrace")).touch()
        os.truncate(self.path("t.isotrace"), memory + 1)
        for words in (("inspect", "t.isotrace"), ("replay", "t.isotrace")):
            refusal = self.run_json(*words, code=3)["refusal"]
            self.assertEqual(refusal["name"], "file_too_large")
            self.assertIn(f"limit {memory}", refusal["detail"])

    def test_answers_that_cannot_be_printed_say_so(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([str(BUILD / "bin/isotrace"), "inspect", MODEL], stdout=full, stderr=subprocess.PIPE,
                                  timeout=60)
        self.assertEqual((done.returncode, done.stderr), (4, b"isotrace: standard output could not be written\n"))

    def test_a_recording_survives_a_failure_to_take_it_up(self):
        self.run_program("run", MODULE, "--invoke", "collatz", "97", "--trace", "t", "--max-steps", "100", code=5)
        before = contents(self.path("t.incomplete"))
        done = self.limited("run", "t.incomplete", "--resume", file_bytes=100)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(contents(self.path("t.incomplete")), before)
        self.assert_only("t.incomplete")
        self.run_program("run", "t.incomplete", "--resume")
        self.assert_only("t")


class Keys(CertificateTest):
    def test_a_key_is_not_replaced(self):
        before = contents(self.key)
        for name in ("ci", "half"):
            pathlib.Path(self.path("half.pub")).write_text("somebody's")
            self.assertEqual(self.run_json("keygen", "--out", self.path(name), code=4)["refusal"]["name"],
                             "file_write_failed")
        self.assertEqual(contents(self.key), before)
        self.assertFalse(pathlib.Path(self.path("half.key")).exists())

    def test_a_log_keeps_what_several_processes_add(self):
        self.make_key("log")
        self.run_program("log", "init", "log", "--origin", "no name", "--key", "log.key", code=3)
        self.assertFalse((self.folder / "log").exists())
        self.run_program("log", "init", "log", "--origin", "log.example.org/models", "--key", "log.key")
        names = [self.certify(f"{i}.json", None, "--challenge", f"number {i}") for i in range(6)]
        add = [threading.Thread(target=self.run_program, args=("log", "add", "log", name, "--key", "log.key",
                                                               "--signer", "ci.pub")) for name in names]
        for one in add:
            one.start()
        for one in add:
            one.join()
        self.assertEqual(self.run_json("log", "verify", "log", "--log-key", "log.pub")["size"], len(names))
        for name in names:
            self.run_program("log", "prove", "log", name, "--signer", "ci.pub", "--out", "proof")


if __name__ == "__main__":
    unittest.main(verbosity=2)
