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
constexpr wasm::tests::Effort effort = {.steps_max = 1000, .calls_max = 4};

void require_agreement(const core::Bytes& module, wasm::Edition edition, std::uint64_t seed,
                       bool must_be_valid) {
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

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  isotrace::tests::run({data, size});
  return 0;
}
