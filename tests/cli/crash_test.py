"""Recording is killed (SIGKILL) at any moment: a closed trace is never lost or changed, an open one gives a prefix."""
import json
import pathlib
import random
import subprocess
import time
import unittest

from command_line import BUILD, CommandLineTest
from onnx_bytes import counting_loop

KILLS = 200


class Killed(CommandLineTest):
    def start(self, trace, seed):
        words = [str(BUILD / "bin/isotrace"), "run", self.path("m.onnx"), "--random", str(seed), "--trace", trace,
                 "--keep", "all", "--quiet"]
        return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)

    def recorded(self, name, seed):
        """The bytes of a whole recording, and the seconds it took."""
        begin = time.monotonic()
        self.assertEqual(self.start(self.path(name), seed).wait(timeout=120), 0)
        return pathlib.Path(self.path(name)).read_bytes(), time.monotonic() - begin

    def test_a_closed_trace_survives_and_an_open_one_is_a_prefix(self):
        pathlib.Path(self.path("m.onnx")).write_bytes(counting_loop(2000))
        before, _ = self.recorded("t", 1)
        after, seconds = self.recorded("other", 2)
        self.assertNotEqual(before, after)
        trace, unfinished = pathlib.Path(self.path("t")), pathlib.Path(self.path("t.incomplete"))
        moments = random.Random(5)
        kept = replaced = prefixes = steps = 0
        for _ in range(KILLS):
            trace.write_bytes(before)
            run = self.start(str(trace), 2)
            time.sleep(moments.uniform(0, 1.1 * seconds))
            run.kill()
            run.wait(timeout=60)
            found = trace.read_bytes()
            self.assertTrue(found in (before, after))
            kept, replaced = kept + (found == before), replaced + (found == after)
            if not unfinished.exists():
                continue
            part = unfinished.read_bytes()
            self.assertEqual(part, after[:len(part)])
            if not part:
                continue
            shown = subprocess.run([str(BUILD / "bin/isotrace"), "inspect", str(unfinished), "--json"],
                                   capture_output=True, timeout=60)
            self.assertIn(shown.returncode, (0, 3))  # 3: killed before the header was whole
            if shown.returncode == 0:
                prefixes += 1
                answer = json.loads(shown.stdout)
                self.assertEqual(answer["complete"], len(part) == len(after))
                self.assertLessEqual(answer.get("validBytes", len(part)), len(part))
                steps += answer["steps"]
        print(f"{KILLS} kills: {kept} kept the old trace, {replaced} came too late, {prefixes} left a prefix with "
              f"{steps} steps in all")
        self.assertGreater(prefixes, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
