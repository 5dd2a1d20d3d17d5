"""Programs that nobody here wrote judge our signatures: all must accept them, and none after a change.

What is installed takes part; what is not is named and left out. npm packages are looked for in the folder that
ISOTRACE_NODE_MODULES names. The table of docs/clients.md is written by ISOTRACE_GOLDEN=write.
"""
import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from certificate_line import CertificateTest
from command_line import SOURCE

NODE_MODULES = os.environ.get("ISOTRACE_NODE_MODULES", "")
CLIENTS = SOURCE / "tests/clients"
ENGINES = {"openssl": "OpenSSL", "jq and openssl": "OpenSSL", "@sigstore/verify": "OpenSSL in Node.js",
           "@sigstore/verify with log and time stamp": "OpenSSL in Node.js", "ssh-keygen": "OpenSSH",
           "minisign": "libsodium", "signify": "OpenBSD", "PyNaCl": "libsodium", "python3-cryptography": "OpenSSL",
           "@noble/curves": "noble", "tweetnacl": "TweetNaCl"}


def python_with(name):
    """An interpreter that has the module: this one, or Debian's."""
    for python in (sys.executable, "/usr/bin/python3"):
        if shutil.which(python) and subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode == 0:
            return python
    return None


def has_package(name):
    return bool(NODE_MODULES) and shutil.which("node") and (pathlib.Path(NODE_MODULES) / name).is_dir()


class Clients(CertificateTest):
    def setUp(self):
        super().setUp()
        self.make_key("p256", "--alg", "ecdsa-p256")
        self.certificates = {"ci": self.certificate, "p256": self.certify("p256.json", self.path("p256.key"))}
        self.absent = []

    def run_client(self, *words, stdin=None):
        done = subprocess.run(list(map(str, words)), cwd=self.folder, capture_output=True, input=stdin, timeout=60)
        return done.returncode == 0

    def envelope(self, key):
        return json.loads(self.bytes_of(self.certificates[key]))["dsseEnvelope"]

    def parts(self, key, change):
        """Message and signature as files, the message changed by one bit if asked."""
        envelope = self.envelope(key)
        payload = bytearray(base64.b64decode(envelope["payload"]))
        payload[100] ^= change
        kind = envelope["payloadType"].encode()
        message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), bytes(payload))
        pathlib.Path(self.path("pae")).write_bytes(message)
        pathlib.Path(self.path("sig")).write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
        return self.path("pae"), self.path("sig")

    def point(self, key, size):
        der = base64.b64decode("".join(self.bytes_of(self.path(key + ".pub")).decode().splitlines()[1:-1]))
        return der[-size:]

    # Each client: (key, change) -> whether it accepts. A change of 1 flips a bit of the payload or file.

    def openssl_client(self, key, change):
        message, signature = self.parts(key, change)
        if key == "ci":
            return self.run_client("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "ci.pub", "-rawin", "-in",
                                   message, "-sigfile", signature)
        return self.run_client("openssl", "dgst", "-sha256", "-verify", "p256.pub", "-signature", signature, message)

    def documented_script(self, key, change):
        document = (SOURCE / "docs/certificates.md").read_text()
        script = re.search(r"```sh\n(set -eu.*?)```", document, re.DOTALL).group(1)
        certificate = json.loads(self.bytes_of(self.certificates[key]))
        payload = bytearray(base64.b64decode(certificate["dsseEnvelope"]["payload"]))
        payload[100] ^= change
        certificate["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
        pathlib.Path(self.path("c.json")).write_text(json.dumps(certificate))
        return self.run_client("bash", "-c", script, "verify.sh", "c.json", f"{key}.pub")

    def changed_certificate(self, source, change):
        certificate = json.loads(self.bytes_of(source))
        payload = bytearray(base64.b64decode(certificate["dsseEnvelope"]["payload"]))
        payload[100] ^= change
        certificate["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
        pathlib.Path(self.path("changed.json")).write_text(json.dumps(certificate))
        return "changed.json"

    def sigstore(self, key, change):
        return self.run_client("node", CLIENTS / "sigstore.mjs", NODE_MODULES,
                               self.changed_certificate(self.certificates[key], change), f"{key}.pub")

    def sigstore_with_log(self, key, change):
        full = self.path(f"full-{key}.json")
        if not pathlib.Path(full).exists():
            self.make_full(key, full)
        return self.run_client("node", CLIENTS / "sigstore.mjs", NODE_MODULES,
                               self.changed_certificate(full, change), f"{key}.pub", "log.pub", "log.example.org/a",
                               "tsa.pem", "tsa.root.pem")

    def make_full(self, key, out):
        if not pathlib.Path(self.path("tsa.pem")).exists():
            self.make_authority()
            self.make_key("log")
            self.run_program("log", "init", self.path("log"), "--origin", "log.example.org/a", "--key",
                             self.path("log.key"))
        certificate = self.certificates[key]
        signer = ["--signer", self.path(key + ".pub")]
        self.run_program("log", "add", self.path("log"), certificate, "--key", self.path("log.key"), *signer)
        self.run_program("log", "prove", self.path("log"), certificate, *signer, "--out", self.path("proof"))
        self.run_program("bundle", certificate, "--log-proof", self.path("proof"), "--log-key", self.path("log.pub"),
                         *signer, "--timestamp", self.stamp(certificate, "stamp-" + key), "--out", out)

    def companion(self, change, *words):
        """A signature of our own making over the certificate's file, and the file, changed if asked."""
        self.run_program("sign", self.certificate, "--key", self.key, "--out", self.path("companion"), *words)
        data = bytearray(self.bytes_of(self.certificate))
        data[100] ^= change
        pathlib.Path(self.path("file")).write_bytes(data)

    def ssh_keygen(self, key, change):
        if key != "ci":
            return None
        self.companion(change, "--format", "ssh", "--namespace", "isotrace-certificate")
        self.run_program("key", "export", "--key", self.path("ci.pub"), "--format", "ssh", "--out", self.path("ssh"))
        allowed = b"ci@example.org " + self.bytes_of(self.path("ssh"))
        pathlib.Path(self.path("allowed")).write_bytes(allowed)
        verify = ["ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "ci@example.org", "-s", "companion"]
        data = self.bytes_of(self.path("file"))
        self.assertFalse(self.run_client(*verify, "-n", "another-purpose", stdin=data))
        return self.run_client(*verify, "-n", "isotrace-certificate", stdin=data)

    def minisign(self, key, change):
        if key != "ci":
            return None
        self.companion(change, "--format", "minisign", "--comment", "certificate of the controller")
        self.run_program("key", "export", "--key", self.path("ci.pub"), "--format", "minisign", "--out",
                         self.path("mini"))
        return self.run_client("minisign", "-V", "-p", "mini", "-m", "file", "-x", "companion")

    def signify(self, key, change):
        if key != "ci":
            return None
        message, signature = self.parts(key, change)
        self.run_program("key", "export", "--key", self.path("ci.pub"), "--format", "signify", "--out",
                         self.path("signify"))
        number = base64.b64decode(self.bytes_of(self.path("signify")).splitlines()[1])[:10]
        wrapped = base64.b64encode(number + self.bytes_of(signature)).decode()
        pathlib.Path(self.path("sig.signify")).write_text(f"untrusted comment: -\n{wrapped}\n")
        return self.run_client("signify-openbsd", "-V", "-p", "signify", "-m", message, "-x", "sig.signify")

    def pynacl(self, key, change):
        if key != "ci":
            return None
        message, signature = self.parts(key, change)
        code = ("import sys, nacl.signing; r = lambda p: open(p, 'rb').read(); "
                "nacl.signing.VerifyKey(bytes.fromhex(sys.argv[1])).verify(r(sys.argv[2]), r(sys.argv[3]))")
        return self.run_client(python_with("nacl"), "-c", code, self.point(key, 32).hex(), message, signature)

    def cryptography(self, key, change):
        message, signature = self.parts(key, change)
        code = ("import sys; from cryptography.hazmat.primitives.serialization import load_pem_public_key as l; "
                "from cryptography.hazmat.primitives.asymmetric import ec; "
                "from cryptography.hazmat.primitives.hashes import SHA256; r = lambda p: open(p, 'rb').read(); "
                "k = l(r(sys.argv[1])); "
                "more = [ec.ECDSA(SHA256())] if isinstance(k, ec.EllipticCurvePublicKey) else []; "
                "k.verify(r(sys.argv[3]), r(sys.argv[2]), *more)")
        return self.run_client(python_with("cryptography"), "-c", code, f"{key}.pub", message, signature)

    def noble(self, key, change):
        message, signature = self.parts(key, change)
        engine, size = ("noble", 32) if key == "ci" else ("noble-p256", 65)
        return self.run_client("node", CLIENTS / "noble.mjs", NODE_MODULES, engine, self.point(key, size).hex(),
                               message, signature)

    def tweetnacl(self, key, change):
        if key != "ci":
            return None
        message, signature = self.parts(key, change)
        return self.run_client("node", CLIENTS / "noble.mjs", NODE_MODULES, "tweetnacl", self.point(key, 32).hex(),
                               message, signature)

    def clients(self):
        """name, whether it is here, how to ask it"""
        which = shutil.which
        return [("openssl", which("openssl"), self.openssl_client),
                ("jq and openssl", which("jq") and which("openssl"), self.documented_script),
                ("@sigstore/verify", has_package("@sigstore/verify"), self.sigstore),
                ("@sigstore/verify with log and time stamp", has_package("@sigstore/verify") and which("openssl"),
                 self.sigstore_with_log),
                ("ssh-keygen", which("ssh-keygen"), self.ssh_keygen),
                ("minisign", which("minisign"), self.minisign),
                ("signify", which("signify-openbsd"), self.signify),
                ("PyNaCl", python_with("nacl"), self.pynacl),
                ("python3-cryptography", python_with("cryptography"), self.cryptography),
                ("@noble/curves", has_package("@noble/curves"), self.noble),
                ("tweetnacl", has_package("tweetnacl"), self.tweetnacl)]

    def test_every_client_accepts_what_we_sign_and_nothing_else(self):
        rows = {}
        for name, present, ask in self.clients():
            if not present:
                self.absent.append(name)
                continue
            answers = []
            for key in ("ci", "p256"):
                good = ask(key, 0)
                if good is None:
                    answers.append("-")
                    continue
                self.assertTrue(good, f"{name} refuses {key}")
                self.assertFalse(ask(key, 1), f"{name} accepts a changed file under {key}")
                answers.append("yes")
            rows[name] = f"| {name} | {ENGINES[name]} | {answers[0]} | {answers[1]} |"
        self.check_table(rows)
        if self.absent:
            print("clients that are absent and were not asked:", ", ".join(self.absent), file=sys.stderr)
        self.assertTrue(rows, "not one client is here")

    def check_table(self, rows):
        page = SOURCE / "docs/clients.md"
        text = page.read_text()
        head, old, tail = re.match(r"(.*\|---\|---\|---\|---\|\n)((?:\|.*\n)*)(.*)", text, re.DOTALL).groups()
        if os.environ.get("ISOTRACE_GOLDEN") == "write":
            self.assertFalse(self.absent, "the table is written with every client at hand")
            page.write_text(head + "".join(row + "\n" for row in rows.values()) + tail)
            return
        for row in rows.values():
            self.assertIn(row + "\n", old)


if __name__ == "__main__":
    unittest.main(verbosity=2)
