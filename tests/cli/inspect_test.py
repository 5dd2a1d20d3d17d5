"""inspect: every kind of artifact, told apart by its bytes, whatever its name; nothing is verified, no secret shown."""
import base64
import hashlib
import json
import os
import pathlib
import struct
import unittest

from command_line import CommandLineTest, CONTROLLER, HOLDS, INPUT, MODEL, SOURCE
from onnx_bytes import FLOAT, field, graph, model, node, tensor, value_info

COLLATZ = str(SOURCE / "fixtures/wasm/collatz.wasm")
WORDS = str(SOURCE / "fixtures/wasm/programs/words.wasm")


class Inspect(CommandLineTest):
    def inspect(self, path, *more):
        """Under a name that says nothing."""
        hidden = self.folder / "artifact"
        hidden.write_bytes(pathlib.Path(path).read_bytes())
        self.run_program("inspect", hidden, *more)
        return self.run_json("inspect", hidden, *more)

    def write(self, name, data):
        (self.folder / name).write_bytes(data)
        return self.path(name)

    def refused(self, data, name):
        answer = self.run_json("inspect", self.write("broken", data), code=3)
        self.assertEqual(answer["refusal"]["name"], name)
        return answer["refusal"]


class Runs(Inspect):
    def test_traces(self):
        trace = self.record("a.isotrace")
        self.assertEqual((self.inspect(trace)["kind"], self.inspect(trace, "--step", "1")["kind"]), ("trace", "step"))
        whole = pathlib.Path(trace).read_bytes()
        unfinished = self.inspect(self.write("x.incomplete", whole[:-50]))
        self.assertEqual((unfinished["complete"], unfinished["root"]), (False, None))
        self.assertLess(unfinished["validBytes"], len(whole) - 50)
        self.assertIn("trace_truncated", unfinished["damage"])
        self.assertNotIn("damage", self.inspect(trace))
        step = self.inspect(self.path("x.incomplete"), "--step", "0")
        self.assertEqual((step["kind"], step["complete"], step["root"]), ("step", False, None))
        self.assertIn("trace_truncated", step["damage"])
        self.assertNotIn("complete", self.inspect(trace, "--step", "0"))
        self.assertIn("trace_malformed", self.inspect(self.write("longer", whole + b"\0" * 8))["damage"])
        self.run_program("run", COLLATZ, "--invoke", "collatz", "27", "--trace", self.path("w.isotrace"))
        self.assertEqual(self.inspect(self.path("w.isotrace"))["invoke"], "collatz")

    def test_options_for_traces_belong_to_traces(self):
        for option in ("--step", "--last-write", "--program", "--backend"):
            self.run_program("inspect", MODEL, option, "reference" if option == "--backend" else "1", code=2)

    def test_witnesses(self):
        made = self.run_json("witness", COLLATZ, "--invoke", "collatz", "27", "--step", "6", "--out", "a.isostep")
        seen = self.inspect(self.path("a.isostep"))
        self.assertEqual((seen["kind"], seen["judged"], seen["step"]), ("witness", False, 6))
        for key in ("programDigest", "before", "after", "bytes"):
            self.assertEqual(seen[key], made[key])
        self.refused(pathlib.Path(self.path("a.isostep")).read_bytes()[:-1], "bytes_truncated")

    def test_logs_of_effects(self):
        made = self.run_json("run", COLLATZ, "--invoke", "collatz", "27", "--effects", "log")
        seen = self.inspect(self.path("log"))
        self.assertEqual((seen["kind"], seen["steps"], seen["bytes"]),
                         ("effects", made["effects"]["steps"], made["effects"]["bytes"]))
        self.assertEqual(seen["bytesWritten"] % 8, 0)
        self.assertGreater(seen["bytesWritten"], 0)
        self.refused(pathlib.Path(self.path("log")).read_bytes()[:-1], "bytes_truncated")


class Programs(Inspect):
    def test_models(self):
        seen = self.inspect(MODEL)
        self.assertEqual((seen["kind"], seen["operations"]), ("model", {"Gemm": 3, "Relu": 2}))

    def test_modules(self):
        seen = self.inspect(COLLATZ)
        self.assertEqual((seen["kind"], seen["valid"], seen["imports"]), ("module", True, []))
        self.assertEqual(seen["memories"], [{"least": 1, "most": seen["memories"][0]["most"]}])
        exported = {one["name"]: one for one in seen["exports"]}
        self.assertEqual(exported["divide"]["type"], "(i32 i32) -> (i32)")
        run = self.run_json("run", COLLATZ, "--invoke", "collatz", "27", "--trace", self.path("t.isotrace"))
        self.assertEqual(run["steps"], self.run_json("inspect", self.path("t.isotrace"))["steps"])
        self.assertEqual(seen["programDigest"], self.run_json("inspect", self.path("t.isotrace"))["programDigest"])
        sections = seen["sections"]
        self.assertEqual(sections[-1]["offset"] + 1 + 1 + sections[-1]["bytes"]
                         + (sections[-1]["bytes"] > 127), seen["bytes"])

    def test_modules_with_a_host_and_producers(self):
        seen = self.inspect(WORDS)
        self.assertIn(("wasi_snapshot_preview1", "function"), {(one["module"], one["kind"]) for one in seen["imports"]})
        self.assertEqual(len(seen["imports"]), seen["functions"]["imported"])
        value = b"\x01\x0cprocessed-by\x01\x05clang\x0214"  # fields, values of one, name and version
        custom = b"\x09producers" + value
        data = pathlib.Path(COLLATZ).read_bytes() + bytes([0, len(custom)]) + custom
        seen = self.inspect(self.write("p.wasm", data))
        self.assertEqual(seen["producers"], {"processed-by": [{"name": "clang", "version": "14"}]})
        self.assertEqual(seen["sections"][-1]["name"], "producers")

    def test_broken_modules_are_refused_as_modules(self):
        data = pathlib.Path(COLLATZ).read_bytes()
        self.assertIn("byte", self.refused(data[: len(data) // 2], "wasm_malformed")["where"])

    def test_modules_that_do_not_validate_are_shown_with_the_reason(self):
        # (func (result i32)) without a value
        seen = self.inspect(self.write("m.wasm", b"\0asm\1\0\0\0" b"\1\5\1\x60\0\1\x7f" b"\3\2\1\0" b"\x0a\4\1\2\0\x0b"))
        self.assertFalse(seen["valid"])
        self.assertIn("byte", seen["problem"])


class Tensors(Inspect):
    def test_tensor_files(self):
        self.run_program("run", MODEL, "--input", INPUT, "--output", self.path("out"), "--out", self.path("all.npz"))
        npy = self.inspect(self.path("out/brake.npy"))
        npz = self.inspect(self.path("all.npz"))
        self.run_program("run", MODEL, "--input", INPUT, "--out", self.path("all.safetensors"))
        safe = self.inspect(self.path("all.safetensors"))
        self.assertEqual([npy["format"], npz["format"], safe["format"]], ["npy", "npz", "safetensors"])
        one, = npy["tensors"]
        self.assertEqual((one["dtype"], one["shape"], one["bytes"], one["notFinite"]), ("f32", [1, 1], 4, 0))
        self.assertEqual({t["tensors"][0]["digest"] for t in (npy, npz, safe)}, {one["digest"]})
        self.assertEqual(npz["tensors"][0]["name"], "brake")

    def test_tensor_protos(self):
        self.assertEqual(self.inspect(CONTROLLER / "state.pb")["tensors"][0]["shape"], [1, 3])
        nan = self.inspect(self.write("nan.pb", tensor("t", FLOAT, [3], struct.pack("<3f", 1, float("nan"), float("inf")))))
        self.assertEqual(nan["tensors"][0]["notFinite"], 2)

    def test_sequences(self):
        element = tensor("", FLOAT, [2], struct.pack("<2f", 1, 2))
        sequence = field(2, 1) + field(3, element) + field(3, element)  # SequenceProto: elem_type, tensor_values
        seen = self.inspect(self.write("s.pb", sequence))
        self.assertEqual((seen["kind"], seen["shapes"]), ("sequence", [[2], [2]]))

    def test_broken_ones_are_refused_as_tensors(self):
        self.run_program("run", MODEL, "--input", INPUT, "--out", self.path("y.npy"))
        self.refused(pathlib.Path(self.path("y.npy")).read_bytes()[:-1], "tensor_file_malformed")
        self.refused(b"PK\x03\x04" + b"\0" * 40, "tensor_file_malformed")


class Evidence(Inspect):
    def setUp(self):
        super().setUp()
        self.proof = self.path("p.isoproof")
        self.run_program("prove", MODEL, "--property", HOLDS, "--out", self.proof)

    def test_proofs_and_properties(self):
        seen = self.inspect(self.proof)
        self.assertEqual((seen["kind"], seen["claim"], seen["checked"]), ("proof", "proved", False))
        self.assertEqual((self.inspect(HOLDS)["kind"], self.inspect(HOLDS)["inputs"]), ("property", 3))

    def test_bundles_for_coq(self):
        self.run_program("export", self.proof, "--to", "coq", "--out", self.path("bundle"))
        folder = self.run_json("inspect", self.path("bundle"))
        self.assertEqual(folder, self.inspect(self.path("bundle/bundle.json")))
        self.assertEqual((folder["kind"], len(folder["obligations"])), ("proof bundle", 2))
        self.assertEqual(folder["files"] + 1, sum(p.is_file() for p in pathlib.Path(self.path("bundle")).rglob("*")))
        self.assertEqual(folder["subjects"]["proof"], self.inspect(self.proof)["proofDigest"])
        os.mkdir(self.path("empty"))
        self.assertEqual(self.run_json("inspect", self.path("empty"), code=4)["refusal"]["name"], "file_not_found")

    def test_certificates_keys_policies_and_what_commands_print(self):
        trace = self.record("a.isotrace")
        self.run_program("keygen", "--out", self.path("ci"))
        self.run_program("policy", "init", "--key", self.path("ci.pub"), "--expires", "2036-12-31", "--out",
                         self.path("policy.json"))
        evidence = ("--model", MODEL, "--property", HOLDS, "--proof", self.proof, "--trace", trace)
        self.run_program("certify", *evidence, "--key", self.path("ci.key"), "--out", self.path("c.json"))
        public, private = self.inspect(self.path("ci.pub")), self.inspect(self.path("ci.key"))
        self.assertEqual((public["kind"], private["kind"]), ("public key", "private key"))
        self.assertEqual((public["keyid"], public["algorithm"]), (private["keyid"], private["algorithm"]))
        certificate = self.inspect(self.path("c.json"))
        self.assertEqual((certificate["kind"], certificate["verified"], certificate["wellFormed"]),
                         ("certificate", False, True))
        self.assertEqual(certificate["keyid"], public["keyid"])
        self.assertEqual(certificate["statement"]["_type"], "https://in-toto.io/Statement/v1")
        policy = self.inspect(self.path("policy.json"))
        self.assertEqual((policy["kind"], policy["wellFormed"], policy["expires"][:10]), ("policy", True, "2036-12-31"))
        self.assertEqual(policy["keys"], [{"keyid": public["keyid"], "algorithm": "ed25519", "certifier": True, "root": False,
                                           "revoked": False}])
        envelope = json.loads(pathlib.Path(self.path("c.json")).read_text())["dsseEnvelope"]
        seen = self.inspect(self.write("dsse.json", json.dumps(envelope).encode()))
        self.assertEqual((seen["kind"], seen["payload"]), ("dsse envelope", certificate["statement"]))
        seen = self.inspect(self.write("s.json", base64.b64decode(envelope["payload"])))
        self.assertEqual(seen["kind"], "statement")
        verified = self.run_program("verify", self.path("c.json"), "--policy", self.path("policy.json"), *evidence,
                                    "--json").stdout
        self.assertEqual(self.inspect(self.write("v.json", verified))["kind"], "verification report")
        for words, kind in ((("compare", trace, trace), "verdict"), (("run", MODEL, "--input", INPUT), "run")):
            self.assertEqual(self.inspect(self.write("o.json", self.run_program(*words, "--json").stdout))["kind"], kind)
        refusal = self.run_program("inspect", self.write("junk", b"\xff\xfe"), "--json", code=3).stdout
        self.assertEqual(self.inspect(self.write("o.json", refusal))["kind"], "refusal")

    def test_no_part_of_a_private_key_is_printed(self):
        for algorithm in ("ed25519", "ecdsa-p256"):
            name = self.path(algorithm)
            self.run_program("keygen", "--out", name, "--alg", algorithm)
            lines = pathlib.Path(name + ".key").read_text().splitlines()[1:-1]
            secret = base64.b64decode("".join(lines))
            for words in ((), ("--json",)):
                printed = self.run_program("inspect", name + ".key", *words).stdout
                for i in range(16, len(secret) - 8):
                    self.assertNotIn(secret[i:i + 8].hex().encode(), printed)
                for line in lines:
                    for i in range(0, len(line) - 8, 4):
                        self.assertNotIn(line[i:i + 8].encode(), printed)
        broken = self.write("broken.key", b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n-----END PRIVATE KEY-----\n")
        printed = self.run_program("inspect", broken).stdout
        self.assertIn(b"usable: false", printed)
        self.assertNotIn(b"c2Vj", printed)

    def test_policies_and_certificates_that_are_none_are_shown_with_the_reason(self):
        seen = self.inspect(self.write("p.json", b'{"roles": 1}'))
        self.assertEqual((seen["kind"], seen["wellFormed"]), ("policy", False))
        self.assertIn("policy_malformed", seen["problem"])
        seen = self.inspect(self.write("c.json", b'{"dsseEnvelope": [1]}'))
        self.assertEqual((seen["wellFormed"], seen["statement"]), (False, None))


class Signatures(Inspect):
    def setUp(self):
        super().setUp()
        self.keyid = self.run_json("keygen", "--out", "ci")["keyid"]

    def cuts_are_refused(self, data, first=0):
        for end in range(first, len(data), 7):
            done = self.run_program("inspect", self.write("cut", data[:end]), "--json", code=3)
            self.assertIn("refusal", json.loads(done.stdout))

    def test_keys_and_signatures_for_other_programs(self):
        for form in ("minisign", "signify", "ssh", "vkey"):
            self.run_program("key", "export", "--key", "ci.pub", "--format", form, "--name", "log.example.org/m", "--out", form)
            seen = self.inspect(self.path(form))
            self.assertEqual((seen["kind"], seen["keyid"], seen["usable"]), ("public key", self.keyid, True), form)
        self.run_program("sign", MODEL, "--format", "minisign", "--key", "ci.key", "--comment", "of today", "--out", "m")
        seen = self.inspect(self.path("m"))
        self.assertEqual((seen["kind"], seen["format"], seen["verified"], seen["trustedComment"], seen["prehashed"]),
                         ("signature", "minisign", False, "of today", True))
        self.assertEqual(seen["keyNumber"], self.inspect(self.path("minisign"))["keyNumber"])
        self.run_program("sign", MODEL, "--format", "ssh", "--key", "ci.key", "--namespace", "file", "--out", "s")
        seen = self.inspect(self.path("s"))
        self.assertEqual((seen["kind"], seen["namespace"], seen["hash"]), ("signature", "file", "sha512"))
        self.assertEqual(seen["key"]["keyid"], self.keyid)
        self.cuts_are_refused(pathlib.Path(self.path("s")).read_bytes()[:-1], len("-----BEGIN SSH SIGNATURE-----\n"))
        for change in (lambda t: t + b"x\n", lambda t: b"\n".join(t.split(b"\n")[:3]), lambda t: t.replace(b"trusted comment: of", b"of")):
            self.refused(change(pathlib.Path(self.path("m")).read_bytes()), "key_malformed")
        self.refused(b"untrusted comment: x\nRWQ\n", "key_malformed")
        self.refused(b"ssh-ed25519 AAAA\n", "key_malformed")

    def test_a_key_that_is_no_point_is_said_to_be_unusable(self):
        for number in (0, 1, 2):  # of small order, or no point
            text = b"untrusted comment: x\n" + base64.b64encode(b"Ed" + bytes(8) + bytes([number]) + bytes(31)) + b"\n"
            self.assertFalse(self.inspect(self.write("k", text))["usable"])

    def test_secret_keys_show_nothing(self):
        secret = os.urandom(148)
        text = b"untrusted comment: minisign encrypted secret key\n" + base64.b64encode(b"EdScB2" + bytes(4) + secret) + b"\n"
        self.assertEqual(list(self.inspect(self.write("k", text))), ["kind", "format"])

    def test_what_logs_say(self):
        self.run_program("run", MODEL, "--input", INPUT, "--trace", "t")
        self.run_program("certify", "--model", MODEL, "--trace", "t", "--key", "ci.key", "--out", "c.json")
        self.run_program("log", "init", "log", "--origin", "log.example.org/m", "--key", "ci.key")
        self.run_program("log", "add", "log", "c.json", "--key", "ci.key", "--signer", "ci.pub")
        self.run_program("log", "prove", "log", "c.json", "--signer", "ci.pub", "--out", "p")
        proof = self.inspect(self.path("p"))
        note = self.run_json("inspect", "log")
        self.assertEqual((proof["kind"], proof["verified"], proof["index"]), ("log proof", False, 0))
        self.assertEqual((note["kind"], note["origin"], note["size"]), ("checkpoint", "log.example.org/m", 1))
        self.assertEqual(proof["checkpoint"]["root"], note["root"])
        self.run_program("key", "export", "--key", "ci.pub", "--format", "vkey", "--name", "log.example.org/m", "--out", "v")
        self.assertEqual(note["signatures"][0]["keyHash"], self.inspect(self.path("v"))["keyHash"])
        self.run_program("seal", "c.json", "--key", "ci.key", "--out", "sealed")
        file, = pathlib.Path(self.path("sealed")).glob("*.sealed")
        sealed = self.inspect(file)
        self.assertEqual((sealed["kind"], sealed["statement"]["subject"][0]["name"]), ("sealed certificate", "controller.onnx"))
        self.refused(pathlib.Path(self.path("p")).read_bytes()[:-1], "log_malformed")
        seen = self.inspect(self.write("n", b"\x41 note\n\n\xe2\x80\x94 name " + base64.b64encode(bytes(68)) + b"\n"))
        self.assertEqual((seen["kind"], seen["text"]), ("signed note", "A note\n"))

    def test_time_stamps(self):
        self.run_program("run", MODEL, "--input", INPUT, "--trace", "t")
        self.run_program("certify", "--model", MODEL, "--trace", "t", "--key", "ci.key", "--out", "c.json")
        self.run_program("timestamp", "c.json", "--out", "q.tsq")
        seen = self.inspect(self.path("q.tsq"))
        envelope = json.loads(pathlib.Path(self.path("c.json")).read_text())["dsseEnvelope"]
        signature = base64.b64decode(envelope["signatures"][0]["sig"])
        self.assertEqual((seen["kind"], seen["imprint"]["hash"]), ("time stamp request", "SHA256"))
        self.assertEqual(seen["imprint"]["digest"], hashlib.sha256(signature).hexdigest())
        # PKIStatusInfo with status 2, rejection, and no token
        seen = self.inspect(self.write("r.tsr", bytes([0x30, 5, 0x30, 3, 2, 1, 2])))
        self.assertEqual((seen["kind"], seen["granted"], seen["status"], seen["time"]), ("time stamp", False, 2, None))
        self.cuts_are_refused(pathlib.Path(self.path("q.tsq")).read_bytes())


class Unknown(Inspect):
    def test_what_is_nothing_is_refused_with_what_was_tried(self):
        detail = self.refused(b"\xff\xfe nothing of ours", "artifact_unknown")["detail"]
        for kind in ("trace", "proof", "ONNX model", "tensor file"):
            self.assertIn(kind, detail)
        self.assertIn("property", self.refused(b"(assert nothing", "artifact_unknown")["detail"])
        unheard_of = model(graph("g", [node("Unheardof", ["x"], ["y"])], [value_info("x", FLOAT, [1])],
                                 [value_info("y", FLOAT, [1])]))
        self.assertIn("Unheardof", self.refused(unheard_of, "artifact_unknown")["detail"])
        self.refused(b"", "artifact_unknown")
        self.refused(b"{" * 100000, "artifact_unknown")
        self.refused(b'{"a": ' + b"[" * 100000, "artifact_unknown")

    def test_no_command_lets_names_drive_the_terminal_or_begin_a_line(self):
        evil = "\x1b[2K\r\u202e\nroot 00\x07"
        for file, operation, last in (("a.onnx", "Relu", "Neg"), ("b.onnx", "Relu", "Abs"), ("c.onnx", "Re" + evil, "Neg")):
            first = node(operation, ["x" + evil], ["t" + evil], field(3, "n" + evil))
            data = model(graph("g" + evil, [first, node(last, ["t" + evil], ["y" + evil], field(3, "m" + evil))],
                               [value_info("x" + evil, FLOAT, [2])], [value_info("y" + evil, FLOAT, [2])]))
            pathlib.Path(self.path(file)).write_bytes(data)
        for words, code in ((("run", "a.onnx", "--random", "1", "--print", "--trace", "a"), 0), (("run", "a.onnx"), 3),
                            (("run", "c.onnx", "--random", "1"), 3), (("inspect", "c.onnx"), 3),
                            (("compare", "a.onnx", "b.onnx", "--random", "1"), 1), (("check-invariance", "a.onnx"), 0),
                            (("report", "a"), 0), (("inspect", "a", "--step", "1"), 0), (("run", evil + ".onnx"), 4)):
            done = self.run_program(*words, code=code)
            printed = (done.stdout + done.stderr).decode()
            self.assertTrue("root 00" in printed or words[0] in ("report", "check-invariance"), printed)
            for mark in ("\x1b", "\r", "\x07", "\u202e", "\nroot 00"):
                self.assertNotIn(mark, printed, words)
        refused = self.run_program("run", "größe\xff.onnx".encode("utf-8", "surrogateescape").decode(), code=4)
        self.assertIn("größe", refused.stderr.decode())

    def test_names_cannot_drive_a_terminal(self):
        data = model(graph("g", [node("Relu", ["\x1b[2Jx"], ["\u202ey"])], [value_info("\x1b[2Jx", FLOAT, [1])],
                           [value_info("\u202ey", FLOAT, [1])]))
        printed = self.run_program("inspect", self.write("m.onnx", data)).stdout
        self.assertNotIn(b"\x1b", printed)
        self.assertNotIn("\u202e".encode(), printed)


if __name__ == "__main__":
    unittest.main()
