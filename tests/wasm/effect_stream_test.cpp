// The stream of effects: every engine gives the same one, and what goes wrong on the way shows.
#include <isotrace/wasm/effect_stepper.hpp>
#include <isotrace/wasm/fast/engine.hpp>

#include "tests/wasm/machine.hpp"
#include "tests/wasm/random/host.hpp"
#include "tests/wasm/random/module.hpp"
#include "tests/wasm/relay.hpp"

namespace isotrace::wasm::tests {
namespace {

constexpr std::uint64_t seeds = 1500;
constexpr std::uint64_t steps_max = 4000;  // of one call, about

enum class Kind { reference, fast, relay };

/// A module's calls one after the other, until one does not end.
struct Noted {
  explicit Noted(std::shared_ptr<const Module> a_module)
      : module(std::move(a_module)), code(*module) {
    store.limits.frames_max = 200;
  }

  /// False: it cannot be instantiated.
  bool link() {
    Namespaces names;
    names["spectest"] = *make_spectest(store);
    names["host"] = make_random_host(store);
    const auto imports = resolve_imports(store, *module, names);
    if (!imports) return false;
    const auto made = instantiate(store, module, *imports);
    if (!made || made->trap != Trap::none) return false;
    instance = made->instance;
    return true;
  }

  std::unique_ptr<Engine> make(Kind kind) {
    if (kind == Kind::reference) return std::make_unique<EffectStepper>(store, stream, code);
    if (kind == Kind::fast) return std::make_unique<FastEngine>(store, stream, code);
    return std::make_unique<Relay>(make(Kind::fast), make(Kind::reference), 1);
  }

  EffectStream::Summary run(Kind kind) {
    const auto engine = make(kind);
    for (const auto& [name, value] : exports_of(store, instance)) {
      if (value.kind != ExternKind::function) continue;
      const std::size_t parameters = store.type_of(value.address).parameters.size();
      EXPECT_TRUE(engine->begin(value.address, std::vector<Slot>(parameters)).has_value());
      if (!engine->run_to_suspend_point(engine->steps() + steps_max)) break;
      steps = engine->steps();
    }
    return stream.finish({});
  }

  std::shared_ptr<const Module> module;
  CodeTable code;
  Store store;
  EffectStream stream;
  Address instance = 0;
  std::uint64_t steps = 0;
};

std::optional<EffectStream::Summary> digest_of(const std::shared_ptr<const Module>& module,
                                               Kind kind) {
  Noted run(module);
  if (!run.link()) return std::nullopt;
  return run.run(kind);
}

TEST(EffectStream, is_the_same_on_all_engines_for_random_modules) {
  std::uint64_t compared = 0;
  std::uint64_t bytes = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const Edition edition = seed % 4 == 0 ? Edition::mvp : Edition::v2;
    auto loaded = load_module(random_module(seed, {.edition = edition}), edition);
    ASSERT_TRUE(loaded.has_value()) << seed;
    const auto module = std::make_shared<const Module>(*std::move(loaded));
    const auto expected = digest_of(module, Kind::reference);
    if (!expected) continue;
    for (const Kind kind : {Kind::fast, Kind::relay}) {
      const auto actual = digest_of(module, kind);
      ASSERT_EQ(actual->bytes, expected->bytes) << "seed " << seed;
      ASSERT_EQ(actual->digest, expected->digest) << "seed " << seed;
    }
    ++compared;
    bytes += expected->bytes;
  }
  EXPECT_GT(compared, seeds / 2);
  EXPECT_GT(bytes, compared * 100);
}

/// f(n): counts n down by the addend, and adds to memory what is left each time.
std::shared_ptr<const Module> counting_module(std::uint32_t addend) {
  const Bytes body = op(Opcode::loop) + Bytes{0x40} + push_i32(8) + push_i32(8) +
                     op(Opcode::i32_load) + Bytes{2, 0} + op(Opcode::local_get, 0) +
                     op(Opcode::i32_add) + op(Opcode::i32_store) + Bytes{2, 0} +
                     op(Opcode::local_get, 0) + push_i32(static_cast<std::int32_t>(addend)) +
                     op(Opcode::i32_sub) + op(Opcode::local_tee, 0) + op(Opcode::br_if, 0) +
                     op(Opcode::end) + op(Opcode::local_get, 0);
  auto loaded = load_module(ModuleBuilder()
                                .add_function({{ValueType::i32}, {ValueType::i32}}, body)
                                .add_memory(1)
                                .add_export("f", ExternKind::function, 0)
                                .bytes(),
                            Edition::v2);
  EXPECT_TRUE(loaded.has_value()) << core::describe(loaded.error());
  return std::make_shared<const Module>(*std::move(loaded));
}

EffectStream::Summary run_counting(std::uint32_t addend, Slot argument, Slot at_begin, Kind kind) {
  Noted run(counting_module(addend));
  EXPECT_TRUE(run.link());
  run.store.memories.back().data.bytes()[8] = static_cast<std::uint8_t>(at_begin);
  const auto engine = run.make(kind);
  EXPECT_TRUE(engine->begin(run.store.instances.back().functions[0], {&argument, 1}).has_value());
  EXPECT_TRUE(engine->run_to_suspend_point(UINT64_MAX));
  return run.stream.finish({});
}

TEST(EffectStream, fills_many_pieces_and_differs_where_a_value_differs) {
  constexpr Slot rounds = 200'000;
  const auto expected = run_counting(1, rounds, 0, Kind::reference);
  EXPECT_GT(expected.bytes, 3 * EffectStream::piece_bytes);
  for (const Kind kind : {Kind::fast, Kind::relay}) {
    EXPECT_EQ(run_counting(1, rounds, 0, kind).digest, expected.digest);
    EXPECT_NE(run_counting(1, rounds, 1, kind).digest, expected.digest);
  }
  EXPECT_NE(run_counting(2, rounds, 0, Kind::fast).digest, expected.digest);
}

}  // namespace
}  // namespace isotrace::wasm::tests
