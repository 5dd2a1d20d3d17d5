// All engines side by side: on modules of strangers, and on the random module of a seed. The first
// byte says which, the next eight are the seed.
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "tests/wasm/random/compare.hpp"
#include "tests/wasm/random/module.hpp"

namespace isotrace::tests {
namespace {

constexpr std::size_t head_bytes = 9;
// What engines do otherwise shows early; loops of strangers only take time.
constexpr std::uint64_t steps_max = 1000;
constexpr std::size_t calls_max = 4;
// Comparing states is as strict as comparing their digests, and cheaper. Digests are made of what
// changed alone, as traces have them, in one run of eight.
constexpr std::uint64_t hashing_runs = 8;
constexpr std::uint64_t hash_every = 4;
constexpr std::uint64_t slots_max = 4000;

void require_agreement(const core::Bytes& module, wasm::Edition edition, std::uint64_t seed,
                       bool must_be_valid) {
  // Seeds that stand before the modules of a corpus are all the same.
  const bool hashes = (seed + module.size()) % hashing_runs == 0;
  const wasm::tests::Effort effort = {.steps_max = steps_max,
                                      .calls_max = calls_max,
                                      .hash_every = hashes ? hash_every : 0,
                                      .slots_max = slots_max};
  const auto found =
      wasm::tests::compare_engines(module, edition, seed, wasm::tests::engine_kinds, effort);
  if (found.difference) {
    std::cerr << *found.difference << '\n';
    std::abort();
  }
  if (must_be_valid && !found.valid) {
    std::cerr << "seed " << seed << ": not a valid module\n";
    std::abort();
  }
}

void run(core::ByteView bytes) {
  if (bytes.size() < head_bytes) return;
  const auto edition = (bytes[0] & 1U) != 0 ? wasm::Edition::mvp : wasm::Edition::v2;
  std::uint64_t seed = 0;
  std::memcpy(&seed, bytes.data() + 1, sizeof seed);
  if ((bytes[0] & 2U) != 0) {
    require_agreement(wasm::tests::random_module(seed, {.edition = edition}), edition, seed, true);
  } else {
    const core::ByteView module = bytes.subspan(head_bytes);
    require_agreement(core::Bytes(module.begin(), module.end()), edition, seed, false);
  }
}

}  // namespace
}  // namespace isotrace::tests

/// Where memory was allocated, a finding can be asked again.
extern "C" const char* __asan_default_options() {
  return "malloc_context_size=0:quarantine_size_mb=16";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  isotrace::tests::run({data, size});
  return 0;
}
