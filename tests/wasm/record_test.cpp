// Recording and replaying runs: where checkpoints stand, what replay finds, and that an interrupted
// recording becomes the same file.
#include <isotrace/wasm/record/recorded_effects.hpp>
#include <isotrace/wasm/record/replay.hpp>
#include <isotrace/wasm/record/snapshot_store.hpp>

#include "tests/support/data.hpp"
#include "tests/wasm/recorded_run.hpp"

namespace isotrace::wasm::tests {
namespace {

constexpr Slot rounds = 150;

Recorded busy_recording() { return record(request_for(busy_module(), {rounds}), counting_host()); }

core::Result<RunVerdict> replay(const trace::Trace& trace, const ReplayOptions& options = {},
                                const EngineFactory& engine = make_reference_engine) {
  const auto request = request_of(trace);
  EXPECT_TRUE(request.has_value()) << core::describe(request.error());
  return replay_run(trace, *request, engine, options);
}

/// Judged with one thread and with several, which must agree.
RunVerdict judge(const trace::Trace& trace, const EngineFactory& engine = make_reference_engine) {
  const auto one = replay(trace, {}, engine);
  const auto several = replay(trace, {.threads = 5}, engine);
  EXPECT_TRUE(one && several);
  EXPECT_EQ(one->verdict.reason, several->verdict.reason);
  EXPECT_EQ(one->verdict.kind, several->verdict.kind);
  return *one;
}

TEST(WasmRecord, checkpoints_are_the_beginnings_of_calls_and_the_first_suspend_points_behind_k_n) {
  const trace::Trace trace = read(busy_recording().file);
  // The definition, on the reference alone.
  auto machine = *ModuleRun::make(request_for(busy_module(), {rounds}), counting_host(),
                                  make_reference_engine);
  Stepper engine(machine->store());
  std::vector<trace::StateRecord> expected;
  const auto add = [&] {
    expected.push_back(state_record(machine->store(), engine.state(), trace.identity.program));
  };
  for (const Slot argument : {Slot{0}, rounds}) {
    const bool start = expected.empty();
    const std::vector<Slot> arguments(start ? 0 : 1, argument);
    ASSERT_TRUE(engine.begin(machine->function(start ? 0 : 1), arguments).has_value());
    add();
    std::uint64_t k = engine.steps() / short_interval + 1;
    while (!engine.run_to_suspend_point(k * short_interval)) {
      add();
      k = engine.steps() / short_interval + 1;
    }
  }
  ASSERT_EQ(trace.machine.checkpoints.size(), expected.size());
  EXPECT_GT(expected.size(), 20U);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(trace.machine.checkpoints[i].state, expected[i]) << i;
    EXPECT_EQ(trace.machine.checkpoints[i].call, i == 0 ? 0 : 1);
  }
  EXPECT_EQ(*trace.machine.state,
            state_record(machine->store(), engine.state(), trace.identity.program));
  EXPECT_EQ(trace.machine.results, engine.state().slots);
  EXPECT_EQ(trace.machine.host_calls.size(), rounds + 1);
  EXPECT_GE(trace.machine.snapshots.size(), 4U);
  for (const trace::Snapshot& snapshot : trace.machine.snapshots) {
    EXPECT_EQ(written_bytes(snapshot), trace::write_snapshot(snapshot).size());
  }
}

TEST(WasmRecord, replay_accepts_and_needs_no_host) {
  const trace::Trace trace = read(busy_recording().file);
  const RunVerdict verdict = judge(trace);
  EXPECT_TRUE(verdict.verdict.accepted()) << verdict.verdict.reason;
  EXPECT_EQ(verdict.steps, trace.machine.state->steps);
}

TEST(WasmRecord, a_window_is_judged_by_the_segments_it_touches) {
  const trace::Trace trace = read(busy_recording().file);
  const std::uint64_t from = trace.machine.state->steps / 2;
  const auto window = replay(trace, {.from = from, .to = from + 10});
  ASSERT_TRUE(window.has_value());
  EXPECT_TRUE(window->verdict.accepted()) << window->verdict.reason;
  EXPECT_LT(window->steps, 2000U);
  EXPECT_GT(window->steps, 0U);
  const auto beyond = replay(trace, {.from = trace.machine.state->steps + 1});
  ASSERT_FALSE(beyond.has_value());
  EXPECT_EQ(beyond.error().code, core::RefusalCode::trace_step_unknown);
}

TEST(WasmRecord, a_host_call_that_differs_is_rejected_where_it_is_made) {
  trace::Trace trace = read(busy_recording().file);
  trace.machine.host_calls[20].arguments.push_back(1);
  const RunVerdict verdict = judge(trace);
  EXPECT_EQ(verdict.verdict.kind, core::Verdict::Kind::rejected);
  EXPECT_NE(verdict.verdict.reason.find("host call 20 was another one"), std::string::npos)
      << verdict.verdict.reason;
}

TEST(WasmRecord, forged_answers_are_found_in_the_log_and_cannot_break_the_engine) {
  const trace::Trace original = read(busy_recording().file);
  trace::Trace trace = original;
  trace.machine.host_calls[20].results[0] ^= 1;
  EXPECT_EQ(judge(trace).divergence->parts.back(), "host calls");
  trace.machine.host_calls[20].results = {1ULL << 40};  // no i32
  EXPECT_NE(judge(trace).verdict.reason.find("results of other types"), std::string::npos);
  trace = original;
  trace.machine.host_calls[20].writes[0].address = 1ULL << 40;
  EXPECT_NE(judge(trace).verdict.reason.find("out of bounds"), std::string::npos);
  trace.machine.host_calls.resize(20);
  EXPECT_NE(judge(trace).verdict.reason.find("was not recorded"), std::string::npos);
}

TEST(WasmRecord, an_engine_that_goes_wrong_is_rejected_at_the_next_checkpoint) {
  const RunRequest request = request_for(busy_module(), {rounds});
  const trace::Trace right = read(busy_recording().file);
  constexpr std::uint64_t step = 2500;
  constexpr std::uint64_t address = 40000;
  const trace::Trace wrong =
      read(record(request, counting_host(), faulty_engine(step, address)).file);
  EXPECT_NE(right.root, wrong.root);
  const RunVerdict verdict = judge(wrong);
  ASSERT_TRUE(verdict.divergence.has_value());
  EXPECT_EQ(verdict.divergence->parts, std::vector<std::string>{"memory 0"});
  const std::size_t found = verdict.divergence->checkpoint;
  EXPECT_GE(wrong.machine.checkpoints[found].state.steps, step);
  EXPECT_LT(wrong.machine.checkpoints[found - 1].state.steps, step);
  // The engine that made the mistake makes it again.
  EXPECT_TRUE(judge(wrong, faulty_engine(step, address)).verdict.accepted());
}

TEST(WasmRecord, a_snapshot_that_lies_about_memory_is_rejected) {
  trace::Trace trace = read(busy_recording().file);
  trace.machine.snapshots[1].memories[0].bytes[5] ^= 1;
  const RunVerdict verdict = judge(trace);
  EXPECT_EQ(verdict.verdict.kind, core::Verdict::Kind::rejected);
  EXPECT_EQ(verdict.divergence->checkpoint, trace.machine.snapshots[1].checkpoint);
}

TEST(WasmRecord, another_end_is_rejected) {
  trace::Trace trace = read(busy_recording().file);
  trace.machine.state->steps -= 1;
  EXPECT_EQ(judge(trace).divergence->checkpoint, trace.machine.checkpoints.size());
  trace = read(busy_recording().file);
  trace.machine.checkpoints.pop_back();
  EXPECT_NE(judge(trace).verdict.reason.find("the run goes on"), std::string::npos);
}

/// A snapshot whose state is not one that the code can be in must be found before an engine sees
/// it, even where all digests fit.
TEST(WasmRecord, forged_states_are_refused) {
  const trace::Trace original = read(busy_recording().file);
  const auto refused = [&](const auto& change) {
    trace::Trace trace = original;
    change(trace.machine.snapshots[1],
           trace.machine.checkpoints[trace.machine.snapshots[1].checkpoint]);
    const auto request = request_of(trace);
    LoggedHost host(trace.machine.host_calls, 0);
    const auto machine = *ModuleRun::make(*request, host.link(), make_reference_engine);
    const auto restored = restore_snapshot(*machine, trace, 1);
    return restored ? std::string("accepted") : restored.error().detail;
  };
  using Snapshot = trace::Snapshot;
  using Checkpoint = trace::CheckpointRecord;
  EXPECT_EQ(refused([](Snapshot&, Checkpoint&) {}), "accepted");
  EXPECT_NE(refused([](Snapshot& s, Checkpoint&) { s.frames[0] = 0; }), "accepted");    // the host
  EXPECT_NE(refused([](Snapshot& s, Checkpoint&) { s.frames[0] = 200; }), "accepted");  // nobody
  EXPECT_NE(refused([](Snapshot& s, Checkpoint&) { s.frames[4] ^= 1; }), "accepted");   // pc
  EXPECT_NE(refused([](Snapshot& s, Checkpoint&) { s.frames[7] = 255; }), "accepted");
  EXPECT_NE(refused([](Snapshot& s, Checkpoint&) { s.frames[8] = 1; }), "accepted");  // slots
  EXPECT_NE(refused([](Snapshot& s, Checkpoint&) { s.frames[15] = 1; }), "accepted");
  EXPECT_NE(refused([](Snapshot& s, Checkpoint&) { s.frames.clear(); }), "accepted");
  EXPECT_NE(refused([](Snapshot& s, Checkpoint&) { s.slots.resize(s.slots.size() - 8); }),
            "accepted");
  EXPECT_NE(refused([](Snapshot& s, Checkpoint&) { s.slots[7] = 1; }), "accepted");  // no i32
  EXPECT_NE(refused([](Snapshot& s, Checkpoint&) { s.globals[7] = 1; }), "accepted");
  EXPECT_NE(refused([](Snapshot&, Checkpoint& c) { c.call = 0; }), "accepted");
  EXPECT_NE(refused([](Snapshot&, Checkpoint& c) { c.state.memories[0].size = 1U << 20; }),
            "accepted");
  EXPECT_NE(refused([](Snapshot&, Checkpoint& c) { c.state.memories[0].size = 0; }), "accepted");
}

TEST(WasmRecord, a_halted_recording_becomes_the_same_file) {
  const RunRequest request = request_for(busy_module(), {rounds});
  const Recorded whole = busy_recording();
  for (const std::uint64_t steps : {0U, 1U, 950U, 1500U, 3333U}) {
    RecordOptions options = short_options();
    options.steps_max = steps;
    const Recorded half = record(request, counting_host(), make_reference_engine, options);
    EXPECT_FALSE(half.recording->complete);
    EXPECT_GE(half.recording->end.steps, steps);
    const auto interrupted = find_interruption(half.file);
    ASSERT_TRUE(interrupted.has_value()) << core::describe(interrupted.error());
    LoggedHost host(interrupted->later_calls, interrupted->trace.machine.host_calls.size());
    const auto machine =
        *ModuleRun::make(interrupted->request, host.link(counting_host()), make_reference_engine);
    isotrace::tests::SimulatedFiles files;
    const auto resumed = resume_run(*machine, *interrupted, files, short_options());
    ASSERT_TRUE(resumed && *resumed);
    EXPECT_EQ((*resumed)->root, whole.recording->root);
    EXPECT_EQ(files.files().at("run.isotrace"), whole.file);
  }
}

TEST(WasmRecord, a_recording_cut_anywhere_becomes_the_same_file) {
  const Recorded whole = busy_recording();
  std::size_t resumed_runs = 0;
  for (std::size_t size = 0; size < whole.file.size(); size += 4099) {
    const auto interrupted = find_interruption(core::ByteView(whole.file).first(size));
    if (!interrupted) continue;
    LoggedHost host(interrupted->later_calls, interrupted->trace.machine.host_calls.size());
    const auto machine =
        *ModuleRun::make(interrupted->request, host.link(counting_host()), make_reference_engine);
    isotrace::tests::SimulatedFiles files;
    const auto resumed = resume_run(*machine, *interrupted, files, short_options());
    ASSERT_TRUE(resumed && *resumed);
    EXPECT_EQ(files.files().at("run.isotrace"), whole.file) << size;
    ++resumed_runs;
  }
  EXPECT_GT(resumed_runs, 3U);
  EXPECT_FALSE(find_interruption(whole.file).has_value());
}

TEST(WasmRecord, snapshots_thin_out_when_they_have_taken_their_bytes) {
  const RunRequest request = request_for(busy_module(), {rounds});
  RecordOptions options = short_options();
  const auto snapshots = [&] {
    const Recorded recorded = record(request, counting_host(), make_reference_engine, options);
    const trace::Trace trace = read(recorded.file);
    EXPECT_TRUE(judge(trace).verdict.accepted());
    return trace.machine.snapshots.size();
  };
  const std::size_t all = snapshots();
  options.snapshot_bytes = 2048;
  const std::size_t few = snapshots();
  EXPECT_GT(few, 1U);
  EXPECT_LT(few, all);
}

TEST(WasmRecord, a_run_whose_effects_are_logged_is_the_same_run) {
  const RunRequest request = request_for(busy_module(), {rounds});
  isotrace::tests::SimulatedFiles files;
  auto log = *EffectLog::begin(files, "effects", request.program);
  const CodeTable code(*request.module);
  EffectSink sink;
  sink.bytes_max = SIZE_MAX;
  const Recorded logged = record(request, counting_host(), logging_engine(sink, code));
  EXPECT_EQ(logged.file, busy_recording().file);
  EXPECT_EQ(sink.steps.steps(), logged.recording->end.steps);
  log.append(sink.steps);
  const auto summary = log.finish();
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->steps, logged.recording->end.steps);
  EXPECT_EQ(summary->bytes, files.files().at("effects").size());
}

core::Bytes effects_of(const trace::Trace& trace, const RunRequest& request,
                       const EffectWindow& window) {
  isotrace::tests::SimulatedFiles files;
  auto log = *EffectLog::begin(files, "effects", request.program, window.from);
  const auto logged = log_recorded_effects(trace, request, make_fastest_engine, window, log);
  EXPECT_TRUE(logged.has_value()) << core::describe(logged.error());
  EXPECT_TRUE(log.finish().has_value());
  return files.files().at("effects");
}

TEST(WasmRecord, effects_of_a_recorded_run_are_those_of_the_run_itself) {
  constexpr std::size_t head = 8 + 24 + 32 + 8;
  const RunRequest request = request_for(busy_module(), {rounds});
  const CodeTable code(*request.module);
  EffectSink sink;
  sink.bytes_max = SIZE_MAX;
  record(request, counting_host(), logging_engine(sink, code));
  const core::ByteView all = sink.steps.bytes();
  const trace::Trace trace = read(busy_recording().file);
  for (const unsigned threads : {1U, 3U}) {
    const core::Bytes whole = effects_of(trace, request, {.threads = threads, .stretch = 300});
    EXPECT_TRUE(std::ranges::equal(core::ByteView(whole).subspan(head), all));
  }
  // Windows one after the other are the whole.
  const std::uint64_t steps = trace.machine.state->steps;
  core::Bytes parts;
  for (std::uint64_t from = 0; from < steps; from += steps / 7) {
    const core::Bytes part = effects_of(trace, request, {from, from + steps / 7 - 1, 2, 300});
    parts.insert(parts.end(), part.begin() + head, part.end());
  }
  EXPECT_TRUE(std::ranges::equal(parts, all));
}

TEST(WasmRecord, steps_behind_the_end_have_no_effects) {
  const RunRequest request = request_for(busy_module(), {rounds});
  const trace::Trace trace = read(busy_recording().file);
  isotrace::tests::SimulatedFiles files;
  auto log = *EffectLog::begin(files, "effects", request.program);
  const auto logged = log_recorded_effects(trace, request, make_fastest_engine,
                                           {.from = trace.machine.state->steps}, log);
  ASSERT_FALSE(logged.has_value());
  EXPECT_EQ(logged.error().code, core::RefusalCode::trace_step_unknown);
}

TEST(WasmRecord, a_trap_is_a_last_state_like_others) {
  const Bytes module = ModuleBuilder()
                           .add_function({{i32}, {i32}}, push_i32(1) + op(Opcode::local_get, 0) +
                                                             op(Opcode::i32_div_u))
                           .add_export("run", ExternKind::function, 0)
                           .bytes();
  const Recorded recorded = record(request_for(module, {0}), link_nothing);
  EXPECT_EQ(recorded.recording->end.trap, Trap::integer_divide_by_zero);
  const trace::Trace trace = read(recorded.file);
  EXPECT_EQ(trace.machine.state->status, static_cast<std::uint8_t>(Status::trapped));
  EXPECT_EQ(trace.machine.state->steps, 3U);
  EXPECT_TRUE(judge(trace).verdict.accepted());
}

/// Of two segments the second does not fit; there is a start function, which is not called.
TEST(WasmRecord, a_segment_that_does_not_fit_ends_the_run_before_its_first_call) {
  const Bytes module =
      ModuleBuilder()
          .add_memory(1)
          .add_function({{}, {}}, op(Opcode::nop))
          .add_function({{i32}, {i32}}, op(Opcode::local_get, 0))
          .add_export("run", ExternKind::function, 1)
          .set(start_section, Bytes{0})
          .add(data_section, Bytes{0} + push_i32(3) + close_block() + Bytes{1, 7})
          .add(data_section, Bytes{0} + push_i32(65535) + close_block() + Bytes{2, 8, 9})
          .bytes();
  const RunRequest request = request_for(module, {5});
  const Recorded recorded = record(request, link_nothing);
  const trace::Trace trace = read(recorded.file);
  Execution trapped;
  trapped.status = Status::trapped;
  trapped.trap = Trap::out_of_bounds_memory_access;
  EXPECT_EQ(recorded.recording->end, trapped);
  ASSERT_EQ(trace.machine.checkpoints.size(), 1U);
  EXPECT_EQ(trace.machine.checkpoints[0].state, trace.machine.state);
  const auto fast = make_fastest_engine;
  EXPECT_EQ(record(request, link_nothing, fast).file, recorded.file);
  EXPECT_TRUE(judge(trace).verdict.accepted());
  EXPECT_TRUE(judge(trace, fast).verdict.accepted());
  trace::Trace forged = trace;
  forged.machine.state->trap = static_cast<std::uint8_t>(Trap::out_of_bounds_table_access);
  EXPECT_FALSE(judge(forged).verdict.accepted());

  auto loaded = load_module(module, Edition::mvp);  // which places all segments or none
  RunRequest first = request;
  first.module = std::make_shared<const Module>(*std::move(loaded));
  const auto refused = ModuleRun::make(first, link_nothing, fast);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, core::RefusalCode::wasm_unlinkable);
}

TEST(WasmRecord, nothing_is_left_of_a_run_whose_host_refuses) {
  const RunRequest request = request_for(busy_module(), {rounds});
  const Link refusing = [](Store& store, const Module&) -> core::Result<std::vector<ExternValue>> {
    const auto refuse = [](HostCall&) { return Trap::host_refused; };
    return std::vector<ExternValue>{
        {ExternKind::function, store.add_function({{}, {i32}}, refuse)}};
  };
  const auto machine = *ModuleRun::make(request, refusing, make_reference_engine);
  isotrace::tests::SimulatedFiles files;
  const auto run = record_run(*machine, request, files, short_options());
  ASSERT_TRUE(run.has_value());
  EXPECT_FALSE(run->has_value());
  EXPECT_TRUE(files.files().empty());
}

TEST(WasmRecord, what_cannot_be_a_run_is_refused) {
  const auto refusal = [](const RunRequest& request, const Link& link = counting_host()) {
    const auto machine = ModuleRun::make(request, link, make_reference_engine);
    return machine ? core::RefusalCode::artifact_unknown : machine.error().code;
  };
  EXPECT_EQ(refusal(request_for(busy_module(), {1}, "walk")),
            core::RefusalCode::wasm_export_unknown);
  EXPECT_EQ(refusal(request_for(busy_module(), {1}, "memory")),
            core::RefusalCode::wasm_export_unknown);
  EXPECT_EQ(refusal(request_for(busy_module(), {})), core::RefusalCode::wasm_arguments_mismatch);
  EXPECT_EQ(refusal(request_for(busy_module(), {1ULL << 32})),
            core::RefusalCode::wasm_arguments_mismatch);
  EXPECT_EQ(refusal(request_for(busy_module(), {1}), link_nothing),
            core::RefusalCode::wasm_unlinkable);
  trace::Trace trace = read(busy_recording().file);
  trace.identity.semantics = "isowasm-9";
  EXPECT_EQ(request_of(trace).error().code, core::RefusalCode::trace_semantics_unknown);
  trace = read(busy_recording().file);
  trace.identity.program.bytes[0] ^= 1;
  EXPECT_EQ(request_of(trace).error().code, core::RefusalCode::trace_digest_mismatch);
  trace = read(busy_recording().file);
  trace.identity.machine->limits.slots = 1ULL << 40;
  EXPECT_EQ(request_of(trace).error().code, core::RefusalCode::limit_exceeded);
  trace.program.clear();
  EXPECT_EQ(request_of(trace).error().code, core::RefusalCode::trace_without_program);
}

TEST(WasmRecord, kernels_replay_in_segments) {
  ISOTRACE_NEEDS_DATA(folder, "wasm-kernels");
  const std::pair<std::string, Slot> kernels[] = {{"fib", 20}, {"sudoku", 1}};
  for (const auto& [kernel, argument] : kernels) {
    RunRequest request =
        request_for(isotrace::tests::read_file(folder + "/" + kernel + ".wasm"), {argument});
    request.interval = 1U << 14;
    RecordOptions options = short_options();
    options.snapshot_interval = 1U << 16;
    const trace::Trace trace =
        read(record(request, link_nothing, make_fastest_engine, options).file);
    EXPECT_GT(trace.machine.snapshots.size(), 1U) << kernel;
    EXPECT_TRUE(judge(trace).verdict.accepted()) << kernel;
    EXPECT_TRUE(judge(trace, make_fastest_engine).verdict.accepted()) << kernel;
  }
}

}  // namespace
}  // namespace isotrace::wasm::tests
