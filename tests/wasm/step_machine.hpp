// One module alone in its store, as a recorded run has it; two of them in step make a witness of
// every opcode and judge it.
#pragma once

#include <set>

#include <gtest/gtest.h>

#include <isotrace/wasm/instantiate.hpp>
#include <isotrace/wasm/make_witness.hpp>
#include <isotrace/wasm/state.hpp>
#include <isotrace/wasm/stepper.hpp>
#include <isotrace/wasm/validate.hpp>
#include <isotrace/wasm/witness/check_step.hpp>

#include "tests/wasm/module_builder.hpp"

namespace isotrace::wasm::tests {

/// What a machine is made of; it imports functions, which all are `host`, and other things of the
/// very types it states.
struct MachineParts {
  Bytes module;
  ProfileLimits limits = {};
  HostFunction host = [](HostCall&) { return Trap::none; };
  Edition edition = Edition::v2;
};

class SingleMachine {
 public:
  explicit SingleMachine(const MachineParts& parts) : stepper(store) {
    store.limits = parts.limits;
    auto loaded = load_module(parts.module, parts.edition);
    EXPECT_TRUE(loaded.has_value()) << core::describe(loaded.error());
    module = std::make_shared<const Module>(*std::move(loaded));
    std::vector<ExternValue> imports;
    for (const Import& import : module->imports) {
      imports.push_back({import.kind(), make_import(import, parts.host)});
    }
    const auto made = instantiate(store, module, imports);
    EXPECT_TRUE(made.has_value());
    start = made->start;
  }

  [[nodiscard]] Address exported(const std::string& name) const {
    return exports_of(store, 0).at(name).address;
  }

  Store store;
  Stepper stepper;
  std::shared_ptr<const Module> module;
  std::optional<Address> start;

 private:
  Address make_import(const Import& import, const HostFunction& host) {
    switch (import.kind()) {
      case ExternKind::function:
        return store.add_function(module->types[std::get<TypeIndex>(import.type).value], host);
      case ExternKind::table: return *store.add_table(std::get<TableType>(import.type));
      case ExternKind::memory: return *store.add_memory(std::get<MemoryType>(import.type));
      case ExternKind::global: break;
    }
    return store.add_global(std::get<GlobalType>(import.type), 0);
  }
};

/// A witness and what it must say.
struct JudgedStep {
  Witness witness;
  Opcode opcode = Opcode::nop;
};

/// Two machines, one a step ahead: it tells what the host answers and which root must come.
class StepPair {
 public:
  explicit StepPair(const MachineParts& parts)
      : ahead_(parts), behind_(parts), hasher_(program_digest(*ahead_.module, parts.limits)) {
    auto maker = WitnessMaker::make(behind_.store);
    EXPECT_TRUE(maker.has_value());
    maker_.emplace(*std::move(maker));
    ahead_.store.host_log.observer = [this](const trace::HostCallRecord& call) { call_ = call; };
  }

  [[nodiscard]] Address exported(const std::string& name) const { return ahead_.exported(name); }
  [[nodiscard]] const SingleMachine& machine() const { return ahead_; }
  [[nodiscard]] const Execution& state() { return ahead_.stepper.state(); }

  void begin(Address function, const std::vector<Slot>& arguments = {}) {
    ASSERT_TRUE(ahead_.stepper.begin(function, arguments).has_value());
    ASSERT_TRUE(behind_.stepper.begin(function, arguments).has_value());
    root_ = next_root();
  }

  /// Executes that many steps without witnesses.
  void skip(std::uint64_t steps) {
    const std::uint64_t end = state().steps + steps;
    EXPECT_EQ(ahead_.stepper.run(end), behind_.stepper.run(end));
    root_ = next_root();
  }

  /// The next step's witness, which has been judged to be right.
  JudgedStep step() {
    call_.reset();
    const std::uint32_t pc = ahead_.stepper.state().frames.back().pc;
    ahead_.stepper.step();
    JudgedStep judged{
        .witness =
            maker_->make_witness(behind_.stepper.state(), call_ ? &*call_ : nullptr).value()};
    const auto report = check_step(judged.witness);
    EXPECT_TRUE(report.has_value()) << core::describe(report.error());
    EXPECT_TRUE(report->verdict.accepted()) << report->verdict.reason << " at " << pc;
    judged.opcode = report->opcode->opcode;
    EXPECT_EQ(report->before, root_);
    root_ = next_root();
    EXPECT_EQ(report->after, root_) << report->opcode->text << " at " << pc;
    behind_.stepper.step();
    return judged;
  }

  /// Judges all steps, at most `steps_max`; calls `each` with them.
  template <class Each>
  void run(std::size_t steps_max, const Each& each) {
    for (std::size_t i = 0; i < steps_max && state().status == Status::running; ++i) {
      each(step());
      if (::testing::Test::HasFailure()) return;
    }
  }

 private:
  core::Digest next_root() {
    return trace::state_root(hasher_.record(ahead_.store, ahead_.stepper.state()));
  }

  SingleMachine ahead_;
  SingleMachine behind_;
  StateHasher hasher_;
  core::Digest root_;
  std::optional<WitnessMaker> maker_;
  std::optional<trace::HostCallRecord> call_;
};

}  // namespace isotrace::wasm::tests
