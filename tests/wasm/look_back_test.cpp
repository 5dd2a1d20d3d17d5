// Looking into recorded runs: any step, the last write of a byte, and where two runs part. What is
// found is compared with a plain execution that is watched step by step.
#include <isotrace/core/philox.hpp>
#include <isotrace/wasm/instruction_text.hpp>
#include <isotrace/wasm/record/compare.hpp>
#include <isotrace/wasm/record/last_write.hpp>
#include <isotrace/wasm/record/run_again.hpp>

#include "tests/wasm/recorded_run.hpp"

namespace isotrace::wasm::tests {
namespace {

constexpr Slot rounds = 150;

/// A whole run, watched.
struct Watched {
  std::vector<Execution> states;  ///< by step: in front of it; the last one is the end
  std::vector<StepEffect> effects;
};

Watched watch_run(const RunRequest& request, const Link& host) {
  const auto run = *ModuleRun::make(request, host, make_reference_engine);
  auto& stepper = static_cast<Stepper&>(run->engine());
  run->run_to_checkpoint();  // begins
  const CodeTable code(*request.module);
  StepWatch watch(run->store(), stepper, code);
  Watched watched;
  while (settle(*run, stepper)) {
    watched.states.push_back(stepper.state());
    watched.effects.push_back(*watch.step());
  }
  watched.states.push_back(stepper.state());
  return watched;
}

class WasmLookBack : public ::testing::Test {
 protected:
  const RunRequest request_ = request_for(busy_module(), {rounds});
  const trace::Trace trace_ = read(record(request_, counting_host()).file);
  const Watched watched_ = watch_run(request_, counting_host());
  const EngineFactory engine_ = make_reference_engine;
};

TEST_F(WasmLookBack, every_step_can_be_gone_to) {
  ASSERT_EQ(watched_.states.size(), trace_.machine.state->steps + 1);
  for (std::uint64_t step = 0; step < watched_.states.size(); step += step < 100 ? 1 : 61) {
    const auto position = Position::find(trace_, request_, engine_, step);
    ASSERT_TRUE(position.has_value()) << core::describe(position.error());
    EXPECT_EQ((*position)->state(), watched_.states[step]) << step;
  }
  const auto end = Position::find(trace_, request_, engine_, trace_.machine.state->steps);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ((*end)->state().slots, trace_.machine.results);
  const auto beyond = Position::find(trace_, request_, engine_, trace_.machine.state->steps + 1);
  EXPECT_EQ(beyond.error().code, core::RefusalCode::trace_step_unknown);
}

TEST_F(WasmLookBack, a_position_needs_the_calls_that_are_recorded) {
  trace::Trace trace = trace_;
  trace.machine.host_calls[3].arguments.push_back(1);
  const auto position = Position::find(trace, request_, engine_, 300);
  ASSERT_FALSE(position.has_value());
  EXPECT_EQ(position.error().code, core::RefusalCode::trace_digest_mismatch);
}

TEST_F(WasmLookBack, effects_say_what_a_step_takes_puts_and_writes) {
  // The start function: i32.const 16, call env.next, i32.store.
  const auto& effects = watched_.effects;
  EXPECT_EQ(effects[0].results, std::vector<Slot>{16});
  EXPECT_EQ(effects[1].results, std::vector<Slot>{1});
  ASSERT_EQ(effects[1].writes.size(), 1U);
  EXPECT_EQ(effects[1].writes[0].address, 8U);
  EXPECT_EQ(effects[2].operands, (std::vector<Slot>{16, 1}));
  ASSERT_EQ(effects[2].writes.size(), 1U);
  EXPECT_EQ(effects[2].writes[0], (trace::HostWrite{16, {1, 0, 0, 0}}));
  EXPECT_EQ(instruction_text(*request_.module, instruction_at(*request_.module, effects[2].pc)),
            "i32.store");
  for (std::size_t i = 0; i < effects.size(); ++i) EXPECT_EQ(effects[i].step, i);
}

TEST_F(WasmLookBack, the_last_write_of_a_byte_is_the_one_a_watched_run_has) {
  core::PhiloxStream random(7);
  const std::uint64_t steps = trace_.machine.state->steps;
  for (int i = 0; i < 60; ++i) {
    const std::uint64_t before = random.next_below(static_cast<std::uint32_t>(steps + 1));
    const std::uint64_t addresses[] = {8, 16, 19, 20, 64, 64 + random.next_below(4 * rounds)};
    const std::uint64_t address = addresses[random.next_below(6)];
    std::optional<StepEffect> expected;
    for (std::uint64_t step = 0; step < before; ++step) {
      for (const trace::HostWrite& write : watched_.effects[step].writes) {
        if (address >= write.address && address < write.address + write.bytes.size()) {
          expected = watched_.effects[step];
        }
      }
    }
    const auto found = find_last_write(trace_, request_, engine_, address, before);
    ASSERT_TRUE(found.has_value()) << core::describe(found.error());
    EXPECT_EQ(*found, expected) << address << " before " << before;
  }
}

std::optional<RunDifference> compare(const trace::Trace& a, const trace::Trace& b,
                                     const EngineFactory& engine = make_reference_engine) {
  const auto one = request_of(a);
  const auto other = request_of(b);
  EXPECT_TRUE(one && other);
  const EngineFactory reference = make_reference_engine;
  const auto found = compare_runs({a, *one, reference}, {b, *other, engine});
  EXPECT_TRUE(found.has_value()) << core::describe(found.error());
  return *found;
}

TEST_F(WasmLookBack, equal_runs_are_identical) {
  EXPECT_FALSE(compare(trace_, trace_).has_value());
}

TEST_F(WasmLookBack, another_answer_of_the_host_is_named_with_the_call_that_took_it) {
  const trace::Trace other = read(record(request_, counting_host(90)).file);
  const auto found = compare(trace_, other);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->given, std::vector<std::string>{"host call 90: results"});
  EXPECT_TRUE(found->a_agrees && found->b_agrees);
  ASSERT_TRUE(found->a && found->b);
  EXPECT_EQ(found->a->step, found->b->step);
  EXPECT_EQ(*found->a, watched_.effects[found->a->step]);
  EXPECT_EQ(found->a->results, std::vector<Slot>{91});
  EXPECT_EQ(found->b->results, std::vector<Slot>{92});
}

TEST_F(WasmLookBack, another_argument_is_named_with_the_step_that_read_it) {
  const trace::Trace other =
      read(record(request_for(busy_module(), {rounds + 1}), counting_host()).file);
  const auto found = compare(trace_, other);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->given[0], "argument 0");
  EXPECT_EQ(found->checkpoint, 1U);  // the second call has begun
  EXPECT_EQ(found->parts, std::vector<std::string>{"slots"});
  ASSERT_TRUE(found->a && found->b);
  EXPECT_EQ(found->a->results, std::vector<Slot>{rounds});
  EXPECT_EQ(found->b->results, std::vector<Slot>{rounds + 1});
}

TEST_F(WasmLookBack, a_start_function_without_steps_is_a_call_of_its_own) {
  ModuleBuilder module;
  module.add_import("env", "next", ExternKind::function,
                    unsigned_leb(module.add_type({{}, {i32}})));
  module.add_function({}, {});
  using enum Opcode;
  module.add_function({{i32}, {i32}}, open_block(loop) + op(call, 0) + op(drop) + op(local_get, 0) +
                                          push_i32(1) + op(i32_sub) + op(local_tee, 0) +
                                          op(br_if, 0) + close_block() + op(local_get, 0));
  module.add_memory(1);
  module.add_export("run", ExternKind::function, 2);
  module.set(start_section, unsigned_leb(1));
  const RunRequest request = request_for(module.bytes(), {60});
  const trace::Trace a = read(record(request, counting_host()).file);
  const trace::Trace b = read(record(request, counting_host(0)).file);
  EXPECT_EQ(a.machine.checkpoints[1].state.steps, 0U);
  EXPECT_TRUE(replay_run(a, request, engine_, {})->verdict.accepted());
  const auto found = compare(a, b);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->checkpoint, 2U);
  EXPECT_TRUE(found->a_agrees && found->b_agrees);
  ASSERT_TRUE(found->a && found->b);
  EXPECT_EQ(found->a->results, std::vector<Slot>{1});
  EXPECT_EQ(found->b->results, std::vector<Slot>{2});
}

TEST_F(WasmLookBack, other_programs_are_not_compared_further) {
  const Bytes module = ModuleBuilder()
                           .add_function({{i32}, {i32}}, op(Opcode::local_get, 0))
                           .add_export("run", ExternKind::function, 0)
                           .bytes();
  const auto found = compare(trace_, read(record(request_for(module, {1}), link_nothing).file));
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->same_program);
}

TEST_F(WasmLookBack, an_engine_that_went_wrong_is_found_with_the_byte_and_its_last_writer) {
  constexpr std::uint64_t step = 2500;
  constexpr std::uint64_t address = 64;
  const EngineFactory faulty = faulty_engine(step, address);
  const trace::Trace other = read(record(request_, counting_host(), faulty).file);
  const auto found = compare(trace_, other, faulty);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->given.empty());
  EXPECT_TRUE(found->a_agrees);
  EXPECT_FALSE(found->b_agrees);
  EXPECT_FALSE(found->a.has_value());  // the reference makes no difference
  ASSERT_TRUE(found->begin.has_value());
  // Between two suspend points, of which the code has one at least every 40 steps.
  EXPECT_LT(*found->begin, step + 40);
  EXPECT_GE(found->end, step);
  EXPECT_LT(found->end - *found->begin, 40U);
  ASSERT_TRUE(found->byte.has_value());
  EXPECT_EQ(found->byte->address, address);
  EXPECT_EQ(found->byte->a ^ found->byte->b, 1);
  ASSERT_TRUE(found->byte->writer.has_value());
  EXPECT_EQ(*found->byte->writer, watched_.effects[found->byte->writer->step]);
  // An engine that does not go wrong again leaves it at the checkpoint.
  const auto once = compare(trace_, other);
  EXPECT_FALSE(once->b_agrees);
  EXPECT_FALSE(once->begin.has_value());
  EXPECT_EQ(once->parts, std::vector<std::string>{"memory 0"});
}

TEST_F(WasmLookBack, a_run_made_again_is_equal_or_parts_where_an_engine_went_wrong) {
  const auto same = run_again(trace_, request_, make_fastest_engine);
  ASSERT_TRUE(same.has_value()) << core::describe(same.error());
  EXPECT_EQ(same->root, trace_.root);
  const EngineFactory faulty = faulty_engine(2500, 64);
  const EngineFactory reference = make_reference_engine;
  // The one made again went wrong, then the recorded one did.
  const trace::Trace wrong = *run_again(trace_, request_, faulty);
  const auto found = *compare_runs({trace_, request_, reference}, {wrong, request_, faulty});
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->a_agrees && !found->b_agrees);
  ASSERT_TRUE(found->byte.has_value());
  EXPECT_EQ(found->byte->address, 64U);
  const trace::Trace recorded = read(record(request_, counting_host(), faulty).file);
  const trace::Trace right = *run_again(recorded, request_, reference);
  EXPECT_EQ(right.root, core::Digest{});
  const auto turned = *compare_runs({recorded, request_, faulty}, {right, request_, reference});
  ASSERT_TRUE(turned.has_value());
  EXPECT_TRUE(!turned->a_agrees && turned->b_agrees);
  EXPECT_EQ(turned->checkpoint, found->checkpoint);
}

TEST_F(WasmLookBack, a_run_made_again_ends_where_the_recording_goes_on_and_goes_on_where_it_ends) {
  trace::Trace longer = trace_;
  longer.machine.checkpoints.push_back(longer.machine.checkpoints.back());
  longer.machine.tensor_steps.push_back(0);
  const trace::Trace ends = *run_again(longer, request_, make_reference_engine);
  EXPECT_EQ(ends.machine.checkpoints.size() + 1, longer.machine.checkpoints.size());
  EXPECT_EQ(ends.root, core::Digest{});
  trace::Trace shorter = trace_;
  shorter.machine.state = shorter.machine.checkpoints.back().state;
  shorter.machine.checkpoints.pop_back();
  const trace::Trace goes_on = *run_again(shorter, request_, make_reference_engine);
  EXPECT_EQ(goes_on.machine.checkpoints.size(), shorter.machine.checkpoints.size() + 1);
  EXPECT_EQ(goes_on.root, core::Digest{});
}

}  // namespace
}  // namespace isotrace::wasm::tests
