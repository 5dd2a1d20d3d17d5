"""prove --checkpoint and --resume: killed at any moment, the search goes on and ends with the same proof."""
import os
import pathlib
import pty
import random
import signal
import struct
import subprocess
import time
import unittest

from command_line import BUILD, CommandLineTest, HOLDS, MODEL
from onnx_bytes import FLOAT, graph, model, node, tensor, value_info


def dense(seed, widths):
    """Gemm and Relu with weights in [-1, 1], the last layer without Relu."""
    numbers = random.Random(seed)
    nodes, constants, value = [], [], "x"
    for k, (rows, columns) in enumerate(zip(widths, widths[1:])):
        for name, dims, count in ((f"w{k}", [rows, columns], rows * columns), (f"b{k}", [columns], columns)):
            values = [numbers.uniform(-1, 1) for _ in range(count)]
            constants.append(tensor(name, FLOAT, dims, struct.pack(f"<{count}f", *values)))
        last = k + 2 == len(widths)
        nodes.append(node("Gemm", [value, f"w{k}", f"b{k}"], ["y" if last else f"z{k}"]))
        if not last:
            nodes.append(node("Relu", [f"z{k}"], [f"h{k}"]))
        value = f"h{k}"
    return model(graph("dense", nodes, [value_info("x", FLOAT, [1, widths[0]])],
                       [value_info("y", FLOAT, [1, widths[-1]])], constants))


class Resume(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.model = self.path("m.onnx")
        pathlib.Path(self.model).write_bytes(dense(5, [4, 40, 40, 40, 1]))
        self.asked = ["prove", self.model, "--domain", "-1:1", "--ensure", "bounds y[0] in [-36, 36]"]

    def words(self, *more):
        return [*self.asked, *more]

    def interrupted(self, state, seconds, *more):
        """Runs until the state was published and `seconds` have passed, then kills; true if it was killed."""
        words = self.words("--checkpoint", state, "--checkpoint-every", "0", "--resume", *more)
        process = subprocess.Popen([str(BUILD / "bin/isotrace"), *words], stdout=subprocess.PIPE)
        until = time.monotonic() + 60
        while not pathlib.Path(state).exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return process.returncode == -signal.SIGKILL

    def test_killed_again_and_again_it_ends_with_the_proof_of_an_uninterrupted_run(self):
        whole, proof, state = self.path("whole"), self.path("proof"), self.path("state")
        self.run_program(*self.words("--out", whole))
        killed = 0
        for seconds in (0.0, 0.3, 0.1):
            killed += self.interrupted(state, seconds, "--out", proof)
        self.assertGreater(killed, 0, "the question should take longer than that")
        self.run_program(*self.words("--checkpoint", state, "--resume", "--out", proof, "--jobs", "1"))
        self.assertEqual(pathlib.Path(whole).read_bytes(), pathlib.Path(proof).read_bytes())

    def test_a_run_without_time_leaves_a_state_to_go_on_from(self):
        whole, proof, state = self.path("whole"), self.path("proof"), self.path("state")
        self.run_program(*self.words("--out", whole))
        answer = self.run_json(*self.words("--checkpoint", state, "--timeout", "0"), code=5)
        self.assertEqual(answer["reason"], "timeout")
        self.assertTrue(pathlib.Path(state).exists())
        self.run_program(*self.words("--checkpoint", state, "--resume", "--out", proof))
        self.assertEqual(pathlib.Path(whole).read_bytes(), pathlib.Path(proof).read_bytes())

    def test_states_of_other_questions_and_damaged_ones_are_refused(self):
        state = self.path("state")
        self.run_program(*self.words("--checkpoint", state, "--timeout", "0"), code=5)
        refusal = self.run_json("prove", MODEL, "--property", HOLDS, "--checkpoint", state, "--resume", code=3)
        self.assertEqual(refusal["refusal"]["name"], "search_state_mismatch")
        data = pathlib.Path(state).read_bytes()
        for bad in (b"", b"x", data[:-1], data[:40], data[:100] + b"\xff" + data[101:], data + b"0"):
            pathlib.Path(state).write_bytes(bad)
            refusal = self.run_json(*self.words("--checkpoint", state, "--resume"), code=3)["refusal"]
            self.assertEqual(refusal["name"], "search_state_malformed")

    def test_large_trees_clip_boxes_unless_splits_are_to_be_plain(self):
        larger = self.path("larger.onnx")
        pathlib.Path(larger).write_bytes(dense(5, [5, 40, 40, 40, 1]))
        words = ["prove", larger, "--domain", "-1:1", "--ensure", "bounds y[0] in [-50, 50]"]
        clipped, plain = self.path("clipped.isoproof"), self.path("plain.isoproof")
        self.run_program(*words, "--out", clipped)
        self.run_program(*words, "--plain-splits", "--out", plain)
        self.assertNotEqual(pathlib.Path(clipped).read_bytes(), pathlib.Path(plain).read_bytes())
        for proof in (clipped, plain):
            self.assertEqual(self.run_json("check", proof)["verdict"], "accepted")
        refusal = self.run_json("export", clipped, "--to", "coq", "--out", self.path("no"), code=3)["refusal"]
        self.assertEqual(refusal["name"], "export_unsupported")
        self.run_program("export", plain, "--to", "coq", "--out", self.path("bundle"))

    def test_the_state_file_is_an_option_of_its_own(self):
        self.run_program(*self.words("--resume"), code=2)
        self.run_program(*self.words("--checkpoint-every", "3"), code=2)
        self.run_program(*self.words("--checkpoint", "-"), code=2)
        self.run_program(*self.words("--checkpoint", self.path("s"), "--checkpoint-every", "soon"), code=3)
        self.run_program(*self.words("--checkpoint", self.path("nowhere/s"), "--checkpoint-every", "0"), code=4)

    def test_too_little_memory_is_undecided(self):
        answer = self.run_json(*self.words("--search-memory", "0"), code=5)
        self.assertEqual(answer["reason"], "memory")
        self.run_program(*self.words("--search-memory", "much"), code=3)

    def test_a_terminal_sees_what_is_explored_and_what_is_left(self):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([str(BUILD / "bin/isotrace"), *self.words()], stdout=subprocess.DEVNULL,
                                   stderr=theirs)
        os.close(theirs)
        talk = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            talk += piece
        os.close(ours)
        self.assertEqual(process.wait(), 0)
        self.assertRegex(talk, rb"boxes done, \d+ open, [\d.]+ % explored, about \d+ s left")


if __name__ == "__main__":
    unittest.main(verbosity=2)
