"""report as users run it: text, JSON, JUnit, and a page that hostile names cannot break out of."""
import hashlib
import html.parser
import pathlib
import re
import shlex
import unittest
import xml.etree.ElementTree

from command_line import CommandLineTest, FLIPPED, SOURCE
from onnx_bytes import FLOAT, counting_loop, field, graph, model, node, value_info

MODULE = str(SOURCE / "fixtures/wasm/collatz.wasm")
WORDS = str(SOURCE / "fixtures/wasm/programs/words.wasm")
HOSTILE = ["</script><script>alert(1)</script>", "\"><img src=x onerror=alert(2)>", "' onmouseover='alert(3)",
           "\u202egnp.exe\u2066", "nul\0byte", "<!--", "]]>", "&lt;b&gt;", "</style><style>*{display:none}", "line\nbreak"]


class Outline(html.parser.HTMLParser):
    """Elements and attributes of a page, and the text outside of scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.attributes, self.text = {}, set(), ""
        self.inside = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements[tag] = self.elements.get(tag, 0) + 1
        self.attributes |= {name for name, _ in attributes}
        if tag in ("script", "style"):
            self.inside.append(tag)

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data):
        if not self.inside:
            self.text += data


class ReportTest(CommandLineTest):
    def report(self, *words, code=0):
        """The JSON that is printed, and the page."""
        page = self.folder / "page.html"
        page.unlink(missing_ok=True)
        answer = self.run_json("report", *words, "--html", str(page), code=code)
        data = page.read_bytes()
        self.assertEqual(answer["html"]["bytes"], len(data))
        self.assertEqual(answer["html"]["sha256"], hashlib.sha256(data).hexdigest())
        return answer, data.decode()

    def record_random(self, name, model_bytes, *more):
        (self.folder / (name + ".onnx")).write_bytes(model_bytes)
        trace = self.path(name + ".isotrace")
        self.run_program("run", name + ".onnx", "--random", "1", "--trace", trace, *more)
        return trace

    def module_trace(self, name, *words):
        path = self.path(name)
        self.run_program("run", MODULE, "--trace", path, *words)
        return path


class Tensors(ReportTest):
    def test_one_trace(self):
        trace = self.record("a.isotrace")
        answer, page = self.report(trace)
        self.assertEqual((answer["verdict"], answer["steps"], answer["times"]), ("recorded", 5, None))
        self.assertEqual(answer["root"], self.run_json("inspect", trace)["root"])
        self.assertEqual({o["operation"]: o["steps"] for o in answer["operations"]}, {"Gemm": 3, "Relu": 2})
        self.assertEqual(answer["html"]["leftOut"], 0)
        self.assertIn(answer["root"], page)
        for step in range(5):
            self.assertIn(f'id="s{step}"', page)
            self.assertIn(self.run_json("inspect", trace, "--step", step)["digest"], page)
        text = self.run_program("report", trace).stdout.decode()
        self.assertTrue(text.startswith(f"recorded: 5 steps, root {answer['root']}\n"))

    def test_bytes_alive_are_those_of_values_that_are_still_read(self):
        # x -> a, b -> c -> y: while b is computed, x and a are alive besides.
        nodes = [node("Neg", ["x"], ["a"]), node("Sqrt", ["x"], ["b"]), node("Add", ["a", "b"], ["c"]),
                 node("Neg", ["c"], ["y"])]
        trace = self.record_random("m", model(graph("g", nodes, [value_info("x", FLOAT, [8])],
                                                    [value_info("y", FLOAT, [8])])))
        answer, page = self.report(trace)
        self.assertEqual(answer["mostAlive"], {"bytes": 96, "step": 1, "operation": "Sqrt"})
        self.assertIn('<a href="#s2">step 2</a>', page)

    def test_two_traces(self):
        a, b = self.record("a.isotrace"), self.record("b.isotrace", FLIPPED)
        answer, page = self.report(a, b, code=1)
        told = self.run_json("compare", a, b, code=1)["divergence"]
        self.assertEqual(answer["verdict"], "diverged")
        for key in ("step", "operation", "tensor", "index", "aBits", "bBits", "ulps", "tensors"):
            self.assertEqual(answer["divergence"][key], told[key])
        self.assertIn('<tr id="s2" class="row first">', page)
        self.assertIn("1 differ, worst 1", page)  # the one cell of the heat map
        self.assertEqual(page.count('<rect class="h1" height="10" x="50" y="0"'), 1)
        self.assertEqual(self.run_json("report", a, a)["verdict"], "identical")
        text = self.run_program("report", a, b, code=1).stdout.decode()
        self.assertIn("first divergence: step 2 (Gemm), operand input 1", text)

    def test_the_same_traces_give_the_same_page_whatever_they_are_called(self):
        a, b = self.record("a.isotrace"), self.record("b.isotrace", FLIPPED)
        _, page = self.report(a, b, code=1)
        other = self.changed_copy(b, "other name.isotrace", lambda data: data)
        self.assertEqual(self.report(a, other, code=1)[1], page)
        self.assertNotIn(str(self.folder), page)

    def test_times_are_measured_only_when_asked_for_and_said_to_be(self):
        trace = self.record("a.isotrace")
        answer, page = self.report(trace, "--timings", "--backend", "reference")
        self.assertEqual((len(answer["times"]["steps"]), answer["times"]["measured"]), (5, "now"))
        self.assertTrue(all(time > 0 for time in answer["times"]["steps"]))
        self.assertIn("measured for this page, not recorded", page)
        bare = self.record("bare.isotrace", SOURCE / "fixtures/controller/controller.onnx", "reference", "--no-embed")
        refusal = self.run_json("report", bare, "--timings", code=3)["refusal"]
        self.assertEqual(refusal["name"], "trace_without_program")
        self.assertIn("Traces record no times", self.report(bare)[1])

    def test_the_line_that_reproduces_names_the_file(self):
        a, b = self.record("a.isotrace"), self.record("it's b.isotrace", FLIPPED)
        answer, page = self.report(a, b, code=1)
        program, *words = shlex.split(answer["divergence"]["reproduce"])
        self.assertEqual((program, self.run_json(*words)["verdict"]), ("isotrace", "accepted"))
        self.assertIn("<pre>isotrace replay B.isotrace --from 2 --to 2</pre>", page)

    def test_options_that_would_change_nothing_are_refused(self):
        trace = self.record("a.isotrace")
        for option in ("--html", "--junit"):
            self.run_program("report", trace, option, "-", code=2)
        for words in (("--rows", "3"), ("--jobs", "2"), ("--backend", "cpu"), ("--isa", "avx2"), ("--memory-max", "2"),
                      ("--input", "x.npy")):
            self.run_program("report", trace, *words, code=2)
        for rows in ("0", "100001"):
            answer = self.run_json("report", trace, "--html", self.path("p.html"), "--rows", rows, code=3)
            self.assertEqual(answer["refusal"]["name"], "value_out_of_range")

    def test_many_steps_are_left_out_in_the_middle_and_counted(self):
        trace = self.record_random("loop", counting_loop(3000))
        answer, page = self.report(trace, "--rows", "100")
        self.assertEqual(answer["html"]["leftOut"], answer["steps"] - 100)
        self.assertEqual(len(re.findall(r'<tr id="s\d+"', page)), 100)
        gaps = re.findall(r"steps ([\d,]+) to ([\d,]+) are left out", page)
        left_out = sum(int(end.replace(",", "")) - int(begin.replace(",", "")) + 1 for begin, end in gaps)
        self.assertEqual(left_out, answer["html"]["leftOut"])
        self.assertLess(len(page), 500_000)

    def test_runs_of_other_lengths_and_of_no_step(self):
        short, long = (self.record_random(f"loop{n}", counting_loop(n)) for n in (5, 10))
        answer, page = self.report(long, short, code=1)
        self.assertEqual((answer["steps"], answer["stepsB"], answer["differing"]), (21, 11, 11))
        self.assertEqual((page.count(">first divergence<"), page.count(">only in A<")), (1, 10))
        self.assertEqual(self.report(short, long, code=1)[0]["differing"], 1)
        empty = model(graph("g", [], [value_info("x", FLOAT, [3])], [value_info("x", FLOAT, [3])]))
        answer, page = self.report(self.record_random("empty", empty))
        self.assertEqual((answer["steps"], answer["mostAlive"]), (0, None))
        self.assertNotIn('href="#flow"', page)

    def test_an_unfinished_recording_is_told_as_such(self):
        trace = self.record("a.isotrace")
        size = pathlib.Path(trace).stat().st_size
        torn = self.changed_copy(trace, "torn.isotrace.incomplete", lambda data: data[: size - 100])
        answer, page = self.report(torn, code=5)
        self.assertEqual((answer["verdict"], answer["root"]), ("unfinished", None))
        self.assertIn("never closed", page)
        self.assertEqual(self.run_json("report", torn, trace, code=3)["refusal"]["name"], "trace_truncated")
        flipped = self.changed_copy(trace, "flipped.isotrace", lambda data: data[:size // 2]
                                    + bytes([data[size // 2] ^ 1]) + data[size // 2 + 1:])
        self.run_program("report", flipped, code=3)

    def test_junit(self):
        a, b = self.record("a.isotrace"), self.record("b.isotrace", FLIPPED)
        self.run_program("report", a, b, "--junit", self.path("r.xml"), code=1)
        cases = list(xml.etree.ElementTree.parse(self.path("r.xml")).iter("testcase"))
        self.assertEqual([c.get("name") for c in cases], ["identity", "steps", "output brake"])
        self.assertIsNotNone(cases[1].find("failure"))
        self.run_program("report", a, "--junit", self.path("r.xml"))
        self.assertEqual([c.get("name") for c in xml.etree.ElementTree.parse(self.path("r.xml")).iter("testcase")],
                         ["recording"])


class Modules(ReportTest):
    def test_the_timeline_names_where_the_run_was(self):
        trace = self.module_trace("t.isotrace", "--invoke", "longest", "3000")
        answer, page = self.report(trace)
        shown = self.run_json("inspect", trace)
        self.assertEqual((answer["verdict"], answer["steps"], answer["checkpoints"]),
                         ("recorded", shown["steps"], shown["checkpoints"]))
        self.assertIn("Checkpoint timeline", page)
        self.assertIn("<b><bdi>longest_up_to</bdi></b>", page)
        self.assertIn(f'{shown["steps"]:,}', page)
        self.assertEqual(self.report(trace, "--backend", "reference")[1].count("<bdi>longest_up_to</bdi>"),
                         page.count("<bdi>longest_up_to</bdi>"))

    def test_two_runs(self):
        a = self.module_trace("a.isotrace", "--invoke", "collatz", "27")
        b = self.module_trace("b.isotrace", "--invoke", "collatz", "28")
        answer, page = self.report(a, b, code=1)
        self.assertEqual(answer["divergence"], self.run_json("compare", a, b, code=1)["divergence"])
        self.assertIn("<dt>Given otherwise</dt><dd><bdi>argument 0</bdi>", page)
        self.assertEqual(page.count('class="row first"'), 1)
        self.run_program("report", a, b, "--junit", self.path("r.xml"), code=1)
        case, = xml.etree.ElementTree.parse(self.path("r.xml")).iter("testcase")
        self.assertIn("given", case.find("failure").get("message"))

    def test_a_run_without_its_module_is_shown_without_names(self):
        trace = self.module_trace("t.isotrace", "--invoke", "collatz", "27", "--no-embed")
        _, page = self.report(trace)
        self.assertIn("Where the program was at each is not shown", page)
        self.assertIn("<bdi>collatz</bdi>", self.report(trace, "--program", MODULE)[1])
        self.assertEqual(self.run_json("report", trace, "--timings", code=3)["refusal"]["name"], "trace_without_program")

    def test_a_run_beside_a_tensor_program_parts_at_once(self):
        a = self.module_trace("a.isotrace", "--invoke", "collatz", "27")
        answer, _ = self.report(a, self.record("b.isotrace"), code=1)
        self.assertEqual(answer["divergence"]["kind"], "semantics")


class Hostile(ReportTest):
    """Names that try to become markup. No element and no attribute may be there that a harmless page lacks."""

    def assert_harmless(self, page, harmless):
        seen, expected = Outline(page), Outline(harmless)
        self.assertEqual(set(seen.elements) - set(expected.elements), set())
        self.assertEqual(seen.attributes - expected.attributes, set())
        for element in ("script", "style", "body", "title"):
            self.assertEqual(seen.elements[element], expected.elements[element], element)
        self.assertNotIn("\0", page)
        for mark in "\u202e\u2066\u200f\ufeff":
            self.assertNotIn(mark, page)
        self.assertEqual(re.findall(r"[\x00-\x09\x0b-\x1f\x7f]", page), [])

    def network(self, names):
        nodes = [node("Relu", ["x" if i == 0 else f"v{i - 1}"], [f"v{i}"], field(3, name))
                 for i, name in enumerate(names)]
        return model(graph("g", nodes, [value_info("x", FLOAT, [2])],
                           [value_info(f"v{len(names) - 1}", FLOAT, [2])]))

    def test_names_of_a_model(self):
        names = [name.encode() for name in HOSTILE] + [b"bad \xff\xc0\x80 utf-8"]
        (self.folder / "h.onnx").write_bytes(self.network(names))
        _, harmless = self.report(self.record_random("plain", self.network([b"plain"] * len(names))))
        _, page = self.report(self.record_random("h", self.network(names)))
        self.assert_harmless(page, harmless)
        text = Outline(page).text
        for name in HOSTILE[:3]:
            self.assertIn(name, text)  # as it is: text, not markup
        self.assertIn("\\u{202e}gnp.exe\\u{2066}", text)
        self.assertIn("nul\\u{00}byte", text)
        self.assertIn("bad \\xff\\xc0\\x80 utf-8", text)

    def test_names_of_inputs_and_outputs(self):
        def named(name):
            return model(graph("g", [node("Relu", [name], [name + "y"])], [value_info(name, FLOAT, [2])],
                               [value_info(name + "y", FLOAT, [2])]))
        _, harmless = self.report(self.record_random("plain", named("x")))
        for i, name in enumerate(HOSTILE):
            with self.subTest(name):
                _, page = self.report(self.record_random(f"h{i}", named(name)))
                self.assert_harmless(page, harmless)

    def test_names_of_a_module(self):
        def module(name):
            """(func (export NAME)) that calls an imported function NAME.NAME? No host has it: exports only."""
            data = name.encode()
            export = bytes([1, len(data)]) + data + b"\0\0"
            custom = b"\x04name" + bytes([1, len(data) + 3, 1, 0, len(data)]) + data
            return (b"\0asm\1\0\0\0" + b"\1\4\1\x60\0\0" + b"\3\2\1\0" + bytes([7, len(export)]) + export
                    + b"\x0a\4\1\2\0\x0b" + bytes([0, len(custom)]) + custom)

        def page_of(name):
            (self.folder / "m.wasm").write_bytes(module(name))
            self.run_program("run", "m.wasm", "--invoke", name, "--trace", self.path("m.isotrace"), "--arg", name,
                             "--env", "NAME=" + name)
            return self.report(self.path("m.isotrace"))[1]

        harmless = page_of("plain")
        for name in HOSTILE:
            if "\0" not in name:  # the command line cannot say it
                with self.subTest(name):
                    self.assert_harmless(page_of(name), harmless)

    def test_names_of_host_functions_cannot_drive_a_terminal(self):
        names = b"\4name" + b"\1\7\1\0\4\x1b[2J"  # function 0, before the section that the module has
        data = pathlib.Path(WORDS).read_bytes()
        (self.folder / "w.wasm").write_bytes(data[:8] + bytes([0, len(names)]) + names + data[8:])
        self.run_program("run", "w.wasm", "--trace", self.path("w.isotrace"), stdin=b"a\n")
        printed = self.run_program("report", self.path("w.isotrace")).stdout
        self.assertNotIn(b"\x1b", printed)
        self.assertIn(b'host function "\\u001b[2J": ', printed)
        self.assertIn("<bdi>\\u{1b}[2J</bdi>", self.report(self.path("w.isotrace"))[1])

    def test_the_policy_of_the_page_allows_exactly_its_own_style_and_script(self):
        import base64
        _, page = self.report(self.record("a.isotrace"))
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page).group(1).replace("&#39;", "'")
        self.assertTrue(policy.startswith("default-src 'none'; "))
        self.assertNotIn("unsafe", policy)
        for element, directive in (("style", "style-src"), ("script", "script-src")):
            contents = re.search(f"<{element}>(.*?)</{element}>", page, re.DOTALL).group(1)
            digest = base64.b64encode(hashlib.sha256(contents.encode()).digest()).decode()
            self.assertIn(f"{directive} 'sha256-{digest}'", policy)
        self.assertNotIn("http:", page)
        self.assertNotIn("https:", page)
        self.assertNotIn(" style=", page)


if __name__ == "__main__":
    unittest.main()
