"""run, replay, compare, inspect of WebAssembly modules as users run them."""
import json
import pathlib
import signal
import subprocess
import time
import unittest

from command_line import BUILD, CommandLineTest, SOURCE

MODULE = str(SOURCE / "fixtures/wasm/collatz.wasm")
MODEL = str(SOURCE / "fixtures/controller/controller.onnx")


class ModuleTest(CommandLineTest):
    def trace(self, name, *words, code=0):
        path = self.path(name)
        self.run_program("run", MODULE, "--trace", path, *words, code=code)
        return path


class Run(ModuleTest):
    def test_results_are_typed_and_engines_give_the_same_root(self):
        answer = self.run_json("run", MODULE, "--invoke", "collatz", "27")
        self.assertEqual(list(answer), ["root", "steps", "results", "trap"])
        self.assertEqual(answer["results"], [112])
        reference = self.run_json("run", MODULE, "--invoke", "collatz", "27", "--backend", "reference")
        self.assertEqual(answer, reference)
        text = self.run_program("run", MODULE, "--invoke", "collatz", "27").stdout.decode()
        self.assertIn("result i32 112 0x00000070\n", text)
        self.assertIn(answer["root"], text)

    def test_arguments_are_read_by_type(self):
        half = self.run_json("run", MODULE, "--invoke", "half", "0x1.8p+1", "0.5")
        self.assertEqual(half["results"], [1.5])
        nan = self.run_json("run", MODULE, "--invoke", "half", "nan", "-1")
        self.assertEqual(nan["results"], ["nan:0x8000000000000"])
        self.assertEqual(self.run_json("run", MODULE, "--invoke", "divide", "-7", "2")["results"], [-3])
        for words, name in ((("collatz", "x"), "text_not_number"), (("divide", "1"), "wasm_arguments_mismatch"),
                            (("divide", "4294967296", "1"), "value_out_of_range"), (("walk",), "wasm_export_unknown")):
            answer = self.run_json("run", MODULE, "--invoke", *words, code=3)
            self.assertEqual(answer["refusal"]["name"], name)

    def test_the_function_called_unless_named_is_start(self):
        self.assertEqual(self.run_json("run", MODULE, code=3)["refusal"]["where"], "_start")

    def test_the_beginning_of_a_module_is_a_broken_module_and_no_model(self):
        whole = pathlib.Path(MODULE).read_bytes()
        stub = pathlib.Path(self.path("stub"))
        for size in (2, 3, 4, 7):
            stub.write_bytes(whole[:size])
            for command in ("run", "inspect"):
                refusal = self.run_json(command, str(stub), code=3)["refusal"]
                self.assertEqual(refusal["name"], "wasm_malformed")
                self.assertTrue(refusal["where"].endswith(f"byte {size}"), refusal)
        named = pathlib.Path(self.path("named.wasm"))
        for contents in (b"", b"\x08\x07"):
            named.write_bytes(contents)
            refusal = self.run_json("run", str(named), code=3)["refusal"]
            self.assertEqual((refusal["name"], refusal["where"]), ("wasm_malformed", "byte 0"))

    def test_the_digest_of_effects_is_that_of_every_engine_and_of_the_recording(self):
        trace = self.path("t.isotrace")
        words = ("run", MODULE, "--invoke", "collatz", "27", "--effects-digest")
        answer = self.run_json(*words, "--trace", trace)
        self.assertEqual(list(answer["effectsDigest"]), ["bytes", "digest"])
        self.assertEqual(self.run_json(*words, "--backend", "reference"), answer)
        for backend in ("cpu", "reference"):
            again = self.run_json("replay", trace, "--effects-digest", "--backend", backend)
            self.assertEqual(again["effectsDigest"], answer["effectsDigest"])
        self.assertEqual(again["root"], self.run_json(*words[:-1])["root"])
        other = self.run_json("run", MODULE, "--invoke", "collatz", "26", "--effects-digest")
        self.assertNotEqual(other["effectsDigest"]["digest"], answer["effectsDigest"]["digest"])
        text = self.run_program(*words).stdout.decode()
        self.assertIn(f"effects digest {answer['effectsDigest']['digest']}, of ", text)

    def test_a_digest_of_effects_is_of_whole_runs_of_modules(self):
        trace = self.trace("t.isotrace", "--invoke", "collatz", "27")
        self.run_program("replay", trace, "--effects-digest", "--from", "3", code=2)
        self.run_program("run", MODULE, "--invoke", "collatz", "27", "--effects-digest", "--effects",
                         self.path("log"), code=2)
        self.run_program("run", str(SOURCE / "fixtures/controller/controller.onnx"), "--effects-digest", code=2)

    def test_a_trap_is_named_with_its_place_and_exits_1(self):
        answer = self.run_json("run", MODULE, "--invoke", "divide", "1", "0", code=1)
        self.assertEqual(answer["trap"]["reason"], "integer divide by zero")
        self.assertEqual(answer["trap"]["function"], "divide")
        self.assertEqual(answer["steps"], 3)
        trace = self.trace("t.isotrace", "--invoke", "divide", "1", "0", code=1)
        self.run_program("replay", trace)

    def test_a_segment_that_does_not_fit_traps_before_the_first_call(self):
        # One page; two bytes at its last one; run: () -> ().
        module = pathlib.Path(self.path("segment.wasm"))
        module.write_bytes(bytes.fromhex("0061736d01000000" "010401600000" "03020100" "05030100" "01"
                                         "070701" "0372756e0000" "0a040102000b" "0b0a01" "0041ffff030b020809"))
        answer = self.run_json("run", str(module), "--invoke", "run", "--trace", self.path("t.isotrace"), code=1)
        self.assertEqual(answer["trap"], {"reason": "out of bounds memory access", "function": None, "pc": None})
        self.assertEqual(answer["steps"], 0)
        text = self.run_program("run", str(module), "--invoke", "run", code=1).stdout.decode()
        self.assertIn("trap: out of bounds memory access before the first step\n", text)
        self.run_program("replay", self.path("t.isotrace"), "--effects-digest")
        shown = self.run_json("inspect", self.path("t.isotrace"), "--step", "0", "--memory", "0:4")
        self.assertEqual((shown["status"], shown["callStack"]), ("trapped", []))
        self.run_program("compare", self.path("t.isotrace"), self.path("t.isotrace"))
        self.run_program("compare", self.path("t.isotrace"), "--against", "reference")
        self.run_program("report", self.path("t.isotrace"), "--html", self.path("t.html"))
        for words, name in ((("witness", self.path("t.isotrace"), "--step", "0", "--out", self.path("w")),
                             "wasm_step_unknown"),
                            (("run", str(module), "--invoke", "run", "--edition", "1.0"), "wasm_unlinkable")):
            self.assertEqual(self.run_json(*words, code=3)["refusal"]["name"], name)

    def test_a_file_of_another_kind_is_named(self):
        trace = self.trace("t.isotrace", "--invoke", "divide", "6", "3")
        for words, kind in ((("run", trace), "a trace, for replay"), (("check", trace), "a trace, for replay"),
                            (("replay", MODULE), "a WebAssembly module, for run"),
                            (("check", MODULE), "a WebAssembly module, for run"),
                            (("report", MODULE), "a WebAssembly module, for run")):
            refused = self.run_program(*words, code=3)
            self.assertIn("the file is " + kind, refused.stderr.decode(), words)
        for words in (("replay", MODEL), ("compare", MODEL, "--against", "cpu"), ("report", MODEL), ("check", MODEL)):
            refused = self.run_program(*words, code=3)
            self.assertIn("the file is an ONNX model, for run", refused.stderr.decode(), words)
        damaged = self.path("damaged.onnx")
        pathlib.Path(damaged).write_bytes(pathlib.Path(MODEL).read_bytes()[:-1])
        self.assertNotIn(b"the file is", self.run_program("run", damaged, code=3).stderr)
        whole = pathlib.Path(trace).read_bytes()
        pathlib.Path(trace).write_bytes(whole[:-1])
        self.assertNotIn(b"the file is", self.run_program("replay", trace, code=3).stderr)

    def test_models_in_other_formats_are_named(self):
        for head, kind in ((b"\x10\0\0\0ORTM", "a model in ONNX Runtime's own format"),
                           (b"\x1c\0\0\0TFL3", "a TensorFlow Lite model"),
                           (b"PK\x03\x04" + bytes(26) + b"net/data.pkl", "a PyTorch archive"),
                           (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
                           (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
                            "a pointer of Git LFS")):
            model = self.path("model.onnx")
            pathlib.Path(model).write_bytes(head + bytes(64))
            refused = self.run_program("run", model, code=3)
            self.assertIn("the file is " + kind, refused.stderr.decode(), head)

    def test_an_endless_loop_ends_at_max_steps_without_a_verdict(self):
        answer = self.run_json("run", MODULE, "--invoke", "spin", "--max-steps", "100000", code=5)
        self.assertEqual((answer["verdict"], answer["root"], answer["steps"]), ("undecided", None, 100000))

    def test_effects_of_every_step_are_written_and_change_no_root(self):
        log = self.path("log")
        words = ("run", MODULE, "--invoke", "divide", "6", "3")
        answer = self.run_json(*words, "--effects", log)
        self.assertEqual(answer["root"], self.run_json(*words)["root"])
        data = pathlib.Path(log).read_bytes()
        self.assertEqual((answer["effects"]["steps"], answer["effects"]["bytes"]), (3, len(data)))
        steps = data[8 + 24 + 32 + 8:]
        self.assertEqual(len(steps), 3 * (12 + 8))
        self.assertEqual([steps[i * 20 + 4] for i in range(3)], [0x20, 0x20, 0x6D])  # get, get, div_s
        self.assertEqual([steps[i * 20 + 12] for i in range(3)], [6, 3, 2])
        self.run_program("run", MODULE, "--invoke", "collatz", "27", "--effects", log)
        self.assertIn(bytes([27, 0, 0, 0, 0, 0, 0, 0]), pathlib.Path(log).read_bytes())

    def test_replay_writes_the_effects_of_any_steps_of_a_recorded_run(self):
        words = ("--invoke", "collatz", "27")
        made = self.run_json("run", MODULE, *words, "--effects", self.path("all"))["effects"]
        trace = self.trace("t.isotrace", *words)
        again = self.run_json("replay", trace, "--effects", self.path("again"))
        self.assertEqual((again["verdict"], again["effects"]), ("accepted", made))
        head = 8 + 24 + 32
        whole = pathlib.Path(self.path("all")).read_bytes()
        self.assertEqual(whole, pathlib.Path(self.path("again")).read_bytes())
        steps = []
        for step in ("0", "100", "101"):
            self.run_program("replay", trace, "--from", step, "--to", step, "--effects", self.path("one"))
            data = pathlib.Path(self.path("one")).read_bytes()
            self.assertEqual(int.from_bytes(data[head:head + 8], "little"), int(step))
            steps.append(data[head + 8:])
        self.assertTrue(whole[head + 8:].startswith(steps[0]))
        self.assertIn(steps[1] + steps[2], whole)
        seen = self.run_json("inspect", self.path("one"))
        self.assertEqual((seen["firstStep"], seen["steps"]), (101, 1))
        old = b"\x18" + b"\0" * 7 + b"isotrace.wasm.effects.v1" + data[32:head] + data[head + 8:]
        pathlib.Path(self.path("old")).write_bytes(old)
        seen = self.run_json("inspect", self.path("old"))
        self.assertEqual((seen["firstStep"], seen["steps"]), (0, 1))
        refusal = self.run_json("replay", trace, "--from", "100000", "--effects", self.path("none"), code=3)
        self.assertEqual(refusal["refusal"]["name"], "trace_step_unknown")
        self.assert_only("t.isotrace", "all", "again", "one", "old")

    def test_reads_the_module_from_standard_input(self):
        data = pathlib.Path(MODULE).read_bytes()
        answer = self.run_json("run", "-", "--invoke", "collatz", "27", stdin=data)
        self.assertEqual(answer["results"], [112])

    def test_a_damaged_module_is_refused_with_the_byte(self):
        half = self.changed_copy(MODULE, "half.wasm", lambda data: data[: len(data) // 2])
        refusal = self.run_json("run", half, "--invoke", "collatz", "27", code=3)["refusal"]
        self.assertEqual(refusal["name"], "wasm_malformed")
        self.assertIn("byte", refusal["where"])

    def test_options_of_the_other_kind_are_usage_errors_that_name_them(self):
        model = SOURCE / "fixtures/controller/controller.onnx"
        of_models = (("--input", "x=x.npy"), ("--random", "1"), ("--weights", "w.npz"), ("--keep", "none"),
                     ("--output", "out"), ("--out", "o.npz"), ("--print",), ("--print-all",))
        of_modules = (("--invoke", "f"), ("--edition", "2.0"), ("--arg", "a"), ("--env", "A=1"), ("--dir", "/=/"),
                      ("--virtual",), ("--seed", "1"), ("--effects", "log"), ("--max-steps", "1"))
        for program, options in ((MODULE, of_models), (model, of_modules)):
            for option in options:
                done = self.run_program("run", program, *option, code=2)
                self.assertIn(f"run: {option[0]} does not apply to ", done.stderr.decode())
        trace = self.trace("t.isotrace", "--invoke", "collatz", "27")
        for option in (*of_models, ("--no-embed",), *of_modules[:4], *of_modules[5:8]):
            done = self.run_program("run", trace + ".incomplete", "--resume", *option, code=2)
            self.assertIn(option[0], done.stderr.decode())
        self.assert_only("t.isotrace")

    def test_traces_take_only_options_of_their_kind(self):
        trace = self.trace("t.isotrace", "--invoke", "collatz", "27")
        model = self.record("m.isotrace")
        for words in (("replay", model, "--effects", "log"), ("replay", trace, "--input", "x=x.npy"), ("replay", trace, "--weights", "w.npz"),
                      ("compare", trace, trace, "--jobs", "2"), ("compare", trace, trace, "--extract", "e"),
                      ("compare", trace, "--against", "cpu", "--backend", "cpu"),
                      ("compare", trace, "--against", "cpu", "--junit", "r.xml"),
                      ("compare", trace, "--against", "ort"), ("inspect", trace, "--backend", "cpu"),
                      ("inspect", model, "--step", "0", "--memory", "0"), ("inspect", model, "--last-write", "0"),
                      ("inspect", model, "--program", "p"), ("inspect", str(SOURCE / "fixtures/controller/controller.onnx"), "--step", "0")):
            self.run_program(*words, code=2)

    def test_operands_belong_to_modules_alone(self):
        model = SOURCE / "fixtures/controller/controller.onnx"
        self.run_program("run", model, "27", code=2)


class Interrupted(ModuleTest):
    WORDS = ("--invoke", "longest", "30000")  # some 50 million steps

    def test_a_run_of_no_steps_has_an_empty_log_of_effects(self):
        module = pathlib.Path(self.path("nothing.wasm"))  # one function, of no opcodes
        module.write_bytes(b"\0asm\1\0\0\0" b"\x01\x04\x01\x60\0\0" b"\x03\x02\x01\0" b"\x07\x05\x01\x01f\0\0"
                           b"\x0a\x04\x01\x02\0\x0b")
        words = ("run", str(module), "--invoke", "f")
        made = self.run_json(*words, "--effects", self.path("all"))["effects"]
        self.run_program(*words, "--trace", self.path("n.isotrace"))
        again = self.run_json("replay", self.path("n.isotrace"), "--effects", self.path("again"))["effects"]
        self.assertEqual((made["steps"], again), (0, made))
        self.assertEqual(pathlib.Path(self.path("all")).read_bytes(), pathlib.Path(self.path("again")).read_bytes())
        refused = self.run_json("replay", self.path("n.isotrace"), "--from", "1", "--effects", self.path("x"), code=3)
        self.assertEqual(refused["refusal"]["name"], "trace_step_unknown")

    def test_a_halted_recording_becomes_the_same_file(self):
        whole = self.trace("whole.isotrace", "--invoke", "longest", "3000")
        path = self.path("half.isotrace")
        self.run_program("run", MODULE, "--invoke", "longest", "3000", "--trace", path, "--max-steps", "1000000",
                         code=5)
        self.assertTrue((self.folder / "half.isotrace.incomplete").exists())
        self.assertFalse(self.run_json("inspect", path + ".incomplete")["complete"])
        step = self.run_json("inspect", path + ".incomplete", "--step", "7")
        self.assertEqual((step["complete"], step["root"]), (False, None))
        self.assertIn("trace_incomplete", step["damage"])
        self.assertNotIn("complete", self.run_json("inspect", whole, "--step", "7"))
        self.run_program("run", path + ".incomplete", "--resume")
        self.assertEqual(pathlib.Path(path).read_bytes(), pathlib.Path(whole).read_bytes())
        self.assert_only("half.isotrace", "whole.isotrace")

    def test_a_killed_recording_becomes_the_same_file(self):
        whole = self.trace("whole.isotrace", *self.WORDS)
        path = self.path("killed.isotrace")
        process = subprocess.Popen([str(BUILD / "bin/isotrace"), "run", MODULE, *self.WORDS, "--trace", path],
                                   stdout=subprocess.DEVNULL)
        unfinished = self.folder / "killed.isotrace.incomplete"
        size = len(pathlib.Path(MODULE).read_bytes()) + 500  # the module and a checkpoint
        while process.poll() is None and not (unfinished.exists() and unfinished.stat().st_size > size):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertTrue(unfinished.exists(), "the run was over before it could be killed")
        self.run_program("run", str(unfinished), "--resume")
        self.assertEqual(pathlib.Path(path).read_bytes(), pathlib.Path(whole).read_bytes())

    def test_only_unfinished_recordings_can_be_resumed(self):
        whole = self.trace("whole.isotrace", "--invoke", "collatz", "27")
        self.run_program("run", whole, "--resume", code=2)
        answer = self.run_json("run", whole, "--resume", "--trace", self.path("x.isotrace"), code=3)
        self.assertEqual(answer["refusal"]["name"], "trace_malformed")


class Replay(ModuleTest):
    def test_accepts_on_both_engines_in_windows_and_without_the_module_inside(self):
        trace = self.trace("t.isotrace", "--invoke", "longest", "300")
        answer = self.run_json("replay", trace)
        self.assertEqual((answer["verdict"], answer["divergence"]), ("accepted", None))
        self.assertEqual(self.run_json("replay", trace, "--backend", "reference", "--jobs", "3"), answer)
        self.run_program("replay", trace, "--from", "10", "--to", "20")
        self.run_program("replay", trace, "--from", "99999999", code=3)
        bare = self.trace("bare.isotrace", "--invoke", "longest", "300", "--no-embed")
        self.assertEqual(self.run_json("replay", bare, code=3)["refusal"]["name"], "trace_without_program")
        self.assertEqual(self.run_json("replay", bare, "--program", MODULE)["root"], answer["root"])

    def test_every_changed_byte_is_refused(self):
        trace = self.trace("t.isotrace", "--invoke", "collatz", "27")
        size = pathlib.Path(trace).stat().st_size
        for place in range(0, size, size // 20):
            changed = self.changed_copy(trace, "changed.isotrace", lambda data, place=place:
                                        data[:place] + bytes([data[place] ^ 1]) + data[place + 1:])
            self.run_program("replay", changed, code=3)

    def test_the_trusted_base_reads_it(self):
        trace = self.trace("t.isotrace", "--invoke", "collatz", "27")
        answer = self.run_json("trace", trace, program="isotrace-verify")
        self.assertEqual((answer["verdict"], answer["semantics"]), ("accepted", "isowasm-1"))
        self.assertEqual(answer["steps"], self.run_json("inspect", trace)["steps"])


class Inspect(ModuleTest):
    def test_no_state_is_shown_where_the_end_contradicts_an_answer_of_the_host(self):
        program = str(SOURCE / "fixtures/wasm/programs/words.wasm")
        trace = pathlib.Path(self.path("w.isotrace"))
        self.run_program("run", program, "--arg", "UNUSUALARGUMENT", "--trace", trace, code=1)
        whole = trace.read_bytes()
        shown = ("inspect", str(trace), "--step", "400")
        self.run_program(*shown)
        place = whole.rindex(b"UNUSUALARGUMENT")
        trace.write_bytes(whole[:place] + b"A" + whole[place + 1:])
        for option in (), ("--last-write", "1024"):
            self.assertEqual(self.run_json(*shown, *option, code=3)["refusal"]["name"], "trace_digest_mismatch")
        trace.write_bytes(whole[:-8])  # a recording that was interrupted
        self.run_program(*shown)

    def test_shows_the_run(self):
        answer = self.run_json("inspect", self.trace("t.isotrace", "--invoke", "collatz", "27"))
        self.assertEqual((answer["invoke"], answer["checkpoints"], answer["hostCalls"]), ("collatz", 1, 0))
        self.assertEqual(answer["arguments"], ["0x000000000000001b"])

    def test_shows_the_machine_at_a_step(self):
        trace = self.trace("t.isotrace", "--invoke", "collatz", "27")
        at = self.run_json("inspect", trace, "--step", "6", "--memory", "0:8")
        self.assertEqual((at["function"], at["opcode"], at["status"]), ("collatz", "i64.store", "running"))
        self.assertEqual([value["value"] for value in at["operands"]], ["0", "27"])
        self.assertEqual([value["type"] for value in at["locals"]], ["i64", "i32"])
        self.assertEqual(at["memory"], {"address": 0, "bytes": "0" * 16})
        after = self.run_json("inspect", trace, "--step", "7", "--memory", "0x0:8")
        self.assertEqual(after["memory"]["bytes"], "1b" + "0" * 14)
        inside = self.run_json("inspect", trace, "--step", "20")
        self.assertEqual([frame["function"] for frame in inside["callStack"]], ["collatz", "next"])
        self.assertEqual(self.run_json("inspect", trace, "--step", "9999999", code=3)["refusal"]["name"],
                         "trace_step_unknown")
        self.run_program("inspect", trace, "--memory", "65536:1", code=3)

    def test_finds_the_last_write(self):
        trace = self.trace("t.isotrace", "--invoke", "collatz", "27")
        end = self.run_json("inspect", trace, "--last-write", "0")["lastWrite"]
        self.assertEqual((end["step"], end["opcode"]), (6, "i64.store"))
        self.assertEqual(end["writes"], [{"address": 0, "bytes": "1b" + "0" * 14}])
        self.assertIsNone(self.run_json("inspect", trace, "--last-write", "60000")["lastWrite"])
        self.assertIsNone(self.run_json("inspect", trace, "--step", "6", "--last-write", "0")["lastWrite"])


class Compare(ModuleTest):
    def test_identical(self):
        a = self.trace("a.isotrace", "--invoke", "collatz", "27")
        b = self.trace("b.isotrace", "--invoke", "collatz", "27", "--backend", "reference")
        self.assertEqual(self.run_json("compare", a, b)["verdict"], "identical")

    def test_against_an_engine_the_run_is_made_again_at_once(self):
        a = self.trace("a.isotrace", "--invoke", "collatz", "27")
        root = self.run_json("inspect", a)["root"]
        for engine in ("cpu", "reference"):
            answer = self.run_json("compare", a, "--against", engine)
            self.assertEqual((answer["verdict"], answer["root"]), ("identical", root))
        bare = self.trace("bare.isotrace", "--invoke", "collatz", "27", "--no-embed")
        refusal = self.run_json("compare", bare, "--against", "cpu", code=3)["refusal"]
        self.assertEqual(refusal["name"], "trace_without_program")
        self.run_program("compare", bare, "--against", "cpu", "--program", MODULE)

    def test_other_arguments_are_named_with_the_first_step_that_differs(self):
        a = self.trace("a.isotrace", "--invoke", "collatz", "27")
        b = self.trace("b.isotrace", "--invoke", "collatz", "28")
        found = self.run_json("compare", a, b, code=1)["divergence"]
        self.assertEqual((found["kind"], found["given"]), ("given", ["argument 0"]))
        self.assertEqual((found["a"]["opcode"], found["a"]["step"]), ("local.get 0", 5))
        self.assertEqual((found["a"]["results"], found["b"]["results"]),
                         (["0x000000000000001b"], ["0x000000000000001c"]))
        text = self.run_program("compare", a, b, code=1).stdout.decode()
        self.assertIn("given otherwise: argument 0", text)

    def test_a_tensor_program_is_another_kind(self):
        a = self.trace("a.isotrace", "--invoke", "collatz", "27")
        b = self.record("b.isotrace")
        answer = self.run_json("compare", a, b, code=1)
        self.assertEqual(answer["divergence"]["kind"], "semantics")


if __name__ == "__main__":
    unittest.main()
