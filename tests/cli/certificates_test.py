"""keygen, policy, certify, verify as users run them."""
import hashlib
import json
import os
import pathlib
import stat
import subprocess
import unittest

from command_line import BUILD, CommandLineTest, FAILS, FLIPPED, HOLDS, MODEL


class Certificates(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.trace = self.record("a.isotrace")
        self.proof = self.path("p.isoproof")
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", self.proof)
        self.key = self.make_key("ci")
        self.policy = self.make_policy("policy.json", "ci")
        self.evidence = ["--model", MODEL, "--property", HOLDS, "--proof", self.proof, "--trace", self.trace]
        self.certificate = self.certify("m.cert.sigstore.json")

    def make_key(self, name, *more):
        self.run_program("keygen", "--out", self.path(name), *more)
        return self.path(name + ".key")

    def make_policy(self, name, key):
        self.run_program("policy", "init", "--key", self.path(key + ".pub"), "--expires", "2036-12-31", "--out",
                         self.path(name))
        return self.path(name)

    def certify(self, name, key=None):
        self.run_program("certify", *self.evidence, "--key", key or self.key, "--out", self.path(name))
        return self.path(name)

    def verify(self, code, certificate=None, policy=None, evidence=None, more=()):
        return self.run_program("verify", certificate or self.certificate, "--policy", policy or self.policy,
                                *(self.evidence if evidence is None else evidence), *more, "--json", code=code)

    def test_verified_with_every_digest_recomputed(self):
        self.verify(0)
        self.verify(0, more=["--replay"])
        self.run_program("certificate", self.certificate, "--policy", self.policy, *self.evidence,
                         program="isotrace-verify")

    def test_private_key_is_for_its_owner_only(self):
        mode = stat.S_IMODE(pathlib.Path(self.key).stat().st_mode)
        self.assertEqual(mode, 0o600)

    def test_certificate_is_reproducible(self):
        again = self.certify("again.json")
        self.assertEqual(pathlib.Path(again).read_bytes(), pathlib.Path(self.certificate).read_bytes())

    def test_certificate_depends_on_no_locale_zone_or_folder(self):
        environment = dict(os.environ)
        self.addCleanup(os.environ.update, environment)
        for changes in ({"TZ": "Pacific/Kiritimati", "LC_ALL": "de_DE.UTF-8"}, {"TZ": "America/St_Johns", "LC_ALL": "C"},
                        {"LANG": "tr_TR.UTF-8", "HOME": "/nonexistent", "USER": "nobody"}):
            os.environ.update(changes)
            again = self.certify("again.json")
            self.assertEqual(pathlib.Path(again).read_bytes(), pathlib.Path(self.certificate).read_bytes(), changes)

    def test_a_certificate_takes_at_most_four_kibibytes(self):
        self.assertLessEqual(pathlib.Path(self.certificate).stat().st_size, 4096)

    def test_a_replay_that_fails_is_signed_and_said(self):
        forged = self.path("forged.isotrace")
        subprocess.run([str(BUILD / "bin/forge_trace"), self.trace, forged, "2"], check=True)
        words = ["--model", MODEL, "--trace", forged, "--key", self.key, "--out", self.path("f.json")]
        self.assertEqual(self.run_json("certify", *words)["verdict"], "FAILED")
        self.verify(15, certificate=self.path("f.json"), evidence=["--model", MODEL, "--trace", forged])

    def test_ecdsa(self):
        key = self.make_key("ec", "--alg", "ecdsa-p256")
        self.verify(0, certificate=self.certify("ec.json", key), policy=self.make_policy("ec-policy.json", "ec"))

    def test_untrusted_key(self):
        self.make_key("other")
        self.verify(12, policy=self.make_policy("other.json", "other"))

    def test_expired(self):
        self.verify(14, more=["--at", "2037-06-01"])

    def test_other_evidence_is_a_digest_mismatch(self):
        for position, replacement in ((1, FLIPPED), (3, FAILS), (7, self.record("b.isotrace", FLIPPED))):
            evidence = list(self.evidence)
            evidence[position] = replacement
            self.verify(13, evidence=evidence)

    def flipped(self, path, places=12):
        """Copies of the file with one bit changed, at places all over it."""
        size = pathlib.Path(path).stat().st_size
        for place in range(0, size, max(1, size // places)):
            def flip(data, place=place):
                data[place] ^= 1
                return data
            yield self.changed_copy(path, "flipped", flip)

    def test_any_flipped_bit_of_any_input_is_noticed(self):
        for position in (1, 3, 5, 7):
            for bad in self.flipped(self.evidence[position]):
                evidence = list(self.evidence)
                evidence[position] = bad
                self.verify(13, evidence=evidence)
        # A policy is what one trusts: it is protected by the roots of the one that is pinned.
        self.make_key("root")
        self.run_program("policy", "init", "--key", self.path("ci.pub"), "--root", self.path("root.pub"), "--expires",
                         "2036-12-31", "--at", "2026-01-01", "--out", self.path("pinned.json"))
        self.run_program("key", "revoke", "--policy", self.path("pinned.json"), "--key", self.path("root.pub"),
                         "--since", "2036-01-01", "--out", self.path("next.json"))
        text = pathlib.Path(self.path("next.json")).read_text().replace('"2036-01-01T23:59:59Z"', "null")
        pathlib.Path(self.path("next.json")).write_text(text)
        self.run_program("policy", "sign", self.path("next.json"), "--key", self.path("root.key"), "--out",
                         self.path("signed.json"))
        anchor = ["--anchor", self.path("pinned.json")]
        self.verify(0, policy=self.path("signed.json"), more=anchor)
        for bad in self.flipped(self.path("signed.json"), 40):
            self.verify(3, policy=bad, more=anchor)
        # Another seed is another key, which nobody trusts; anything else is no key.
        for bad in self.flipped(self.key):
            if self.run_any("certify", *self.evidence, "--key", bad, "--out", self.path("x")) != 3:
                self.verify(12, certificate=self.path("x"))

    def test_no_evidence_is_not_success(self):
        done = self.verify(20, evidence=[])
        self.assertNotEqual(done.returncode, 0)

    def test_changed_bytes(self):
        size = pathlib.Path(self.certificate).stat().st_size
        for place in range(0, size, max(1, size // 25)):
            def flip(data, place=place):
                data[place] ^= 0x01
                return data
            bad = self.changed_copy(self.certificate, "bad.json", flip)
            done = self.run_any("verify", bad, "--policy", self.policy, *self.evidence)
            self.assertIn(done, (10, 11, 12), f"byte {place}")

    def verify_each(self, code, *words, policy=None, models=(MODEL, FLIPPED), program="isotrace"):
        """The one object that a run over many certificates prints."""
        command = ["verify"] if program == "isotrace" else ["certificate"]
        named = [word for model in models for word in ("--model", model)]
        return self.run_json(*command, "--each", *words, *named, "--policy", policy or self.policy, program=program,
                             code=code)

    def certify_other_model(self):
        path = self.path("other.cert.sigstore.json")
        self.run_program("certify", "--model", FLIPPED, "--trace", self.record("f.isotrace", FLIPPED), "--key", self.key,
                         "--out", path)
        return path

    def test_many_certificates_in_one_run_each_by_itself(self):
        other = self.certify_other_model()
        self.run_program("seal", self.certificate, other, "--key", self.key, "--out", self.path("sealed"))
        evidence = self.evidence[2:]
        for program in ("isotrace", "isotrace-verify"):
            for paths in ([self.certificate, other], [self.path("sealed")], [other, self.path("sealed")]):
                done = self.verify_each(0, *paths, *evidence, program=program)
                count = len(done["certificates"])
                self.assertEqual(done["counts"], {"certificates": count, "passed": count})
                self.assertEqual((done["code"], done["unbound"]), (0, []))
                self.assertEqual({one["result"] for one in done["certificates"]}, {"passed"})
                self.assertEqual({one["subject"]["name"] for one in done["certificates"]},
                                 {"controller.onnx", "controller_bit_flipped.onnx"})
        lines = self.run_program("verify", "--each", self.certificate, other, "--policy", self.policy, "--model", MODEL,
                                 "--model", FLIPPED, "--replay", "--trace", self.trace, code=20).stdout.decode()
        self.assertEqual([line.split()[0] for line in lines.splitlines()], ["passed", "nothing_verified",
                                                                             "nothing_verified:"], lines)

    def test_the_worst_of_many_certificates_decides(self):
        def flip(data):
            data[len(data) // 2] ^= 1
            return data
        bad = self.changed_copy(self.certificate, "bad.json", flip)
        self.make_key("stranger")
        foreign = self.certify("foreign.json", self.path("stranger.key"))
        worst = self.verify_each(12, self.certificate, bad, foreign, models=[MODEL])
        self.assertEqual([one["code"] for one in worst["certificates"]][::2], [0, 12])
        self.assertIn(worst["certificates"][1]["code"], (10, 11))
        self.assertEqual(worst["counts"], {"certificates": 3, "passed": 1})
        # A model that no one has given, one that nobody speaks of, a file that is not there.
        self.verify_each(13, self.certificate, models=[FLIPPED])
        self.verify_each(0, self.certificate, models=[MODEL, MODEL])  # said twice, and bound
        unbound = self.verify_each(13, self.certificate)["unbound"]
        self.assertEqual(unbound, [hashlib.sha256(pathlib.Path(FLIPPED).read_bytes()).hexdigest()])
        self.assertEqual(len(self.verify_each(13, self.certificate, "--property", FAILS, models=[MODEL])["unbound"]), 1)
        self.verify_each(20, self.certificate, self.path("missing"), models=[MODEL])
        self.verify_each(20, self.certificate, models=[])

    def test_no_certificate_at_all_is_not_success(self):
        os.mkdir(self.path("empty"))
        done = self.verify_each(20, self.path("empty"), models=[])
        self.assertEqual((done["result"], done["counts"]["certificates"]), ("nothing_verified", 0))
        os.mkdir(self.path("empty/inner"))  # neither a certificate nor silence
        self.verify_each(20, self.path("empty"), models=[])

    def test_options_about_one_statement_are_refused_for_many(self):
        for option in ("--junit", "--sarif", "--summary", "--log-proof", "--timestamp"):
            self.run_program("verify", "--each", self.certificate, "--policy", self.policy, option, self.path("x"), code=2)
        self.run_program("verify", self.certificate, "--policy", self.policy, "--model", MODEL, "--model", FLIPPED, code=2)
        report = self.path("report.json")
        self.run_program("verify", "--each", self.certificate, "--policy", self.policy, "--model", MODEL, "--report",
                         report)
        self.assertEqual(json.loads(pathlib.Path(report).read_text())["counts"]["passed"], 1)

    def run_any(self, *words):
        return subprocess.run([str(BUILD / "bin/isotrace"), *words], capture_output=True, timeout=60).returncode

    def test_public_key_where_private_is_expected(self):
        refusal = self.run_json("certify", *self.evidence, "--key", self.path("ci.pub"), "--out", self.path("x"),
                                code=3)["refusal"]
        self.assertEqual(refusal["name"], "key_kind_wrong")
        self.assertFalse(pathlib.Path(self.path("x")).exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
