"""serve and referee as users run them: real processes, a model with a wrong step, a WebAssembly program."""
import base64
import json
import signal
import socket
import subprocess
import unittest

from command_line import BUILD, CommandLineTest, FLIPPED, INPUT, MODEL, SOURCE

KEYS = ["verdict", "reason", "atFault", "a", "b", "place", "host", "rounds", "operations", "bytes"]
SUDOKU = str(SOURCE / "fixtures/wasm/programs/sudoku.wasm")
WORDS = str(SOURCE / "fixtures/wasm/programs/words.wasm")


class Parties(CommandLineTest):
    def serve(self, trace, *more, listen=None):
        """Starts a process and returns its address when it listens."""
        words = ["serve", "--trace", trace, *more, *(["--listen", listen] if listen else []), "--json"]
        process = subprocess.Popen([str(BUILD / "bin/isotrace"), *words], stdout=subprocess.PIPE, cwd=self.folder)
        self.addCleanup(self.stop, process)
        text = ""
        for line in process.stdout:
            text += line.decode()
            if line.startswith(b"}"):
                break
        self.process = process
        return json.loads(text)["address"]

    def stop(self, process, number=signal.SIGTERM):
        process.send_signal(number)
        code = process.wait(timeout=60)
        process.stdout.close()
        return code

    def forge(self, trace, number):
        target = f"{trace}.forged"
        subprocess.run([str(BUILD / "bin/forge_trace"), trace, target, str(number)], check=True)
        return target

    def rule(self, a, b, *more, code):
        answer = self.run_json("referee", a, b, *more, code=code)
        self.assertEqual(list(answer), KEYS)
        return answer


class Models(Parties):
    def setUp(self):
        super().setUp()
        self.trace = self.record("a.isotrace")
        self.honest = self.serve(self.trace)

    def test_equal_traces_agree(self):
        cpu = self.serve(self.record("b.isotrace", MODEL, "cpu"), listen="tcp:0")
        self.assertRegex(cpu, r"^tcp:127\.0\.0\.1:\d+$")
        answer = self.rule(self.honest, cpu, code=0)
        self.assertEqual((answer["verdict"], answer["operations"], answer["rounds"]), ("agree", 0, 1))
        self.assertIsNone(answer["place"])
        text = self.run_program("referee", self.honest, cpu).stdout.decode()
        self.assertRegex(text, r"^agree: root [0-9a-f]{64}\nrounds 1, operations 0, bytes \d+\n$")

    def test_a_wrong_step_is_found_by_one_operation_whoever_states_it(self):
        for step in range(5):
            wrong = self.serve(self.forge(self.trace, step))
            answer = self.rule(self.honest, wrong, code=1)
            self.assertEqual((answer["verdict"], answer["atFault"]), ("decided", ["b"]))
            self.assertEqual((answer["a"]["standing"], answer["b"]["standing"]), ("upheld", "wrong"))
            self.assertEqual((answer["place"]["step"], answer["operations"]), (step, 1))
            self.assertLessEqual(answer["rounds"], 12)
            self.assertEqual(answer["place"]["expected"], answer["place"]["a"])
            self.assertEqual(self.rule(wrong, self.honest, code=1)["atFault"], ["a"])
            self.stop(self.process)

    def test_the_text_says_where_who_and_what_it_took(self):
        wrong = self.serve(self.forge(self.trace, 2))
        lines = self.run_program("referee", wrong, self.honest, code=1).stdout.decode().splitlines()
        self.assertEqual(lines[0], "decided: parted at leaf 3, step 2 (Gemm)")
        self.assertTrue(lines[1].startswith("  A wrong: states "), lines[1])
        self.assertTrue(lines[2].startswith("  B upheld: "), lines[2])
        self.assertRegex(lines[3], r"^rounds \d+, operations 1, bytes \d+$")

    def test_other_programs_are_nobodys_fault(self):
        other = self.serve(self.record("f.isotrace", FLIPPED))
        answer = self.rule(self.honest, other, code=5)
        self.assertEqual((answer["verdict"], answer["atFault"]), ("undecided", []))
        self.assertIn("programs differ", answer["reason"])

    def test_what_a_trace_does_not_hold_is_given(self):
        bare = self.record("bare.isotrace", MODEL, "reference", "--no-embed")
        self.run_program("serve", "--trace", bare, code=3)
        wrong_program = self.run_json("serve", "--trace", bare, "--program", FLIPPED, "--input", INPUT, code=3)
        self.assertEqual(wrong_program["refusal"]["name"], "trace_digest_mismatch")
        wrong_input = self.run_json("serve", "--trace", bare, "--program", MODEL, "--random", "1", code=3)
        self.assertEqual(wrong_input["refusal"]["detail"], "input state")
        wrong = self.serve(self.forge(self.trace, 1))
        given = self.serve(bare, "--program", MODEL, "--input", INPUT)
        self.assertEqual(self.rule(wrong, given, code=1)["atFault"], ["a"])

    def test_a_ruling_is_written_the_same_each_time_and_can_be_signed(self):
        wrong = self.serve(self.forge(self.trace, 3))
        for name in ("one.json", "two.json"):
            self.rule(self.honest, wrong, "--out", name, code=1)
        text = (self.folder / "one.json").read_text()
        self.assertEqual(text, (self.folder / "two.json").read_text())
        ruling = json.loads(text)
        self.assertEqual(text, json.dumps(ruling, separators=(",", ":"), sort_keys=True) + "\n")
        self.assertEqual((ruling["type"], ruling["atFault"]), ("isotrace.ruling.v1", ["b"]))
        self.run_program("keygen", "--out", "k")
        self.rule(self.honest, wrong, "--out", "signed.json", "--key", "k.key", code=1)
        envelope = json.loads((self.folder / "signed.json").read_text())
        payload = base64.b64decode(envelope["payload"])
        self.assertEqual(json.loads(payload), ruling)
        kind = envelope["payloadType"].encode()
        (self.folder / "pae").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
        (self.folder / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
        verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "k.pub", "-rawin", "-in", "pae", "-sigfile", "sig"]
        subprocess.run(verify, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def test_both_signals_stop_a_server_and_remove_its_socket(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            address = self.serve(self.trace, listen="unix:s.sock")
            self.assertEqual(address, "unix:s.sock")
            self.assertTrue((self.folder / "s.sock").exists())
            self.assertEqual(self.stop(self.process, number), 0)
            self.assertFalse((self.folder / "s.sock").exists())

    def test_who_stalls_hangs_up_or_is_not_there_forfeits(self):
        path = self.path("silent.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            answer = self.rule(f"unix:{path}", self.honest, "--timeout", "3", code=1)
        self.assertEqual((answer["verdict"], answer["atFault"]), ("forfeited", ["a"]))
        self.assertEqual(answer["a"]["reason"], "did not answer in time")
        self.assertIsNone(answer["a"]["root"])
        answer = self.rule(self.honest, f"unix:{path}", code=1)  # nobody listens any more
        self.assertEqual((answer["verdict"], answer["b"]["standing"]), ("forfeited", "failed"))

    def test_wrong_calls(self):
        for words in (["referee", "a", self.honest], ["referee", self.honest, "tcp:x"], ["referee", self.honest],
                      ["referee", self.honest, self.honest, "--timeout", "0"],
                      ["referee", self.honest, self.honest, "--key", "k"],
                      ["serve", "--trace", self.trace, "--listen", "here"], ["serve"]):
            self.run_program(*words, code=2)
        taken = self.run_json("serve", "--trace", self.trace, "--listen", self.honest, code=4)
        self.assertEqual((taken["refusal"]["name"], taken["refusal"]["where"]), ("listen_failed", self.honest))


class Modules(Parties):
    def test_a_wrong_state_is_found_by_one_opcode(self):
        trace = self.path("s.isotrace")
        self.run_program("run", SUDOKU, "--invoke", "solve", "1", "2", "--trace", trace)
        wrong = self.serve(self.forge(trace, 9))
        honest = self.serve(trace)
        answer = self.rule(wrong, honest, code=1)
        self.assertEqual((answer["atFault"], answer["a"]["standing"], answer["b"]["standing"]),
                         (["a"], "wrong", "upheld"))
        self.assertEqual((answer["place"]["kind"], answer["operations"]), ("state", 1))
        self.assertTrue(answer["place"]["operation"])
        self.assertLessEqual(answer["rounds"], 20)
        self.assertLess(answer["bytes"], 200_000)

    def test_hosts_that_answer_otherwise_are_nobodys_fault(self):
        for name, text in (("a", b"one two"), ("b", b"one three")):
            self.run_program("run", WORDS, "--virtual", "--trace", self.path(name), stdin=text)
        a, b = self.serve(self.path("a")), self.serve(self.path("b"))
        answer = self.rule(a, b, code=5)
        self.assertEqual((answer["verdict"], answer["atFault"]), ("host", []))
        self.assertEqual(answer["host"]["function"], "wasi_snapshot_preview1.fd_read")
        told = [bytes.fromhex(write["begins"]) for write in answer["host"]["a"]["writes"]]
        self.assertTrue(any(b"one two" in part for part in told), told)
        self.assertNotEqual(answer["host"]["a"], answer["host"]["b"])

    def test_where_a_run_begins_needs_no_opcode_and_a_module_may_be_given(self):
        trace = self.path("w.isotrace")
        self.run_program("run", WORDS, "--virtual", "--no-embed", "--trace", trace, stdin=b"x")
        self.run_program("serve", "--trace", trace, code=3)
        wrong = self.serve(self.forge(trace, 0), "--program", WORDS)
        honest = self.serve(trace, "--program", WORDS)
        answer = self.rule(honest, wrong, code=1)
        self.assertEqual((answer["atFault"], answer["operations"]), (["b"], 0))


if __name__ == "__main__":
    unittest.main()
