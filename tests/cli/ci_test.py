"""What CI systems see: exit codes, reports in their forms, the GitHub action, the GitLab job, packages."""
import io
import json
import os
import pathlib
import re
import subprocess
import tarfile
import unittest
import xml.etree.ElementTree

from certificate_line import CertificateTest
from command_line import BUILD, FLIPPED, MODEL, SOURCE


def block_of(document, key):
    """The text of the first `KEY: |` (or `- |` below it), without its indentation."""
    lines = document.splitlines()
    start = next(i for i, line in enumerate(lines) if re.fullmatch(rf"\s*{key}:( \|)?", line))
    if not lines[start].endswith("|"):
        start = next(i for i in range(start, len(lines)) if lines[i].strip() == "- |")
    indent = len(lines[start + 1]) - len(lines[start + 1].lstrip())
    body = []
    for line in lines[start + 1:]:
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            break
        body.append(line[indent:])
    return "\n".join(body) + "\n"


class Reports(CertificateTest):
    def reports(self, code, *more, certificate=None, evidence=None):
        names = {kind: self.path("r." + kind) for kind in ("report", "junit", "sarif", "summary")}
        options = [word for kind, name in names.items() for word in ("--" + kind, name)]
        done = self.run_program("verify", certificate or self.certificate, "--policy", self.policy,
                                *(self.evidence if evidence is None else evidence), *options, *more, "--json",
                                code=code)
        texts = {kind: pathlib.Path(name).read_text() for kind, name in names.items()}
        self.assertEqual(done.stdout.decode(), texts["report"])
        return (json.loads(texts["report"]), xml.etree.ElementTree.fromstring(texts["junit"]),
                json.loads(texts["sarif"]), texts["summary"])

    def test_success_in_every_form(self):
        report, junit, sarif, summary = self.reports(0)
        self.assertEqual((report["result"], report["code"]), ("passed", 0))
        self.assertEqual(junit[0].get("failures"), "0")
        self.assertEqual(len(junit[0]), len(report["checks"]) + 1)
        self.assertEqual(sarif["runs"][0]["results"], [])
        self.assertIn("passed", summary)

    def test_failures_in_every_form(self):
        for code, evidence in ((13, ["--model", FLIPPED]), (20, [])):
            report, junit, sarif, summary = self.reports(code, evidence=evidence)
            self.assertEqual(report["code"], code)
            self.assertGreater(int(junit[0].get("failures")), 0)
            results = sarif["runs"][0]["results"]
            self.assertIn(f"CERT{code}", [result["ruleId"] for result in results])
            self.assertEqual(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
                             self.certificate)
            self.assertNotIn("passed", summary.splitlines()[0])

    def test_reports_are_the_same_again(self):
        first = self.reports(0)
        self.assertEqual(json.dumps(first[0]), json.dumps(self.reports(0)[0]))
        for locale in ("C", "de_DE.UTF-8"):
            words = [str(BUILD / "bin/isotrace"), "verify", self.certificate, "--policy", self.policy, *self.evidence]
            done = subprocess.run(words + ["--json"], capture_output=True, timeout=60,
                                  env={"LC_ALL": locale, "TZ": "Asia/Kathmandu"})
            self.assertEqual(json.loads(done.stdout), first[0])

    def test_text_from_outside_is_no_markup(self):
        evil = self.path("a|b<script>`[x](y)")
        pathlib.Path(evil).write_bytes(self.bytes_of(self.certificate))
        summary = self.reports(0, certificate=evil)[3]
        for mark in ("<script>", "`", "[x]", "a|b"):
            self.assertNotIn(mark, summary)

    def test_a_report_that_cannot_be_written_is_no_success(self):
        for option in ("--report", "--junit", "--sarif", "--summary"):
            self.run_program("verify", self.certificate, "--policy", self.policy, *self.evidence, option,
                             self.path("absent/x"), code=4)
        self.run_program("verify", self.certificate, "--policy", self.policy, "--report", self.path("absent/x"),
                         code=20)

    def test_an_answer_that_cannot_be_printed_is_no_success(self):
        for program, command in (("isotrace", "verify"), ("isotrace-verify", "certificate")):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([str(BUILD / "bin" / program), command, self.certificate, "--policy",
                                       self.policy, *self.evidence], stdout=full, stderr=subprocess.DEVNULL, timeout=60)
            self.assertEqual(done.returncode, 4)

    def test_no_variable_of_the_environment_weakens_anything(self):
        pathlib.Path(self.path("openssl.cnf")).write_text("openssl_conf = no_such_section\n[x]\nactivate = 1\n")
        environment = dict(os.environ, OPENSSL_CONF=self.path("openssl.cnf"), OPENSSL_MODULES=self.path("none"))
        for evidence, code in ((self.evidence, 0), (["--model", FLIPPED], 13)):
            done = subprocess.run([str(BUILD / "bin/isotrace-verify"), "certificate", self.certificate, "--policy",
                                   self.policy, *evidence], env=environment, capture_output=True, timeout=60)
            self.assertEqual(done.returncode, code)

    def test_statements_about_the_verification(self):
        self.make_key("verifier")
        svr, results = self.path("svr.json"), self.path("results.json")
        more = ["--sign-key", self.path("verifier.key"), "--svr", svr, "--test-result", results]

        def statement(path):
            import base64
            return json.loads(base64.b64decode(json.loads(self.bytes_of(path))["dsseEnvelope"]["payload"]))
        self.reports(0, "--replay", *more)
        self.assertIn("ISOTRACE_REPLAY_BITEXACT", statement(svr)["predicate"]["properties"])
        self.assertEqual(statement(svr)["predicateType"], "https://in-toto.io/attestation/svr/v0.2")
        self.assertEqual(statement(results)["predicate"]["result"], "PASSED")
        self.reports(13, *more, evidence=["--model", FLIPPED])
        self.assertEqual(statement(svr)["predicate"]["properties"], [])
        self.assertEqual(statement(results)["predicate"]["result"], "FAILED")
        self.assertIn("model.sha256", statement(results)["predicate"]["failedTests"])
        # They are no certificates, whoever signed them.
        self.verify(10, svr, policy=self.make_policy("v.json", "verifier"))
        self.run_program("verify", self.certificate, "--policy", self.policy, "--svr", svr, code=2)


class Jobs(CertificateTest):
    def run_job(self, script, **variables):
        environment = dict(os.environ, PATH=f"{BUILD}/bin:{os.environ['PATH']}", **variables)
        done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], cwd=self.folder,
                              env=environment, capture_output=True, timeout=60, text=True)
        return done

    def job_variables(self, model=MODEL):
        return {"CERTIFICATE": self.certificate, "POLICY": self.policy, "MODEL": model}

    def test_the_github_action(self):
        script = block_of((SOURCE / "action.yml").read_text(), "run")
        output, summary = self.path("output"), self.path("summary")
        for model, options, code, result in ((MODEL, f"--trace\n{self.trace}\n--replay\n", 0, "passed"),
                                             (FLIPPED, "", 13, "digest_mismatch")):
            pathlib.Path(output).write_text("")
            pathlib.Path(summary).write_text("")
            done = self.run_job(script, **self.job_variables(model), OPTIONS=options, REPORTS="reports",
                                GITHUB_OUTPUT=output, GITHUB_STEP_SUMMARY=summary)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual(pathlib.Path(output).read_text(), f"result={result}\n")
            self.assertIn("### Certificate", pathlib.Path(summary).read_text())
            for name in ("report.json", "junit.xml", "report.sarif"):
                self.assertTrue((self.folder / "reports" / name).exists())
        # Nothing to verify, and nothing left of the last time that could look like success.
        done = self.run_job(script, **{**self.job_variables(), "CERTIFICATE": "absent.json"}, OPTIONS="",
                            REPORTS="reports", GITHUB_OUTPUT=output, GITHUB_STEP_SUMMARY=summary)
        self.assertEqual(done.returncode, 4)
        self.assertTrue(pathlib.Path(output).read_text().endswith("result=not_verified\n"))
        self.assertEqual(list((self.folder / "reports").iterdir()), [])

    def test_the_gitlab_job(self):
        script = block_of((SOURCE / "docs/ci/gitlab.yml").read_text(), "script")
        self.assertEqual(self.run_job(script, **self.job_variables()).returncode, 0)
        self.assertTrue((self.folder / "isotrace-reports/junit.xml").exists())
        self.assertEqual(self.run_job(script, **self.job_variables(FLIPPED)).returncode, 13)
        missing = {**self.job_variables(), "CERTIFICATE": "absent.json"}
        self.assertEqual(self.run_job(script, **missing).returncode, 4)
        self.assertEqual(list((self.folder / "isotrace-reports").iterdir()), [])


class Packages(CertificateTest):
    def pack(self, name, *more):
        self.run_program("pack", "--model", MODEL, "--trace", self.trace, "--certificate", self.certificate, "--policy",
                         self.policy, "--out", self.path(name), *more)
        return self.path(name)

    def test_what_is_packed_comes_out_and_verifies(self):
        archive = self.pack("a.isopack")
        self.assertEqual(self.bytes_of(archive), self.bytes_of(self.pack("b.isopack")))
        with tarfile.open(archive) as listed:
            self.assertIn("package.json", listed.getnames())
        out = self.folder / "out"
        self.run_program("unpack", archive, "--out", out)
        self.assertEqual((out / "model/controller.onnx").read_bytes(), self.bytes_of(MODEL))
        declared = json.loads((out / "package.json").read_text())["declared"][0]
        self.assertEqual((declared["verdict"], declared["claims"][0]["id"]), ("PASSED", "replay"))
        self.run_program("verify", out / "certificate/m.json", "--policy", out / "policy/policy.json", "--model",
                         out / "model/controller.onnx", "--trace", out / "trace/a.isotrace")
        self.run_program("unpack", archive, "--out", out, code=4)
        self.run_program("unpack", archive, "--out", f"{out}-2//")
        self.assertEqual(self.bytes_of(self.folder / "out-2/package.json"), self.bytes_of(out / "package.json"))

    def test_model_folders_are_packed_without_following_links(self):
        model = self.folder / "m"
        (model / "data").mkdir(parents=True)
        (model / "data/w.bin").write_bytes(b"weights")
        (model / "model.onnx").write_bytes(self.bytes_of(MODEL))
        self.run_program("pack", "--model", model, "--out", self.path("f.isopack"))
        self.run_program("unpack", self.path("f.isopack"), "--out", self.path("f"))
        self.assertEqual((self.folder / "f/model/m/data/w.bin").read_bytes(), b"weights")
        (model / "link").symlink_to("/etc/passwd")
        self.run_program("pack", "--model", model, "--out", self.path("g.isopack"), code=3)

    def refuse_lies_of_the_manifest(self, archive):
        """Archives that pack could have written, but for what the manifest says of their files."""
        def repacked(change):
            with tarfile.open(archive) as read:
                members = [(member, read.extractfile(member).read()) for member in read.getmembers()]
            path = self.path("lie.isopack")
            with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as made:
                for member, data in members:
                    if member.name == "package.json":
                        data = change(json.loads(data))
                        member.size = len(data)
                    made.addfile(member, io.BytesIO(data))
            whole = self.bytes_of(path)
            size = len(whole.rstrip(b"\0"))
            pathlib.Path(path).write_bytes(whole[:(size + 511) // 512 * 512 + 1024])
            return path

        def changed(change):
            def with_change(manifest):
                change(manifest)
                return json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
            return with_change
        seen = self.run_json("inspect", repacked(changed(lambda manifest: None)))
        self.assertEqual((seen["kind"], seen["verified"], seen["declared"][0]["verdict"]), ("package", False, "PASSED"))
        for change in (lambda m: m["declared"][0].update(verdict="FAILED"), lambda m: m["declared"].clear(),
                       lambda m: m["declared"][0]["subject"].update(sha256="0" * 64),
                       lambda m: m["declared"][0]["claims"][0].update(assurance="proved"),
                       lambda m: m["files"][0].update(role="model"), lambda m: m["files"].reverse()):
            bad = repacked(changed(change))
            self.run_program("unpack", bad, "--out", self.path("bad"), code=3)
            self.run_program("inspect", bad, code=3)

    def test_changed_and_foreign_archives_are_refused(self):
        archive = self.pack("a.isopack")
        size = len(self.bytes_of(archive))
        for place in range(0, size, max(1, size // 60)):
            def flip(data, place=place):
                data[place] ^= 1
                return data
            bad = self.changed_copy(archive, "bad.isopack", flip)
            self.run_program("unpack", bad, "--out", self.path("bad"), code=3)
            self.assertFalse((self.folder / "bad").exists())
        self.refuse_lies_of_the_manifest(archive)
        for kind in ("link", "climb", "twice"):
            path = self.path(kind + ".tar")
            with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as made:
                entry = tarfile.TarInfo("../x" if kind == "climb" else "x")
                if kind == "link":
                    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
                made.addfile(entry)
                if kind == "twice":
                    made.addfile(entry)
            refusal = self.run_json("unpack", path, "--out", self.path("t"), code=3)["refusal"]
            self.assertEqual(refusal["name"], "archive_malformed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
