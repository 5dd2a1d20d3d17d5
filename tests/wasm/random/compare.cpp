#include "tests/wasm/random/compare.hpp"

#include <algorithm>

#include <isotrace/core/digest.hpp>
#include <isotrace/wasm/spectest.hpp>
#include <isotrace/wasm/state.hpp>
#include <isotrace/wasm/validate.hpp>

#include "tests/wasm/random/dice.hpp"
#include "tests/wasm/random/host.hpp"
#include "tests/wasm/random/same_state.hpp"

namespace isotrace::wasm::tests {
namespace {

constexpr std::uint64_t dense_checkpoints = 24;

ProfileLimits random_limits(Dice& dice, std::uint64_t slots_max) {
  constexpr std::size_t frames[] = {8, 64, 300};
  const std::uint64_t slots[] = {200, 2000, slots_max};
  return {.memory_pages_max = 3 + dice.below(4),
          .table_elements_max = 20 + dice.below(40),
          .frames_max = dice.pick(frames),
          .slots_max = dice.pick(slots)};
}

/// One engine with a store of its own.
struct Contender {
  Contender(const EngineKind& kind, const ProfileLimits& limits, const core::Digest& digest)
      : name(kind.name), program(digest), engine(kind.make(store)), hasher(digest) {
    store.limits = limits;
  }

  /// What became of it, as text.
  std::string link(const std::shared_ptr<const Module>& module) {
    Namespaces names;
    const auto imports_from = [&](std::string_view host) {
      return std::ranges::any_of(module->imports,
                                 [&](const Import& i) { return i.module == host; });
    };
    if (imports_from(spectest_name)) names[std::string(spectest_name)] = *make_spectest(store);
    if (imports_from(random_host_name)) {
      names[std::string(random_host_name)] = make_random_host(store);
    }
    const auto imports = resolve_imports(store, *module, names);
    if (!imports) return core::describe(imports.error());
    const auto made = instantiate(store, module, *imports);
    if (!made) return core::describe(made.error());
    instance = made->instance;
    start = made->start;
    linked = made->trap == Trap::none;
    return std::string(trap_text(made->trap));
  }

  trace::StateRecord record() { return hasher.record(store, engine->state()); }
  trace::StateRecord whole_record() { return state_record(store, engine->state(), program); }

  const char* name;
  core::Digest program;
  Store store;
  std::unique_ptr<Engine> engine;
  StateHasher hasher;
  Address instance = 0;
  std::optional<Address> start;
  bool linked = false;
};

/// The parts in which they differ; none: "".
std::string difference_of(const trace::StateRecord& a, const trace::StateRecord& b) {
  if (a == b) return {};
  std::string parts;
  const auto note = [&](bool equal, const char* part) {
    if (!equal) parts += std::string(parts.empty() ? "" : ", ") + part;
  };
  note(a.steps == b.steps, "steps");
  note(a.status == b.status, "status");
  note(a.trap == b.trap, "trap");
  note(a.frames == b.frames, "frames");
  note(a.slots == b.slots, "slots");
  note(a.globals == b.globals, "globals");
  note(a.tables == b.tables, "tables");
  note(a.memories == b.memories, "memories");
  note(a.segments == b.segments, "segments");
  note(a.host_calls == b.host_calls, "host calls");
  return parts.empty() ? "something else" : parts;
}

class Race {
 public:
  Race(const core::Bytes& bytes, std::uint64_t seed, std::span<const EngineKind> engines,
       const Effort& effort)
      : dice_(seed), effort_(effort), program_(core::sha256(bytes)) {
    found_.valid = true;
    const ProfileLimits limits = random_limits(dice_, effort.slots_max);
    for (const EngineKind& kind : engines) {
      contenders_.push_back(std::make_unique<Contender>(kind, limits, program_));
    }
  }

  Comparison run(const std::shared_ptr<const Module>& module) {
    const std::string linked = first().link(module);
    for (std::size_t i = 1; i < contenders_.size(); ++i) {
      if (const std::string other = contenders_[i]->link(module); other != linked) {
        found_.difference = "instantiation: " + linked + " and " + other;
        return found_;
      }
    }
    found_.linked = first().linked;
    if (found_.linked && call_all(*module)) check_marks();
    return found_;
  }

 private:
  Contender& first() { return *contenders_.front(); }

  void differ(const Contender& contender, const std::string& what) {
    if (!found_.difference) found_.difference = std::string(contender.name) + ": " + what;
  }

  void check_marks() {
    const bool hashes = effort_.hash_every != 0;
    const trace::StateRecord whole = hashes ? first().whole_record() : trace::StateRecord();
    for (const auto& contender : contenders_) {
      const bool marked =
          hashes ? contender->record() == whole : writes_are_marked(contender->store);
      if (marked && same_memories(first().store, contender->store)) continue;
      differ(*contender, "what was written is not all marked");
    }
  }

  /// False: an execution has not ended, or there is a difference.
  bool call_all(const Module& module) {
    if (first().start && !call("start", *first().start)) return false;
    std::size_t calls = 0;
    for (const Export& out : module.exports) {
      if (out.kind != ExternKind::function || ++calls > effort_.calls_max) continue;
      const Address function = first().store.instances[first().instance].functions[out.index];
      if (!call(out.name, function)) return false;
    }
    return true;
  }

  Slot random_argument(ValueType type) {
    if (!is_reference(type)) return random_number(dice_, type);
    if (dice_.one_in(2)) return null_reference;
    return 1 + dice_.below(type == ValueType::funcref ? first().store.functions.size() : 1000);
  }

  bool call(const std::string& name, Address function) {
    std::vector<Slot> arguments;
    for (const ValueType type : first().store.type_of(function).parameters) {
      arguments.push_back(random_argument(type));
    }
    for (const auto& contender : contenders_) {
      if (!contender->engine->begin(function, arguments)) differ(*contender, "arguments refused");
    }
    if (!same_state(name)) return false;
    constexpr std::uint32_t distances[] = {1, 1, 8, 64, 1000};
    std::uint64_t distance = 1 + dice_.below(dice_.pick(distances));
    const std::uint64_t begin = first().engine->steps();
    for (std::uint64_t checkpoints = 1;; ++checkpoints) {
      const bool ended = run_to(first().engine->steps() + distance, name);
      if (found_.difference) return false;
      if (ended) break;
      if (first().engine->steps() - begin >= effort_.steps_max) {
        ++found_.unfinished;
        found_.steps += first().engine->steps() - begin;
        return false;
      }
      if (checkpoints % dense_checkpoints == 0) distance *= 4;
    }
    found_.steps += first().engine->steps() - begin;
    ++found_.endings[static_cast<std::size_t>(first().engine->state().trap)];
    return true;
  }

  bool run_to(std::uint64_t steps, const std::string& name) {
    const bool ended = first().engine->run_to_suspend_point(steps);
    for (std::size_t i = 1; i < contenders_.size(); ++i) {
      Contender& other = *contenders_[i];
      if (other.engine->run_to_suspend_point(steps) != ended) differ(other, name + ": it ended");
      if (other.engine->steps() != first().engine->steps()) differ(other, name + ": steps()");
    }
    same_state(name);
    return ended;
  }

  bool same_state(const std::string& name) {
    const bool hashes = effort_.hash_every != 0 && found_.checkpoints % effort_.hash_every == 0;
    ++found_.checkpoints;
    const trace::StateRecord expected = hashes ? first().record() : trace::StateRecord();
    for (std::size_t i = 1; i < contenders_.size(); ++i) {
      Contender& other = *contenders_[i];
      const std::string parts = hashes ? difference_of(expected, other.record())
                                       : differing_parts(first().store, first().engine->state(),
                                                         other.store, other.engine->state());
      if (parts.empty()) continue;
      differ(other, name + ": " + parts + "; steps " + std::to_string(first().engine->steps()) +
                        " and " + std::to_string(other.engine->steps()));
    }
    return !found_.difference;
  }

  Dice dice_;
  Effort effort_;
  core::Digest program_;
  std::vector<std::unique_ptr<Contender>> contenders_;
  Comparison found_;
};

}  // namespace

Comparison compare_engines(const core::Bytes& bytes, Edition edition, std::uint64_t seed,
                           std::span<const EngineKind> engines, const Effort& effort) {
  auto loaded = load_module(bytes, edition);
  if (!loaded) return {};
  return Race(bytes, seed, engines, effort).run(std::make_shared<const Module>(*std::move(loaded)));
}

}  // namespace isotrace::wasm::tests
