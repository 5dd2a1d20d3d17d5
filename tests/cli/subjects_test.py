"""Certificates about models in folders, several properties, WebAssembly, and other material, as users make them."""
import hashlib
import json
import os
import pathlib
import shutil
import struct
import unittest

from certificate_line import CertificateTest
from command_line import FAILS, HOLDS, MODEL, SOURCE
from onnx_bytes import FLOAT, field, graph, model, node, value_info

COLLATZ = str(SOURCE / "fixtures/wasm/collatz.wasm")


def external_tensor(name, dims, location, offset):
    entries = (("location", location), ("offset", str(offset)), ("length", str(4 * dims[0])))
    return (b"".join(field(1, d) for d in dims) + field(2, FLOAT) + field(8, name)
            + b"".join(field(13, field(1, key) + field(2, value)) for key, value in entries) + field(14, 1))


class Folders(CertificateTest):
    """y = x + a + b, where a and b lie in files of their own."""

    def setUp(self):
        super().setUp()
        self.model = pathlib.Path(self.path("model"))
        (self.model / "weights").mkdir(parents=True)
        text = graph("sum", [node("Add", ["x", "a"], ["t"]), node("Add", ["t", "b"], ["y"])],
                     [value_info("x", FLOAT, [2])], [value_info("y", FLOAT, [2])],
                     [external_tensor("a", [2], "weights/a.bin", 0), external_tensor("b", [2], "weights/b.bin", 0)])
        (self.model / "sum.onnx").write_bytes(model(text))
        (self.model / "weights/a.bin").write_bytes(struct.pack("<2f", 1, 2))
        (self.model / "weights/b.bin").write_bytes(struct.pack("<2f", 3, 4))
        (self.model / "README.md").write_text("two numbers\n")
        self.trace = self.path("sum.isotrace")
        self.run_program("run", str(self.model / "sum.onnx"), "--random", "1", "--trace", self.trace)
        self.evidence = ["--model", str(self.model), "--trace", self.trace]
        self.certificate = self.certify("folder.json")

    def test_a_folder_is_certified_and_verified_as_a_whole(self):
        for program in ("isotrace", "isotrace-verify"):
            self.assertEqual(self.verify(0, program=program)["subject"]["name"], "model")
        self.verify(0, None, "--replay")
        self.evidence[1] += "/"
        self.assertEqual(self.bytes_of(self.certify("again.json")), self.bytes_of(self.certificate))

    def refused_when(self, change, code=13):
        copy = pathlib.Path(self.path("copy"))
        shutil.copytree(self.model, copy, symlinks=True)
        change(copy)
        self.evidence[1] = str(copy)
        for program in ("isotrace", "isotrace-verify"):
            self.verify(code, program=program)
        shutil.rmtree(copy)

    def test_every_change_of_a_file_or_name_is_noticed(self):
        def swap(copy):
            (copy / "weights/a.bin").rename(copy / "other")
            (copy / "weights/b.bin").rename(copy / "weights/a.bin")
            (copy / "other").rename(copy / "weights/b.bin")
        self.refused_when(swap)
        self.refused_when(lambda copy: (copy / "weights/b.bin").write_bytes(struct.pack("<2f", 3, 5)))
        self.refused_when(lambda copy: (copy / "README.md").unlink())
        self.refused_when(lambda copy: (copy / "extra.py").write_text(""))
        self.refused_when(lambda copy: (copy / "README.md").rename(copy / "README.MD"))

    def test_links_pipes_and_odd_names_are_refused(self):
        self.refused_when(lambda copy: (copy / "link").symlink_to(copy / "README.md"), 3)
        self.refused_when(lambda copy: (copy / "up").symlink_to(".."), 3)
        self.refused_when(lambda copy: os.mkfifo(copy / "pipe"), 3)
        self.refused_when(lambda copy: (copy / "a\\b").write_text(""), 3)

        def replace_by_link(copy):
            (copy / "weights").rename(self.path("moved"))
            (copy / "weights").symlink_to(self.path("moved"))
        self.refused_when(replace_by_link, 3)

    def test_external_data_outside_the_folder_are_refused(self):
        (self.model / "sum.onnx").write_bytes(
            (self.model / "sum.onnx").read_bytes().replace(b"weights/a.bin", b"../model/ab.x"))
        self.run_program("certify", *self.evidence[:2], "--property", HOLDS, "--key", self.key, "--out",
                         self.path("x"), code=3)

    def test_a_file_is_no_folder(self):
        manifest = pathlib.Path(self.path("manifest.json"))
        files = [{"path": str(path.relative_to(self.model)), "sha256": hashlib.sha256(
            path.read_bytes()).hexdigest(), "size": path.stat().st_size}
            for path in sorted(self.model.rglob("*")) if path.is_file()]
        files.sort(key=lambda one: one["path"])
        manifest.write_text(json.dumps({"files": files, "schema": "https://isotrace.dev/model-manifest/v1"},
                                       separators=(",", ":")))
        self.evidence = ["--model", str(manifest)]
        report = self.verify(13, program="isotrace-verify")
        failed = [check["id"] for check in report["checks"] if check["status"] == "failed"]
        self.assertEqual(failed, ["model.kind"])

    def test_which_program_is_meant_is_never_guessed(self):
        shutil.copy(MODEL, self.model / "second.onnx")
        done = self.run_json("certify", *self.evidence, "--key", self.key, "--out", self.path("x"), code=3)
        self.assertEqual(done["refusal"]["name"], "evidence_inconsistent")
        for name in ("second.onnx", "sum.onnx"):
            (self.model / name).unlink()
        done = self.run_json("certify", *self.evidence, "--key", self.key, "--out", self.path("x"), code=4)
        self.assertEqual(done["refusal"]["name"], "evidence_missing")


class FilesWithDataElsewhere(CertificateTest):
    """y = x + a as one file, whose digest says nothing of a."""

    def setUp(self):
        super().setUp()
        text = graph("sum", [node("Add", ["x", "a"], ["y"])], [value_info("x", FLOAT, [2])], [value_info("y", FLOAT, [2])],
                     [external_tensor("a", [2], "a.bin", 0)])
        pathlib.Path(self.path("sum.onnx")).write_bytes(model(text))
        self.data = pathlib.Path(self.path("a.bin"))
        self.data.write_bytes(struct.pack("<2f", 1, 2))
        self.run_program("run", "sum.onnx", "--random", "1", "--trace", "t")
        self.evidence = ["--model", "sum.onnx", "--trace", "t"]
        self.certificate = self.certify("file.json")

    def test_only_who_imports_them_with_the_right_data_passes(self):
        self.verify(0)
        self.verify(20, program="isotrace-verify")
        self.verify(20, None, "--each", program="isotrace-verify")
        self.data.write_bytes(struct.pack("<2f", 1, 3))
        self.verify(13)
        for change in (lambda: self.data.write_bytes(b"short"), self.data.unlink, lambda: self.data.symlink_to("/etc/passwd")):
            change()
            self.verify(20)
            self.verify(20, None, "--each")

    def test_where_no_proof_is_bound_none_is_checked(self):
        self.verify(20, None, "--check-proof")

    def test_a_value_may_have_any_name(self):
        text = graph("neg", [node("Neg", ["location"], ["y"])], [value_info("location", FLOAT, [2])],
                     [value_info("y", FLOAT, [2])])
        pathlib.Path(self.path("neg.onnx")).write_bytes(model(text))
        self.run_program("run", "neg.onnx", "--random", "1", "--trace", "n")
        self.evidence = ["--model", "neg.onnx", "--trace", "n"]
        self.verify(0, self.certify("neg.json"), program="isotrace-verify")


class Several(CertificateTest):
    def setUp(self):
        super().setUp()
        self.proofs = [self.path("holds.isoproof"), self.path("violated.isoproof")]
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", self.proofs[0])
        self.run_program("prove", MODEL, "--property", FAILS, "--out", self.proofs[1], code=1)
        self.model = ["--model", MODEL]

    def test_each_proof_is_a_claim_of_its_own(self):
        self.evidence = [*self.model, "--property", HOLDS, "--property", FAILS, "--proof", self.proofs[0], "--proof",
                         self.proofs[1]]
        certificate = self.certify("two.json")
        report = self.verify(15, certificate)
        self.assertEqual([(claim["id"], claim["result"]) for claim in report["claims"]],
                         [("property-1", "HOLDS"), ("property-2", "VIOLATED")])
        self.assertEqual(report["claims"][0]["established"], "proved")
        self.evidence = [*self.model, "--proof", self.proofs[1]]
        self.verify(15, certificate)
        self.verify(20, certificate, "--check-proof")
        # Nothing holds because something else does.
        self.evidence = [*self.model, "--proof", self.proofs[0]]
        self.verify(15, certificate)

    def test_properties_and_proofs_in_another_order_do_not_match(self):
        self.evidence = [*self.model, "--property", FAILS, "--property", HOLDS, "--proof", self.proofs[0], "--proof",
                         self.proofs[1]]
        done = self.run_json("certify", *self.evidence, "--key", self.key, "--out", self.path("x"), code=3)
        self.assertEqual(done["refusal"]["name"], "evidence_inconsistent")

    def test_a_property_without_a_proof_leaves_the_verdict_open(self):
        self.evidence = [*self.model, "--property", HOLDS, "--property", FAILS, "--proof", self.proofs[0]]
        lenient = self.make_policy("lenient.json", "ci", "--least-assurance", "asserted")
        report = self.verify(16, self.certify("open.json"), policy=lenient)
        self.assertEqual(report["verdict"], "INCONCLUSIVE")

    def test_other_material_is_bound_by_digest(self):
        card = self.path("card.md")
        pathlib.Path(card).write_text("# A controller\n")
        certificate = self.certify("card.json", None, "--evidence", f"card={card}")
        for program in ("isotrace", "isotrace-verify"):
            self.verify(0, certificate, "--evidence", card, program=program)
            self.verify(13, certificate, "--evidence", self.trace, program=program)
        self.run_program("certify", *self.evidence, "--key", self.key, "--out", self.path("x"), "--evidence", card,
                         code=2)


class Modules(CertificateTest):
    def setUp(self):
        super().setUp()
        self.trace = self.path("collatz.isotrace")
        self.run_program("run", COLLATZ, "--invoke", "collatz", "27", "--trace", self.trace)
        self.evidence = ["--model", COLLATZ, "--trace", self.trace]
        self.certificate = self.certify("collatz.json")
        self.policy = self.make_policy("wasm.json", "ci", "--semantics", "isowasm-1")

    def test_runs_of_webassembly_are_certified_and_replayed(self):
        report = self.verify(0, None, "--replay")
        self.assertEqual(report["claims"][0]["established"], "reproduced")
        self.verify(0, program="isotrace-verify")

    def test_another_run_or_module_is_another(self):
        other = self.path("other.isotrace")
        self.run_program("run", COLLATZ, "--invoke", "collatz", "28", "--trace", other)
        self.evidence = ["--model", COLLATZ, "--trace", other]
        self.verify(13)
        self.evidence = ["--model", MODEL, "--trace", self.trace]
        self.verify(13)
        done = self.run_json("certify", *self.evidence, "--key", self.key, "--out", self.path("x"), code=3)
        self.assertEqual(done["refusal"]["name"], "evidence_inconsistent")

    def test_semantics_must_be_allowed(self):
        self.verify(14, policy=self.make_policy("numbers.json", "ci"))
        self.verify(0, policy=self.make_policy("both.json", "ci", "--semantics", "isonum-1", "--semantics",
                                               "isowasm-1"))

    def test_modules_are_not_sampled(self):
        self.evidence += ["--sample", "1", "--challenge", "nonce"]
        self.run_program("certify", *self.evidence, "--key", self.key, "--out", self.path("s.json"))
        self.evidence = self.evidence[:4]
        self.verify(16, self.path("s.json"), policy=self.make_policy(
            "weak.json", "ci", "--semantics", "isowasm-1", "--least-assurance", "asserted"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
