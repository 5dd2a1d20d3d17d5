"""No failing allocation or file operation turns verification into success."""
import collections
import os
import pathlib
import subprocess
import unittest

from certificate_line import CertificateTest
from command_line import BUILD, HOLDS, MODEL

INJECTOR = BUILD / "lib/fault_injector.so"


class Faults(CertificateTest):
    def setUp(self):
        super().setUp()
        self.proof = self.path("p.isoproof")
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", self.proof)
        self.evidence = ["--model", MODEL, "--property", HOLDS, "--proof", self.proof, "--trace", self.trace]
        self.certificate = self.certify("full.json")

    def inject(self, program, *words):
        """Every single fault of one run: (number, call, status)."""
        report = self.path("faults")
        environment = dict(os.environ, LD_PRELOAD=str(INJECTOR), FAULT_START=self.certificate, FAULT_REPORT=report)
        done = subprocess.run([str(BUILD / "bin" / program), *words], env=environment, capture_output=True,
                              timeout=900)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = pathlib.Path(report).read_text().splitlines()
        return [(int(number), call, int(status)) for number, call, status in map(str.split, lines)]

    def check(self, faults):
        kinds = collections.Counter(call for _, call, _ in faults)
        for call in ("malloc", "open", "read", "fstat"):
            self.assertGreater(kinds[call], 0, kinds)
        accepted = [fault for fault in faults if fault[2] == 0]
        self.assertEqual(accepted, [], f"{len(accepted)} of {len(faults)} faults ended in success")
        print(f"{len(faults)} faults, none of them a success: {dict(kinds)}")

    def try_every_fault(self, program, command):
        if not INJECTOR.exists():
            self.skipTest(f"{INJECTOR} is absent (sanitizers replace the allocator)")
        words = [command, self.certificate, "--policy", self.policy]
        faults = self.inject(program, *words, *self.evidence)
        self.evidence = ["--model", MODEL, "--trace", self.trace]
        self.certificate = words[1] = self.certify("replay.json")
        faults += self.inject(program, *words, *self.evidence)
        self.check(faults)
        self.assertGreater(len(faults), 2000)

    def test_the_trusted_base_never_succeeds_by_a_fault(self):
        self.try_every_fault("isotrace-verify", "certificate")

    def test_verify_never_succeeds_by_a_fault(self):
        self.try_every_fault("isotrace", "verify")


if __name__ == "__main__":
    unittest.main(verbosity=2)
