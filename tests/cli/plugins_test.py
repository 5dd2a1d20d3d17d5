"""Backends from somebody else's shared library: what they do right, what they do wrong, and what that costs."""
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import time
import unittest

import onnx_bytes
from command_line import BUILD, CommandLineTest, INPUT, MODEL, SOURCE

PLUGINS = SOURCE / "tests/plugins"
HEADERS = SOURCE / "backends/plugin"
REFERENCE = str(BUILD / "plugins/reference_plugin.so")
FAULTS = dict((name, int(number)) for name, number in
              re.findall(r"#define (\w+) (\d+)\b", (PLUGINS / "faulty_plugin.c").read_text()))
FLOAT, INT32 = 1, 6


def make_plugin(path, source, *flags):
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-O1", "-fPIC", "-shared", "-ffp-contract=off",
                    f"-I{HEADERS}", *flags, str(source), "-o", str(path), "-lm"], check=True)
    return str(path)


class PluginTest(CommandLineTest):
    @classmethod
    def setUpClass(cls):
        cls.plugins = pathlib.Path(tempfile.mkdtemp(prefix="isotrace-plugins-"))
        cls.addClassCleanup(shutil.rmtree, cls.plugins)
        cls.mark = cls.plugins / "written-by-a-plugin"
        cls.template = make_plugin(cls.plugins / "template.so", SOURCE / "fixtures/plugin/template.c")

    def faulty(self, fault, *flags):
        """Compiled once for each fault."""
        path = self.plugins / f"{fault.lower()}.so"
        if not path.exists():
            make_plugin(path, PLUGINS / "faulty_plugin.c", f"-DFAULT={FAULTS.get(fault.upper(), 0)}",
                        f'-DMARK_FILE="{self.mark}"', *flags)
        return str(path)

    def write_model(self, operations, name="model.onnx", shape=(2, 3)):
        """A chain: each operation takes what the one before gives (twice, if it takes two)."""
        nodes, value = [], "x"
        for number, operation in enumerate(operations):
            operands = [value, value] if operation in ("Add", "Equal") else [value]
            nodes.append(onnx_bytes.node(operation, operands, [f"y{number}"]))
            value = f"y{number}"
        element = 9 if operations[-1] == "Equal" else FLOAT
        graph = onnx_bytes.graph("g", nodes, [onnx_bytes.value_info("x", FLOAT, shape)],
                                 [onnx_bytes.value_info(value, element, shape)])
        path = self.path(name)
        pathlib.Path(path).write_bytes(onnx_bytes.model(graph))
        return path

    def run_on(self, plugin, *words, operations=("Add", "Relu"), **options):
        return self.run_json("run", self.write_model(operations), "--random", "1", "--backend", f"plugin:{plugin}",
                             *words, **options)

    def refused(self, plugin, name, *words, code=4, **options):
        refusal = self.run_on(plugin, *words, code=code, **options)["refusal"]
        self.assertEqual(refusal["name"], name, refusal)
        return refusal


class Runs(PluginTest):
    def test_a_plugin_gives_the_root_of_the_reference(self):
        expected = self.record("reference.isotrace")
        trace = self.record("plugin.isotrace", MODEL, f"plugin:{self.template}")
        self.assertEqual(self.run_json("compare", expected, trace)["verdict"], "identical")
        provenance = self.run_json("inspect", trace)["provenance"]
        self.assertEqual(provenance["backend"], "plugin:template")
        digest = subprocess.run(["sha256sum", self.template], capture_output=True, text=True).stdout.split()[0]
        self.assertEqual(provenance["device"],
                         f"this processor, one thread, plain loops; template 1.0, sha256 {digest}")
        self.assertEqual(self.run_json("replay", expected, "--backend", f"plugin:{self.template}")["verdict"],
                         "accepted")
        self.assertEqual(self.run_json("compare", expected, "--against", f"plugin:{self.template}")["verdict"],
                         "identical")

    def test_a_wrong_bit_is_found_and_named(self):
        model = self.write_model(("Add", "Relu"))
        trace = self.path("a.isotrace")
        self.run_program("run", model, "--random", "1", "--trace", trace)
        answer = self.run_json("compare", trace, "--against", f"plugin:{self.faulty('WRONG_BIT')}", code=1)
        self.assertEqual(answer["divergence"]["step"], 1)
        self.assertEqual(answer["divergence"]["operation"], "Relu")

    def test_odd_paths(self):
        for name in ("a b.so", "colon:.so", "$ORIGIN.so", "${LIB}x", "line\nbreak.so", "ünï.so", "-dash.so", "%s.so"):
            path = self.path(name)
            shutil.copy(self.template, path)
            for word in (path, name):  # as it is, and relative to the working folder
                self.run_program("run", MODEL, "--input", INPUT, "--backend", f"plugin:{word}")

    def test_plugins_cannot_stand_in_for_the_loader_s_search(self):
        self.assertEqual(self.run_json("run", MODEL, "--input", INPUT, "--backend", "plugin:libm.so.6",
                                       code=4)["refusal"]["name"], "file_not_found")

    def test_check_invariance_of_a_plugin(self):
        model = self.write_model(("Add", "Relu"), shape=("rows", 3))
        answer = self.run_json("check-invariance", model, "--backend", f"plugin:{self.template}")
        self.assertEqual([(c["check"], c["verdict"]) for c in answer["checks"]], [("batch", "held"), ("backend", "held")])
        broken = self.run_json("check-invariance", self.write_model(("Add", "Relu")), "--only", "backend", "--backend",
                               f"plugin:{self.faulty('WRONG_BIT')}", code=1)
        self.assertEqual(broken["checks"][0]["cases"][0]["first"]["operation"], "Relu")

    def test_conform_onnx_on_a_plugin(self):
        data = self.folder / "suite/test_data_set_0"
        data.mkdir(parents=True)
        shutil.copy(MODEL, data.parent / "model.onnx")
        shutil.copy(pathlib.Path(MODEL).parent / "state.pb", data / "input_0.pb")
        self.run_program("run", MODEL, "--input", INPUT, "--out", data / "output_0.pb")
        answer = self.run_json("conform", "onnx", data.parent, "--backend", f"plugin:{self.template}")
        self.assertEqual((answer["passed"], answer["failed"]), (1, 0))

    def test_a_name_in_a_trace_loads_nothing(self):
        """The plugin of a trace that parts from another is not looked for at a path in the file."""
        model = self.write_model(("Add", "Relu"))
        paths = [self.path("a.isotrace"), self.path("b.isotrace")]
        self.run_program("run", model, "--random", "1", "--trace", paths[0])
        os.makedirs(self.path("plugin"))
        self.run_program("run", model, "--random", "1", "--trace", paths[1], "--backend",
                         f"plugin:{self.faulty('WRONG_BIT')}")
        shutil.copy(self.faulty("CONSTRUCTOR"), self.path("faulty"))  # provenance says plugin:faulty
        self.assertEqual(self.run_json("compare", *paths, code=1)["divergence"]["step"], 1)

    def test_usage(self):
        for words in (("--plugin-timeout", "3"), ("--plugin-memory", "1"), ("--plugin-access", "device"),
                      ("--allow-fallback",), ("--backend", "cpu", "--allow-fallback"), ("--backend", "plugin:"),
                      ("--backend", "plug")):
            self.run_program("run", MODEL, "--input", INPUT, *words, code=2)
        plugin = ("--backend", f"plugin:{self.template}")
        self.run_program("run", SOURCE / "fixtures/wasm/collatz.wasm", "--invoke", "collatz", "7", *plugin, code=2)
        self.run_program("conform", "wasm", ".", *plugin, code=2)
        self.run_program("conform", "backend", self.template, *plugin, code=2)
        self.run_program("conform", "backend", "cpu", "--plugin-timeout", "3", code=2)
        self.run_program("conform", "onnx", ".", "--markdown", code=2)
        self.run_program("check-invariance", MODEL, "--only", "backend", code=2)
        self.run_program("check-invariance", MODEL, "--only", "threads", *plugin, code=2)
        self.run_program("backends", "--out", "receipt.json", code=2)
        for word in ("0", "x"):
            self.assertEqual(self.run_program("run", MODEL, "--input", INPUT, *plugin, "--plugin-timeout", word,
                                              code=3).stdout, b"")


class Faults(PluginTest):
    """Each costs one refusal that names the step, and the run's process nothing."""

    def lost(self, fault, name, *words, **options):
        refusal = self.refused(self.faulty(fault), name, *words, **options)
        self.assertTrue(refusal["where"].startswith("step 1 (Relu)"), refusal)
        return refusal["detail"]

    def test_ended_processes(self):
        self.assertIn("signal 11", self.lost("CRASH", "plugin_ended"))
        self.assertIn("signal 6", self.lost("ABORT", "plugin_ended"))
        self.assertIn("exit code 0", self.lost("EXIT", "plugin_ended"))
        self.assertIn("signal 11", self.lost("WRITE_FAR", "plugin_ended"))
        self.assertIn("signal 11", self.lost("WRITE_OPERAND", "plugin_ended"))

    def test_forbidden_calls(self):
        for fault in ("FORK", "KILL_PARENT", "WRITE_FILE"):
            self.assertIn("signal 31", self.lost(fault, "plugin_ended"))
        self.assertFalse(self.mark.exists())

    def test_device_access_reaches_no_other_process(self):
        # The calls fail there, so that a driver may try them; the plugin then goes on.
        for fault in ("KILL_PARENT", "NONE"):
            answer = self.run_on(self.faulty(fault), "--plugin-access", "device")
            self.assertEqual(answer["steps"], 2)
        self.lost("FORK", "plugin_timeout", "--plugin-access", "device", "--plugin-timeout", "1")

    def test_hanging(self):
        start = time.monotonic()
        self.assertIn("1 seconds", self.lost("HANG", "plugin_timeout", "--plugin-timeout", "1"))
        self.refused(self.faulty("OPEN_HANGS"), "plugin_timeout", "--plugin-timeout", "1")
        self.assertLess(time.monotonic() - start, 60)

    def test_answers_that_do_not_end(self):
        start = time.monotonic()
        for fault in ("HALF_ANSWER", "TRICKLE"):
            self.lost(fault, "plugin_timeout", "--plugin-timeout", "1")
        self.lost("CLOSE_CHANNEL", "plugin_ended")
        self.assertLess(time.monotonic() - start, 60)

    def test_what_is_never_answered_is_asked_once(self):
        refusal = self.refused(self.faulty("SUPPORTS_HANGS"), "plugin_timeout", "--plugin-timeout", "1",
                               operations=("Relu",) * 30)
        self.assertTrue(refusal["where"].startswith("step 0 (Relu)"), refusal)
        self.assertNotIn("step 1", str(refusal))

    def test_memory(self):
        self.lost("EAT_MEMORY", "plugin_ended", "--plugin-memory", "1")

    def test_broken_contracts(self):
        self.assertIn("outside of result 0", self.lost("WRITE_BEHIND", "backend_contract_broken"))
        self.assertIn("outside of result 0", self.lost("WRITE_BEFORE", "backend_contract_broken"))
        self.assertIn("[1], not [2,3]", self.lost("WRONG_SHAPE", "backend_contract_broken"))
        self.assertIn("i32, not f32", self.lost("WRONG_DTYPE", "backend_contract_broken"))
        self.assertIn("no result 0", self.lost("NO_RESULT", "backend_contract_broken"))
        self.assertIn("no result 0", self.lost("HUGE_RESULT", "backend_contract_broken"))
        self.assertIn("status 77", self.lost("BAD_STATUS", "backend_contract_broken"))
        self.assertIn("twice", self.lost("TWICE", "backend_contract_broken"))

    def test_lies_to_this_side(self):
        self.lost("FORGE", "backend_contract_broken")
        self.assertIn("outside of the shared memory", self.lost("FORGE_FAR", "backend_contract_broken"))
        self.assertIn("4294967296 bytes", self.lost("SPARSE", "backend_contract_broken"))
        self.assertIn("signal 7", self.lost("SHRINK", "plugin_ended"))
        refusal = self.refused(self.faulty("WRONG_RESULT_BYTES"), "backend_contract_broken",
                               operations=("Add", "Equal"))
        self.assertTrue(refusal["where"].startswith("step 1 (Equal)"), refusal)

    def test_failures_that_the_plugin_admits(self):
        self.assertEqual(self.lost("FAIL", "plugin_failed"), "device lost?[2J?at 3")
        self.assertEqual(self.refused(self.faulty("NO_DEVICE"), "device_absent")["detail"], "no card in the slot")

    def test_what_a_plugin_prints_is_not_an_answer(self):
        done = self.run_program("run", self.write_model(("Relu",)), "--random", "1", "--json", "--backend",
                                f"plugin:{self.faulty('CHATTER')}")
        self.assertEqual(json.loads(done.stdout)["steps"], 1)
        self.assertIn(b"on standard output", done.stderr)

    def test_plugins_may_print_to_a_terminal(self):
        reading, writing = os.openpty()
        self.addCleanup(os.close, reading)
        done = subprocess.run([BUILD / "bin/isotrace", "run", self.write_model(("Relu",)), "--random", "1", "--backend",
                               f"plugin:{self.faulty('CHATTER')}"], stdout=subprocess.PIPE, stderr=writing, timeout=60)
        os.close(writing)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"on standard output", os.read(reading, 1000))

    def test_a_flood_of_output_is_cut_and_drives_no_terminal(self):
        done = self.run_program("run", self.write_model(("Add", "Relu", "Relu", "Relu")), "--random", "1", "--json",
                                "--backend", f"plugin:{self.faulty('FLOOD')}")
        self.assertEqual(json.loads(done.stdout)["steps"], 4)
        self.assertGreater(len(done.stderr), 10000)
        self.assertLess(len(done.stderr), 300000)
        self.assertEqual(set(done.stderr) - set(range(32, 127)), {10})
        self.assertEqual(done.stderr.count(b"left out"), 0 if len(done.stderr) < 250000 else 1)

    def test_output_without_end_costs_the_plugin_its_call(self):
        model = self.write_model(("Add", "Relu"))
        done = self.run_program("run", model, "--random", "1", "--json", "--plugin-timeout", "1", "--backend",
                                f"plugin:{self.faulty('FLOOD_FOREVER')}", code=4)
        refusal = json.loads(done.stdout)["refusal"]
        # Waiting for readers is forbidden to it, or in vain.
        self.assertIn(refusal["name"], ("plugin_timeout", "plugin_ended"))
        self.assertTrue(refusal["where"].startswith("step 1 (Relu)"), refusal)
        self.assertLess(len(done.stderr), 300000)

    def test_the_floating_point_environment_is_the_plugin_s_own(self):
        model = self.write_model(("Relu", "Add", "Relu", "Add"), shape=(64, 3))
        tiny = self.write_floats("tiny.npy", (64, 3), [(1e-39 if i % 2 else 1 / 3) * (i + 1) for i in range(192)])
        roots = {self.run_json("run", model, "--input", f"x={tiny}", "--backend", backend)["root"]
                 for backend in ("reference", f"plugin:{self.faulty('ENVIRONMENT')}")}
        self.assertEqual(len(roots), 1)

    def test_processes_that_stop_or_lose_everything(self):
        self.lost("STOP", "plugin_timeout", "--plugin-timeout", "1")
        self.lost("CLOSE_ALL", "plugin_ended")
        self.assertIn("signal 11", self.lost("DEEP", "plugin_ended"))

    def test_what_a_plugin_does_at_its_end_changes_no_run(self):
        root = self.run_json("run", self.write_model(("Add", "Relu")), "--random", "1")["root"]
        start = time.monotonic()
        for fault in ("CRASH_IN_CLOSE", "HANG_IN_CLOSE", "UNLOAD"):
            self.assertEqual(self.run_on(self.faulty(fault))["root"], root, fault)
        self.assertLess(time.monotonic() - start, 60)

    def test_plugins_that_never_get_ready(self):
        self.assertIn("exit code 0", self.refused(self.faulty("EXIT_IN_OPEN"), "plugin_ended")["detail"])
        self.refused(self.faulty("NO_DEVICE_TEXT"), "backend_contract_broken")
        self.assertIn("too long", self.refused(self.faulty("LONG_DEVICE_TEXT"), "backend_contract_broken")["detail"])
        self.assertIn("12345", self.refused(self.faulty("OPEN_STATUS"), "backend_contract_broken")["detail"])
        self.assertIn("signal 11", self.refused(self.faulty("CRASH_IN_SUPPORTS"), "plugin_ended")["detail"])

    def test_who_claims_everything_and_does_nothing_is_refused_or_stood_in_for(self):
        plugin = self.faulty("ALL_WRONG_STATUS")
        self.refused(plugin, "backend_operation_unsupported", code=3)
        answer = self.run_on(plugin, "--allow-fallback")
        self.assertEqual(answer["selection"]["fallback"], {"Add": 1, "Relu": 1})
        matrix = self.run_json("conform", "backend", plugin, "--only", "[AR]*/f32/*", code=3)["matrix"]
        self.assertEqual({c["verdict"] for c in matrix}, {"refused"})

    def test_plugins_may_have_threads(self):
        root = self.run_json("run", self.write_model(("Add", "Relu")), "--random", "1")["root"]
        for access in ("compute", "device"):
            self.assertEqual(self.run_on(self.faulty("THREADS"), "--plugin-access", access)["root"], root)

    def test_without_the_program_around_plugins_there_are_none(self):
        alone = shutil.copy(BUILD / "bin/isotrace", self.path("isotrace"))
        done = subprocess.run([alone, "run", MODEL, "--input", INPUT, "--json", "--backend", f"plugin:{self.template}"],
                              capture_output=True, timeout=60)
        self.assertEqual((done.returncode, json.loads(done.stdout)["refusal"]["name"]), (4, "sandbox_failed"))

    def test_libraries_that_are_no_plugins(self):
        self.refused(self.faulty("FUTURE_VERSION"), "plugin_version_unsupported", code=3)
        self.refused(self.faulty("NULL_TABLE"), "plugin_version_unsupported", code=3)
        self.refused(self.faulty("SMALL_TABLE"), "backend_contract_broken")
        self.refused(self.faulty("BAD_NAME"), "backend_contract_broken")
        self.assertIn("signal 11", self.refused(self.faulty("CONSTRUCTOR"), "plugin_ended")["detail"])
        self.assertIn("isotrace_backend_entry",
                      self.refused(self.faulty("no_entry", "-DNO_ENTRY"), "plugin_malformed", code=3)["detail"])
        unresolved = self.plugins / "unresolved.c"
        unresolved.write_text("int nowhere(void); int isotrace_backend_entry(int v) { return v + nowhere(); }")
        plugin = make_plugin(self.plugins / "unresolved.so", unresolved)
        self.assertIn("nowhere", self.refused(plugin, "plugin_unloadable")["detail"])

    def test_files_that_are_no_libraries(self):
        path = self.path("file.so")
        good = pathlib.Path(self.template).read_bytes()
        arm = bytearray(good)
        struct.pack_into("<H", arm, 18, 183)  # e_machine: AArch64
        for data in (b"", b"\x7fELF", b"no plugin", bytes(arm), good[:40], b"\x7fELF\1" + good[5:]):
            pathlib.Path(path).write_bytes(data)
            self.refused(path, "plugin_malformed", code=3)
        pathlib.Path(path).write_bytes(good[:len(good) // 2])
        self.refused(path, "plugin_ended")  # the loader itself falls over its end
        self.refused(self.path("absent.so"), "file_not_found")
        os.symlink("nowhere.so", self.path("dangling.so"))
        self.refused(self.path("dangling.so"), "file_not_found")
        os.symlink("loop.so", self.path("loop.so"))
        self.assertTrue(self.run_on(self.path("loop.so"), code=4)["refusal"]["name"].startswith("file_"))
        os.symlink(self.template, self.path("link.so"))
        self.run_program("run", MODEL, "--input", INPUT, "--backend", f"plugin:{self.path('link.so')}")
        with open(self.path("huge.so"), "wb") as huge:
            huge.write(good)
            huge.truncate(1 << 40)
        self.refused(self.path("huge.so"), "file_too_large", code=3)
        self.refused(str(self.folder), "file_not_regular", code=3)
        os.mkfifo(self.path("pipe"))
        self.refused(self.path("pipe"), "file_not_regular", code=3)

    def test_no_process_is_left(self):
        self.lost("HANG", "plugin_timeout", "--plugin-timeout", "1")
        self.lost("CRASH", "plugin_ended")
        commands = subprocess.run(["ps", "-e", "-o", "args="], capture_output=True, text=True).stdout
        self.assertNotIn(str(self.plugins), commands)


class Fallback(PluginTest):
    operations = ("Add", "Erf", "Relu", "Erf")

    def test_without_it_unsupported_steps_are_refused_before_anything_runs(self):
        refusal = self.refused(self.template, "backend_operation_unsupported", code=3, operations=self.operations)
        self.assertIn("step 1 (Erf)", refusal["where"])
        self.assertIn("step 3 (Erf)", refusal["detail"])

    def test_it_is_recorded_and_shown(self):
        model = self.write_model(self.operations)
        reference, trace = self.path("r.isotrace"), self.path("p.isotrace")
        root = self.run_json("run", model, "--random", "1", "--trace", reference)["root"]
        plugin = ("--backend", f"plugin:{self.template}", "--allow-fallback")
        answer = self.run_json("run", model, "--random", "1", *plugin, "--trace", trace)
        self.assertEqual(answer["root"], root)
        self.assertEqual(answer["selection"], {"backend": "plugin:template, else reference", "direct": 2,
                                               "fallback": {"Erf": 2}, "fallbackSteps": [1, 3]})
        provenance = self.run_json("inspect", trace)["provenance"]
        self.assertEqual(provenance["backend"], "plugin:template, else reference")
        self.assertTrue(provenance["device"].endswith("; reference for: Erf"), provenance)
        self.assertEqual(provenance["fallbackSteps"], [1, 3])
        self.assertEqual([self.run_json("inspect", trace, "--step", step)["selection"] for step in range(4)],
                         ["direct", "fallback", "direct", "fallback"])
        self.assertNotIn("fallbackSteps", self.run_json("inspect", reference)["provenance"])
        text = self.run_program("run", model, "--random", "1", *plugin).stdout.decode()
        self.assertIn("backend plugin:template, else reference: 2 direct, 2 fallen back: Erf 2\n", text)
        text = self.run_program("replay", trace, *plugin).stdout.decode()
        self.assertIn("2 fallen back: Erf 2\n", text)
        text = self.run_program("compare", reference, "--against", f"plugin:{self.template}",
                                "--allow-fallback").stdout.decode()
        self.assertIn("2 fallen back: Erf 2\n", text)

    def test_refusals_of_single_calls_fall_back_and_failures_do_not(self):
        answer = self.run_on(self.faulty("LATE_REFUSAL"), "--allow-fallback")
        self.assertEqual(answer["selection"]["fallback"], {"Relu": 1})
        self.assertEqual(answer["root"], self.run_json("run", self.path("model.onnx"), "--random", "1")["root"])
        self.refused(self.faulty("CRASH"), "plugin_ended", "--allow-fallback")
        self.refused(self.faulty("LATE_REFUSAL"), "backend_operation_unsupported", code=3)


class Comparisons(PluginTest):
    """A network with residual blocks, most of which the plugin leaves to the reference, and one wrong bit in its
    middle."""

    def write_network(self):
        nodes, weights, value = [], [], "x"
        for block in range(3):
            before, kernel = value, f"w{block}"
            weights.append(onnx_bytes.tensor(kernel, FLOAT, [4, 4, 1, 1],
                                             struct.pack("<16f", *(((7 * block + 5 * i) % 11 - 4) / 8 for i in range(16)))))
            nodes += [onnx_bytes.node("Conv", [value, kernel], [f"c{block}"]),
                      onnx_bytes.node("Relu", [f"c{block}"], [f"r{block}"]),
                      onnx_bytes.node("Conv", [f"r{block}", kernel], [f"d{block}"]),
                      onnx_bytes.node("Add", [f"d{block}", before], [f"s{block}"]),
                      onnx_bytes.node("Relu", [f"s{block}"], [f"y{block}"])]
            value = f"y{block}"
        nodes.append(onnx_bytes.node("GlobalAveragePool", [value], ["y"]))
        graph = onnx_bytes.graph("g", nodes, [onnx_bytes.value_info("x", FLOAT, (1, 4, 5, 5))],
                                 [onnx_bytes.value_info("y", FLOAT, (1, 4, 1, 1))], weights)
        path = self.path("network.onnx")
        pathlib.Path(path).write_bytes(onnx_bytes.model(graph))
        return path

    def test_one_element_of_one_step_is_found(self):
        reference = self.path("reference.isotrace")
        self.run_program("run", self.write_network(), "--random", "1", "--trace", reference)
        plugin = ("--against", f"plugin:{self.faulty('WRONG_MIDDLE')}", "--allow-fallback")
        answer = self.run_json("compare", reference, *plugin, code=1)
        found = answer["divergence"]
        self.assertEqual((found["step"], found["operation"]), (6, "Relu"))  # the third
        self.assertEqual(answer["selection"]["direct"], 9)
        self.assertEqual(answer["selection"]["fallback"], {"Conv": 6, "GlobalAveragePool": 1})
        text = self.run_program("compare", reference, *plugin, code=1).stdout.decode()
        self.assertIn("50", text)  # of 100 elements
        self.assertIn("1 ulp", text)
        self.assertIn("7 fallen back", text)

    def test_recorded_runs_of_it_part_in_the_same_place(self):
        model, traces = self.write_network(), [self.path("a.isotrace"), self.path("b.isotrace")]
        self.run_program("run", model, "--random", "1", "--trace", traces[0])
        plugin = ("--backend", f"plugin:{self.faulty('WRONG_MIDDLE')}", "--allow-fallback")
        answer = self.run_json("run", model, "--random", "1", *plugin, "--trace", traces[1])
        self.assertEqual(answer["selection"]["fallbackSteps"], [0, 2, 5, 7, 10, 12, 15])
        found = self.run_json("compare", *traces, code=1)["divergence"]
        self.assertEqual((found["step"], found["operation"]), (6, "Relu"))
        self.assertEqual(self.run_json("inspect", traces[1], "--step", 6)["selection"], "direct")
        self.refused_without_fallback(model)

    def refused_without_fallback(self, model):
        refusal = self.run_json("run", model, "--random", "1", "--backend", f"plugin:{self.template}",
                                code=3)["refusal"]
        self.assertIn("step 0 (Conv)", refusal["where"])


class ConformBackend(PluginTest):
    def cells(self, answer):
        return {(c["operation"], c["dtype"], c["layout"]): c for c in answer["matrix"]}

    def test_everything_that_the_interface_carries_arrives(self):
        answer = self.run_json("conform", "backend", REFERENCE)
        self.assertEqual({c["verdict"] for c in answer["matrix"]}, {"exact"})
        self.assertEqual(answer["ladder"], {"loaded": True, "described": True, "executed": True, "verified": True})
        self.assertEqual(answer["calls"], self.run_json("conform", "backend", "reference")["calls"])

    def test_the_template(self):
        answer = self.run_json("conform", "backend", self.template)
        cells = self.cells(answer)
        self.assertEqual(cells["Add", "f32", "dense"]["verdict"], "exact")
        self.assertEqual(cells["Add", "f32", "scalar"]["verdict"], "exact")
        self.assertEqual((cells["Add", "f32", "broadcast"]["verdict"], cells["Add", "f32", "broadcast"]["code"]),
                         ("refused", 1303))
        self.assertEqual((cells["Add", "f64", "dense"]["verdict"], cells["Add", "f64", "dense"]["code"]),
                         ("refused", 1304))
        self.assertEqual(cells["Gemm", "f32", "dense"]["verdict"], "exact")
        self.assertEqual(cells["Relu", "f32", "empty"]["verdict"], "exact")
        self.assertEqual((answer["calls"]["wrong"], answer["calls"]["lost"]), (0, 0))

    def test_one_wrong_operation(self):
        report, receipt = self.path("report.xml"), self.path("receipt.json")
        answer = self.run_json("conform", "backend", self.faulty("WRONG_BIT"), "--junit", report, "--out", receipt,
                               code=1)
        wrong = [key for key, c in self.cells(answer).items() if c["verdict"] == "wrong"]
        self.assertEqual(wrong, [("Relu", "f32", "dense"), ("Relu", "f32", "scalar")])
        self.assertRegex(self.cells(answer)["Relu", "f32", "dense"]["first"],
                         r"^seed 0 sample 0: result 0: element 164: 0x[0-9a-f]{8} instead of 0x[0-9a-f]{8}$")
        self.assertFalse(answer["ladder"]["verified"])
        self.assertEqual(pathlib.Path(report).read_text().count("<failure"), 2)
        parts = json.loads(pathlib.Path(receipt).read_text())["backends"]
        self.assertEqual([(p["backend"], p["verified"]) for p in parts], [("plugin:faulty", False)])
        text = self.run_program("conform", "backend", self.faulty("WRONG_BIT"), "--failures", code=1).stdout.decode()
        self.assertIn("not verified", text)
        self.assertIn("Relu f32: dense wrong scalar wrong", text)

    def test_markdown_and_choosing(self):
        text = self.run_program("conform", "backend", self.template, "--only", "[AR]*d*/f32/*", "--markdown")
        lines = text.stdout.decode().splitlines()
        self.assertEqual(lines[0], "| operation | dtype | dense | broadcast | scalar | empty |")
        self.assertIn("| Add | f32 | exact | refused(1303) | exact | refused(1303) |", lines)
        self.assertEqual(self.run_json("conform", "backend", self.template, "--only", "zzz", code=4)["refusal"]["name"],
                         "file_not_found")
        self.run_program("conform", "backend", self.template, "--only", "Erf/*", code=3)  # nothing was exact

    def test_every_kind_of_wrong_result_is_named(self):
        for fault, verdict, words in (("NAN_PAYLOAD", "wrong", "0x7fc00001 instead of"),
                                      ("WRONG_SHAPE", "wrong", "shape"), ("WRONG_DTYPE", "wrong", "i32")):
            cells = self.cells(self.run_json("conform", "backend", self.faulty(fault), "--only", "[AR]*/f32/*", code=1))
            cell = cells["Relu", "f32", "dense"]
            self.assertEqual(cell["verdict"], verdict, cell)
            self.assertIn(words, cell["first"])
            self.assertEqual(cells["Add", "f32", "dense"]["verdict"], "exact")

    def test_lost_calls_do_not_stop_the_ladder(self):
        for fault, code in (("CRASH", 1354), ("WRITE_BEHIND", 1353), ("FAIL", 1356), ("STOP", 1355),
                            ("CLOSE_ALL", 1354), ("FORGE", 1353), ("EXIT", 1354)):
            answer = self.run_json("conform", "backend", self.faulty(fault), "--only", "[AR]*/f32/*",
                                   "--plugin-timeout", "1", code=1)
            cells = self.cells(answer)
            self.assertEqual((cells["Relu", "f32", "dense"]["verdict"], cells["Relu", "f32", "dense"]["code"]),
                             ("lost", code))
            self.assertEqual(cells["Add", "f32", "dense"]["verdict"], "exact")

    def test_receipts_of_two_machines_can_be_compared(self):
        paths = [self.path("a.json"), self.path("b.json")]
        self.run_program("backends", "--selftest", "--backend", f"plugin:{REFERENCE}", "--out", paths[0])
        answer = self.run_json("backends", "--selftest", "--backend", "cpu", "--backend", "reference", "--out", paths[1])
        self.assertEqual({b["name"]: b["ladder"]["verified"] for b in answer["backends"]},
                         {"cpu": True, "reference": True})
        first, second = (json.loads(pathlib.Path(path).read_text()) for path in paths)
        self.assertEqual(first["kind"], "isotrace.backend-receipt")
        digests = [[(c["operation"], c["dtype"], c["layout"], c["digest"]) for c in part["cells"]]
                   for part in first["backends"] + second["backends"]]
        self.assertEqual(len(digests), 3)
        self.assertEqual(digests[0], digests[1])
        self.assertEqual(digests[0], digests[2])
        self.assertGreater(len(digests[0]), 1000)

    def test_matrix_of_a_plugin(self):
        answer = self.run_json("backends", "--matrix", "--backend", f"plugin:{self.template}")
        self.assertEqual([(r["operation"], r["dtype"], r["support"]) for r in answer["backends"][0]["matrix"]],
                         [(operation, "f32", "plugin") for operation in ("Add", "Relu", "MatMul", "Gemm")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
