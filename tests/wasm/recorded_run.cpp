#include "tests/wasm/recorded_run.hpp"

namespace isotrace::wasm::tests {

using enum Opcode;

Bytes busy_module() {
  constexpr std::uint32_t n = 0;    // parameter of run
  constexpr std::uint32_t i = 1;    // local of run
  constexpr std::uint32_t got = 2;  // local of run
  constexpr std::uint32_t next = 0, sum_to = 1, begin = 2, run = 3;
  ModuleBuilder module;
  module.add_import("env", "next", ExternKind::function,
                    unsigned_leb(module.add_type({{}, {i32}})));
  // sum_to(k) = k == 0 ? 0 : k + sum_to(k - 1)
  module.add_function({{i32}, {i32}}, op(local_get, 0) + op(i32_eqz) + open_block(if_, 0x7F) +
                                          push_i32(0) + op(else_) + op(local_get, 0) +
                                          op(local_get, 0) + push_i32(1) + op(i32_sub) +
                                          op(call, sum_to) + op(i32_add) + close_block());
  // The start function asks the host once, too.
  module.add_function({}, push_i32(16) + op(call, next) + op(i32_store, 2, 0));
  module.add_function(
      {{i32}, {i32}},
      open_block(loop) + op(call, next) + op(local_set, got) +
          // memory[64 + 4 * i] = got
          op(local_get, i) + push_i32(2) + op(i32_shl) + op(local_get, got) + op(i32_store, 2, 64) +
          // global += sum_to(got & 7)
          op(global_get, 0) + op(local_get, got) + push_i32(7) + op(i32_and) + op(call, sum_to) +
          op(i32_add) + op(global_set, 0) +
          // every 64 rounds: memory.grow(1)
          op(local_get, i) + push_i32(63) + op(i32_and) + op(i32_eqz) + open_block(if_) +
          push_i32(1) + op(memory_grow) + core::Bytes{0} + op(drop) + close_block() +
          op(local_get, i) + push_i32(1) + op(i32_add) + op(local_tee, i) + op(local_get, n) +
          op(i32_lt_u) + op(br_if, 0) + close_block() + op(global_get, 0),
      {{2, i32}});
  module.add_memory(1, 4);
  module.add(global_section, Bytes{0x7F, 1} + push_i32(0) + op(end));
  module.add_export("run", ExternKind::function, run);
  module.add_export("memory", ExternKind::memory, 0);
  module.set(start_section, unsigned_leb(begin));
  return module.bytes();
}

RunRequest request_for(const Bytes& module, std::vector<Slot> arguments,
                       const std::string& invoke) {
  auto loaded = load_module(module, Edition::v2);
  EXPECT_TRUE(loaded.has_value()) << core::describe(loaded.error());
  const core::Digest program = program_digest(*loaded);
  return {.module = std::make_shared<const Module>(*std::move(loaded)),
          .program = program,
          .invoke = invoke,
          .arguments = std::move(arguments),
          .interval = short_interval};
}

Link counting_host(std::uint64_t other_from) {
  return [other_from](Store& store, const Module&) -> core::Result<std::vector<ExternValue>> {
    const auto next = [&store, other_from](HostCall& call) {
      const std::uint64_t number = store.host_log.calls + 1;
      const Bytes written = {static_cast<std::uint8_t>(number)};
      call.results()[0] = number + (number > other_from ? 1 : 0);
      return call.write(8, written) ? Trap::none : Trap::host_refused;
    };
    return std::vector<ExternValue>{{ExternKind::function, store.add_function({{}, {i32}}, next)}};
  };
}

RecordOptions short_options() { return {.path = "run.isotrace", .snapshot_interval = 1000}; }

Recorded record(const RunRequest& request, const Link& host, const EngineFactory& engine,
                const RecordOptions& options) {
  Recorded recorded;
  isotrace::tests::SimulatedFiles files;
  auto machine = ModuleRun::make(request, host, engine);
  EXPECT_TRUE(machine.has_value()) << core::describe(machine.error());
  auto run = record_run(**machine, request, files, options);
  EXPECT_TRUE(run.has_value()) << core::describe(run.error());
  EXPECT_TRUE(run->has_value());
  recorded.recording = *run;
  const std::string path = (*run)->complete ? options.path : options.path + ".incomplete";
  recorded.file = files.files().at(path);
  return recorded;
}

trace::Trace read(const core::Bytes& file) {
  auto trace = trace::parse_trace(file);
  EXPECT_TRUE(trace.has_value()) << core::describe(trace.error());
  return *std::move(trace);
}

bool FaultyEngine::run_to_suspend_point(std::uint64_t steps_min) {
  if (!done_) {
    if (engine_->run_to_suspend_point(std::min(steps_min, step_))) return true;
    if (engine_->steps() < step_) return false;
    store_.memories[0].data.mark(address_, 1);
    store_.memories[0].data.bytes()[address_] ^= 1;
    done_ = true;
  }
  return engine_->run_to_suspend_point(steps_min);
}

void FaultyEngine::restore(const Execution& state) {
  engine_->restore(state);
  done_ = state.steps >= step_;
}

EngineFactory faulty_engine(std::uint64_t step, std::uint64_t address) {
  return [=](Store& store) { return std::make_unique<FaultyEngine>(store, step, address); };
}

}  // namespace isotrace::wasm::tests
