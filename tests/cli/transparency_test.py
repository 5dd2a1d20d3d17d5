"""Keys that change, trusted time, logs, sealed batches: policy, key, log, seal, timestamp, bundle as users run them."""
import datetime
import json
import pathlib
import shutil
import subprocess
import unittest

from certificate_line import CertificateTest
from command_line import BUILD, FLIPPED, INPUT, MODEL


def day(offset):
    """A date so many days from now."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=offset)).strftime("%Y-%m-%d")


class Keys(CertificateTest):
    def test_passphrases_protect_private_keys(self):
        pathlib.Path(self.path("word")).write_text("open sesame\nsecond line\n")
        pathlib.Path(self.path("wrong")).write_text("open barley\n")
        for algorithm in ("ed25519", "ecdsa-p256"):
            key = self.make_key(algorithm, "--alg", algorithm, "--passphrase-file", self.path("word"))
            self.assertEqual(pathlib.Path(key).stat().st_mode & 0o777, 0o600)
            self.assertIn("ENCRYPTED", pathlib.Path(key).read_text())
            for more, name in (([], "key_passphrase_wrong"),
                               (["--passphrase-file", self.path("wrong")], "key_passphrase_wrong"),
                               (["--passphrase-file", "/dev/null"], None)):
                refused = self.run_json("certify", *self.evidence, "--key", key, "--out", self.path("x"), *more,
                                        code=3)["refusal"]
                self.assertTrue(name is None or refused["name"] == name, refused)
            policy = self.make_policy(f"{algorithm}.json", algorithm)
            certificate = self.certify("locked.cert", key, "--passphrase-file", self.path("word"))
            self.verify(0, certificate, policy=policy)
            # OpenSSL opens it too, and what OpenSSL locks is opened here.
            plain = self.openssl("pkey", "-in", key, "-passin", "file:word")
            self.assertIn(b"BEGIN PRIVATE KEY", plain)
            pathlib.Path(self.path("plain.key")).write_bytes(plain)
            self.openssl("pkcs8", "-topk8", "-in", "plain.key", "-out", "theirs.key", "-passout", "file:word")
            self.certify("theirs.cert", self.path("theirs.key"), "--passphrase-file", self.path("word"))

    def test_rotation_lets_the_new_key_in_and_the_old_one_out(self):
        self.make_key("new")
        self.run_program("key", "rotate", "--policy", self.policy, "--key", self.path("ci.pub"), "--new",
                         self.path("new.pub"), "--until", day(30), "--out", self.path("next.json"))
        next_policy = self.path("next.json")
        by_new = self.certify("new.cert", self.path("new.key"))
        self.verify(12, by_new)
        for certificate in (self.certificate, by_new):
            self.verify(0, certificate, policy=next_policy)
        self.verify(12, self.certificate, "--at", day(31), policy=next_policy)
        self.verify(0, by_new, "--at", day(31), policy=next_policy)

    def test_revocation_ends_a_key_and_is_not_moved_later(self):
        revoke = ["key", "revoke", "--key", self.path("ci.pub")]
        self.run_program(*revoke, "--policy", self.policy, "--since", day(-3), "--out", self.path("r1.json"))
        self.verify(12, policy=self.path("r1.json"))
        self.run_program(*revoke, "--policy", self.path("r1.json"), "--since", day(3), "--out", self.path("r2.json"))
        self.assertIn(day(-3), pathlib.Path(self.path("r2.json")).read_text())
        self.assertEqual(self.run_json("policy", "check", self.path("r2.json"))["version"], 3)

    def test_options_of_other_actions_are_refused(self):
        self.run_program("key", "revoke", "--policy", self.policy, "--key", self.path("ci.pub"), "--new",
                         self.path("ci.pub"), "--out", self.path("x"), code=2)
        self.run_program("key", "rotate", "--policy", self.policy, code=2)
        self.run_program("policy", "check", self.policy, "--threshold", "1", code=2)
        self.run_program("policy", "init", self.policy, code=2)
        self.run_program("log", "init", "--origin", "a", "--key", self.key, code=2)


class Policies(CertificateTest):
    def test_roots_vouch_for_the_next_policy(self):
        self.make_key("root")
        pinned = self.make_policy("pinned.json", "ci", "--root", self.path("root.pub"), "--at", day(-1))
        self.make_key("new")
        self.run_program("key", "rotate", "--policy", pinned, "--key", self.path("ci.pub"), "--new",
                         self.path("new.pub"), "--out", self.path("next.json"))
        signed = self.path("signed.json")
        self.run_program("policy", "sign", self.path("next.json"), "--key", self.path("root.key"), "--out", signed)
        by_new = self.certify("new.cert", self.path("new.key"))
        for program in ("isotrace", "isotrace-verify"):
            self.verify(0, by_new, "--anchor", pinned, policy=signed, program=program)
        for bad in (self.path("next.json"), self.policy):
            refusal = self.verify(3, by_new, "--anchor", pinned, policy=bad)["refusal"]
            self.assertEqual(refusal["name"], "policy_untrusted")
        self.run_program("policy", "sign", self.path("next.json"), "--key", self.key, "--out", self.path("wrong"))
        self.verify(3, by_new, "--anchor", pinned, policy=self.path("wrong"))
        # Back to the old version, under the new one as anchor.
        self.run_program("policy", "sign", pinned, "--key", self.path("root.key"), "--out", self.path("old.json"))
        self.verify(3, None, "--anchor", self.path("next.json"), policy=self.path("old.json"))

    def test_thresholds_want_distinct_signers(self):
        self.make_key("lab")
        policy = self.make_policy("two.json", "ci", "--key", self.path("lab.pub"), "--threshold", "2")
        lab = self.certify("lab.cert", self.path("lab.key"))
        self.verify(11, policy=policy)
        self.verify(11, self.certificate, self.certificate, policy=policy)
        self.verify(0, self.certificate, lab, policy=policy)
        self.run_program("bundle", lab, self.certificate, "--out", self.path("both.json"))
        self.verify(0, self.path("both.json"), policy=policy)
        self.run_program("policy", "init", "--key", self.path("ci.pub"), "--expires", "2036-12-31", "--threshold", "2",
                         "--out", self.path("x"), code=3)

    def test_explain_names_everything(self):
        text = self.run_program("policy", "explain", self.policy).stdout.decode()
        keyid = self.run_json("policy", "explain", self.policy)["sentences"][2].split()[0]
        self.assertIn(keyid, text)
        for part in ("need signatures of 1 of these 1", "at least: reproduced", "denied"):
            self.assertIn(part, text)

    def test_samples_are_judged_by_the_least_assurance(self):
        sampled = self.certify("sampled.json", None, "--sample", "2", "--challenge", "drand 12345")
        self.verify(14, sampled)
        lenient = self.make_policy("lenient.json", "ci", "--least-assurance", "sampled")
        report = self.verify(0, sampled, policy=lenient)
        self.assertEqual(report["claims"][0], {"id": "replay", "result": "HOLDS", "assurance": "sampled",
                                               "established": "asserted"})
        report = self.verify(0, sampled, "--replay", policy=lenient)
        self.assertEqual(report["claims"][0]["established"], "reproduced")
        self.run_program("certify", *self.evidence, "--key", self.key, "--sample", "2", "--out", self.path("x"), code=2)
        self.run_program("certify", *self.evidence, "--key", self.key, "--sample", "6", "--challenge", "c", "--out",
                         self.path("x"), code=3)


class TrustedTime(CertificateTest):
    def setUp(self):
        super().setUp()
        if not shutil.which("openssl"):
            self.skipTest("openssl is absent")
        self.authority = self.make_authority()
        self.policy = self.make_policy("policy.json", "ci", "--timestamper", self.authority)

    def test_time_stamps_are_believed_from_named_authorities(self):
        stamp = self.stamp(self.certificate, "m")
        for program in ("isotrace", "isotrace-verify"):
            report = self.verify(0, None, "--timestamp", stamp, program=program)
            self.assertTrue(report["signers"][0]["time"].startswith("20"))
        self.run_program("bundle", self.certificate, "--timestamp", stamp, "--out", self.path("full.json"))
        self.verify(0, self.path("full.json"))
        report = self.verify(17, None, "--timestamp", stamp, policy=self.make_policy("none.json", "ci"))
        self.assertIn("timestamp_invalid", report["checks"][-1]["detail"])
        self.make_authority("other")
        self.verify(17, None, "--timestamp", self.stamp(self.certificate, "o", "other"))

    def test_what_is_no_time_stamp_of_this_signature_is_refused(self):
        stamp = self.stamp(self.certificate, "m")
        other = self.certify("sampled.json", None, "--sample", "2", "--challenge", "c")
        self.verify(17, other, "--timestamp", stamp)
        time = self.verify(0, None, "--timestamp", stamp)["signers"][0]["time"]
        size = len(self.bytes_of(stamp))
        refused = 0
        for place in range(0, size, max(1, size // 40)):
            def flip(data, place=place):
                data[place] ^= 1
                return data
            bad = self.changed_copy(stamp, "bad.tsr", flip)
            done = subprocess.run([str(BUILD / "bin/isotrace"), "verify", self.certificate, "--policy", self.policy,
                                   *self.evidence, "--timestamp", bad, "--json"], capture_output=True, timeout=60)
            # Certificates that come along without being needed are covered by no signature.
            self.assertIn(done.returncode, (0, 17), place)
            refused += done.returncode == 17
            if done.returncode == 0:
                self.assertEqual(json.loads(done.stdout)["signers"][0]["time"], time)
        self.assertGreater(refused, 20)
        self.verify(17, None, "--timestamp", self.changed_copy(stamp, "cut.tsr", lambda data: data[:-1]))
        self.verify(17, None, "--timestamp", self.changed_copy(stamp, "long.tsr", lambda data: data + b"x"))
        self.run_program("verify", self.certificate, "--policy", self.policy, "--timestamp", stamp, "--timestamp",
                         stamp, code=2)

    def test_a_certificate_for_other_purposes_stamps_nothing(self):
        self.make_authority("signer", usage="signing")
        policy = self.make_policy("p.json", "ci", "--timestamper", self.path("signer.root.pem"))
        self.run_program("timestamp", self.certificate, "--out", self.path("q.tsq"))
        # openssl refuses to answer with it; a response by it can only be one that was tampered with.
        self.openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-signer", "signer.pem", "-inkey",
                     "signer.key", "-out", "q.tsr", code=1)
        self.verify(17, None, "--timestamp", self.stamp(self.certificate, "m"), policy=policy)

    def test_time_stamps_can_be_demanded(self):
        policy = self.make_policy("strict.json", "ci", "--timestamper", self.authority, "--evidence", "timestamp")
        self.verify(20, policy=policy)
        self.verify(0, None, "--timestamp", self.stamp(self.certificate, "m"), policy=policy)

    def test_trusted_time_alone_decides_what_a_key_signed_in_time(self):
        stamp = self.stamp(self.certificate, "m")
        later = day(400)
        self.run_program("key", "rotate", "--policy", self.policy, "--key", self.path("ci.pub"), "--new",
                         self.make_key("new").replace(".key", ".pub"), "--until", day(30), "--out",
                         self.path("rotated.json"))
        self.verify(12, None, "--at", later, policy=self.path("rotated.json"))
        self.verify(0, None, "--at", later, "--timestamp", stamp, policy=self.path("rotated.json"))

    def test_revoked_keys_are_not_revived_by_dating_back(self):
        stamp = self.stamp(self.certificate, "m")
        for since, with_stamp in ((day(2), 0), (day(-2), 12)):
            self.run_program("key", "revoke", "--policy", self.policy, "--key", self.path("ci.pub"), "--since", since,
                             "--out", self.path("revoked.json"))
            revoked = self.path("revoked.json")
            self.verify(with_stamp, None, "--timestamp", stamp, policy=revoked)
            self.verify(12, policy=revoked)
            # Judged as of a day before the revocation: still nobody vouches for when it was signed.
            self.verify(12, None, "--at", day(1), policy=revoked)

    def test_time_stamps_from_the_future_are_refused(self):
        policy = self.make_policy("early.json", "ci", "--timestamper", self.authority, "--at", day(-9))
        self.verify(17, None, "--timestamp", self.stamp(self.certificate, "m"), "--at", day(-5), policy=policy)


class Logs(CertificateTest):
    def setUp(self):
        super().setUp()
        self.make_key("log")
        self.log = self.path("log")
        self.run_program("log", "init", self.log, "--origin", "log.example.org/a", "--key", self.path("log.key"))
        self.policy = self.make_policy("policy.json", "ci", "--log", f"log.example.org/a={self.path('log.pub')}")
        self.signer = ["--signer", self.path("ci.pub")]

    def add(self, *certificates, code=0):
        return self.run_program("log", "add", self.log, *certificates, "--key", self.path("log.key"), *self.signer,
                                code=code)

    def prove(self, certificate, name):
        self.run_program("log", "prove", self.log, certificate, *self.signer, "--out", self.path(name))
        return self.path(name)

    def others(self, count):
        return [self.certify(f"other{i}.json", None, "--sample", "1", "--challenge", str(i)) for i in range(count)]

    def test_certificates_are_found_in_the_log(self):
        others = self.others(3)
        self.add(*others[:2])
        self.add(self.certificate, others[2])
        proof = self.prove(self.certificate, "m.tlog-proof")
        for program in ("isotrace", "isotrace-verify"):
            report = self.verify(0, None, "--log-proof", proof, program=program)
            self.assertEqual((report["signers"][0]["log"]["index"], report["signers"][0]["log"]["size"]), (2, 4))
        self.run_program("bundle", self.certificate, "--log-proof", proof, "--log-key", self.path("log.pub"),
                         *self.signer, "--out", self.path("full.json"))
        self.verify(0, self.path("full.json"))
        self.verify(17, others[0], "--log-proof", proof)
        self.verify(17, None, "--log-proof", proof, policy=self.make_policy("none.json", "ci"))
        self.run_program("log", "verify", self.log, "--log-key", self.path("log.pub"))
        self.run_program("log", "prove", self.log, self.certify("x.json", None, "--challenge", "x"), *self.signer,
                         "--out", self.path("x"), code=4)

    def test_logs_can_be_demanded(self):
        policy = self.make_policy("strict.json", "ci", "--evidence", "log", "--log",
                                  f"log.example.org/a={self.path('log.pub')}")
        self.verify(20, policy=policy)
        self.add(self.certificate)
        self.verify(0, None, "--log-proof", self.prove(self.certificate, "p"), policy=policy)

    def test_what_nobody_signed_does_not_come_in(self):
        self.make_key("stranger")
        self.add(self.certify("s.json", self.path("stranger.key")), code=3)
        self.run_program("log", "add", self.log, self.certificate, "--key", self.path("stranger.key"), *self.signer,
                         code=3)
        self.assertEqual(self.run_json("log", "verify", self.log, "--log-key", self.path("log.pub"))["size"], 0)
        self.run_program("log", "init", self.log, "--origin", "b", "--key", self.path("log.key"), code=4)

    def test_rollback_and_split_views_are_noticed(self):
        others = self.others(3)
        self.add(others[0])
        fork = self.path("fork")
        shutil.copytree(self.log, fork)
        self.add(others[1])
        seen = self.path("seen")
        shutil.copy(self.log + "/checkpoint", seen)
        key = ["--log-key", self.path("log.pub"), "--old", seen]
        self.add(self.certificate)
        self.assertEqual(self.run_json("log", "checkpoint", self.log, *key)["old"]["size"], 2)
        # The same log as it was before, and another history of it.
        refusal = self.run_json("log", "verify", fork, *key, code=3)["refusal"]
        self.assertEqual(refusal["name"], "log_inconsistent")
        self.run_program("log", "add", fork, others[2], self.certificate, "--key", self.path("log.key"), *self.signer)
        self.run_program("log", "verify", fork, "--log-key", self.path("log.pub"))
        for action in ("verify", "checkpoint"):
            refusal = self.run_json("log", action, fork, *key, code=3)["refusal"]
            self.assertEqual(refusal["name"], "log_inconsistent")
        self.assertEqual(self.run_json("log", "verify", fork, "--log-key", self.path("ci.pub"),
                                       code=3)["refusal"]["name"], "log_inconsistent")

    def test_sealed_batches(self):
        certificates = self.others(5)
        self.run_program("seal", *certificates, self.certificate, "--key", self.key, "--out", self.path("sealed"))
        lenient = self.make_policy("lenient.json", "ci", "--least-assurance", "sampled")
        for certificate in (*certificates, self.certificate):
            name = pathlib.Path(certificate).name + ".sealed"
            for program in ("isotrace", "isotrace-verify"):
                self.verify(0, self.path("sealed/" + name), policy=lenient, program=program)
        self.make_key("stranger")
        self.run_program("seal", self.certificate, "--key", self.path("stranger.key"), "--out", self.path("s"), code=3)
        self.run_program("seal", self.certificate, self.certificate, "--key", self.key, "--out", self.path("s"),
                         code=2)


class OtherModel(CertificateTest):
    def test_a_certificate_of_one_model_says_nothing_of_another(self):
        trace = self.path("f.isotrace")
        self.run_program("run", FLIPPED, "--input", INPUT, "--trace", trace)
        self.evidence = ["--model", FLIPPED, "--trace", trace]
        self.verify(13)
        self.evidence = ["--model", MODEL, "--trace", trace]
        self.verify(13)


if __name__ == "__main__":
    unittest.main(verbosity=2)
