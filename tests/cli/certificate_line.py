"""What the tests of certificates share: keys, policies, certificates, and an authority for trusted time."""
import pathlib
import subprocess

from command_line import HOLDS, MODEL, CommandLineTest

# An authority for time stamps needs its own section; nothing of it is secret or lasting.
AUTHORITY = """
[tsa]
default_tsa = here
[here]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
[stamping]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
[signing]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
"""


class CertificateTest(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.trace = self.record("a.isotrace")
        self.evidence = ["--model", MODEL, "--trace", self.trace]
        self.key = self.make_key("ci")
        self.policy = self.make_policy("policy.json", "ci")
        self.certificate = self.certify("m.json")

    def make_key(self, name, *more):
        self.run_program("keygen", "--out", self.path(name), *more)
        return self.path(name + ".key")

    def make_policy(self, name, key, *more):
        self.run_program("policy", "init", "--key", self.path(key + ".pub"), "--expires", "2036-12-31", "--out",
                         self.path(name), *more)
        return self.path(name)

    def certify(self, name, key=None, *more):
        self.run_program("certify", *self.evidence, "--key", key or self.key, "--out", self.path(name), *more)
        return self.path(name)

    def verify(self, code, certificate=None, *more, policy=None, program="isotrace"):
        words = ["verify"] if program == "isotrace" else ["certificate"]
        return self.run_json(*words, certificate or self.certificate, "--policy", policy or self.policy,
                             *self.evidence, *more, code=code, program=program)

    def openssl(self, *words, code=0):
        done = subprocess.run(["openssl", *map(str, words)], cwd=self.folder, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done.stdout

    def make_authority(self, name="tsa", usage="stamping", days="3650"):
        """A root and a certificate below it, NAME.pem with NAME.root.pem."""
        (self.folder / "tsa.cnf").write_text(AUTHORITY)
        (self.folder / "serial").write_text("01\n")
        for key in (name, name + ".root"):
            self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key + ".key")
            self.openssl("req", "-new", "-key", key + ".key", "-subj", f"/CN={key}", "-out", key + ".csr")
        self.openssl("x509", "-req", "-in", f"{name}.root.csr", "-signkey", f"{name}.root.key", "-days", days,
                     "-extfile", "tsa.cnf", "-extensions", "authority", "-out", f"{name}.root.pem")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{name}.root.pem", "-CAkey", f"{name}.root.key",
                     "-CAcreateserial", "-days", days, "-extfile", "tsa.cnf", "-extensions", usage, "-out",
                     f"{name}.pem")
        return self.path(f"{name}.root.pem")

    def stamp(self, certificate, name, authority="tsa"):
        self.run_program("timestamp", certificate, "--out", self.path(name + ".tsq"))
        self.openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", name + ".tsq", "-signer", authority + ".pem",
                     "-inkey", authority + ".key", "-chain", authority + ".root.pem", "-out", name + ".tsr")
        return self.path(name + ".tsr")

    def bytes_of(self, path):
        return pathlib.Path(path).read_bytes()


__all__ = ["CertificateTest", "HOLDS", "MODEL"]
