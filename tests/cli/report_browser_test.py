"""Pages of report in headless Chromium: needs Chromium, Node.js, and playwright-core, which npm has put into the
folder that ISOTRACE_NODE_MODULES names."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from command_line import FLIPPED, SOURCE, CommandLineTest
from onnx_bytes import FLOAT, field, graph, model, node, value_info

MODULES = os.environ.get("ISOTRACE_NODE_MODULES", "")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
COLLATZ = str(SOURCE / "fixtures/wasm/collatz.wasm")
ABSENT = [name for name, there in (("Chromium", CHROMIUM), ("Node.js", shutil.which("node")),
                                   ("playwright-core (ISOTRACE_NODE_MODULES)",
                                    MODULES and (pathlib.Path(MODULES) / "playwright-core").is_dir())) if not there]


class Pages(CommandLineTest):
    def browse(self, filter_text, *words, code=0):
        page = self.path("page.html")
        self.run_program("report", *words, "--html", page, code=code)
        # Pictures for people, where a folder for them is named.
        pictures = os.environ.get("ISOTRACE_SCREENSHOTS", "")
        folder = pathlib.Path(pictures) / self.id().split(".")[-1] if pictures else None
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["node", str(SOURCE / "tests/cli/browse_page.js"), MODULES, CHROMIUM, page, filter_text,
                               *([str(folder)] if folder else [])], capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        seen = json.loads(done.stdout)
        self.assertEqual((seen["console"], seen["requests"], seen["dialogs"]), ([], [], 0))
        for look in ("light", "dark", "phone", "plain"):
            self.assertLessEqual(seen[look]["overflow"], 0, look)
            self.assertEqual((seen[look]["scripts"], seen[look]["foreign"], seen[look]["handlers"]), (1, 0, 0), look)
        self.assertNotEqual(seen["light"]["ink"], seen["dark"]["ink"])
        self.assertTrue(seen["light"]["tools"])
        self.assertFalse(seen["plain"]["tools"])
        self.assertEqual(seen["plain"]["rows"], seen["light"]["rows"])
        used = seen["light"]
        self.assertEqual((used["slash"], used["cleared"]), ("filter", used["all"]))
        self.assertEqual((used["down"], used["up"], used["opened"]), ("s0", "s0", True))
        return seen

    def test_a_divergence_is_seen_in_every_look(self):
        a, b = self.record("a.isotrace"), self.record("b.isotrace", FLIPPED)
        seen = self.browse("gemm dense1", a, b, code=1)
        for look in ("light", "dark", "phone", "plain"):
            self.assertEqual((seen[look]["first"], seen[look]["highlighted"], seen[look]["heat"]), ("s2", True, 1), look)
        used = seen["light"]
        self.assertEqual((used["filtered"], used["divergence"]), (["s2"], "s2"))
        self.assertIn("s2", used["differing"])
        self.assertNotIn("s0", used["differing"])

    def test_a_run_of_a_module(self):
        a, b = self.path("a.isotrace"), self.path("b.isotrace")
        for path, number in ((a, "3000"), (b, "3001")):
            self.run_program("run", COLLATZ, "--invoke", "longest", number, "--trace", path)
        seen = self.browse("finished", a, b, code=1)
        self.assertEqual(seen["phone"]["first"], "s0")
        self.assertEqual(len(seen["light"]["filtered"]), 1)

    def test_hostile_names_run_nothing(self):
        names = ["</script><script>alert(1)</script>", "\"><img src=x onerror=alert(2)>",
                 "</style><link rel=stylesheet href=http://127.0.0.1:9/x.css>", "x" * 3000]
        nodes = [node("Relu", ["x" if i == 0 else f"v{i - 1}"], [f"v{i}"], field(3, name))
                 for i, name in enumerate(names)]
        (self.folder / "h.onnx").write_bytes(
            model(graph("g", nodes, [value_info("x", FLOAT, [2])], [value_info("v3", FLOAT, [2])])))
        self.run_program("run", "h.onnx", "--random", "1", "--trace", self.path("h.isotrace"))
        seen = self.browse("onerror", self.path("h.isotrace"))
        self.assertEqual(seen["light"]["filtered"], ["s1"])


if __name__ == "__main__":
    if ABSENT:
        print("skipped: absent: " + ", ".join(ABSENT))
        sys.exit(77)
    unittest.main()
