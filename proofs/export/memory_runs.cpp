#include "memory_runs.hpp"

namespace isotrace::proofs {
namespace {

/// Zeros that stand between others in one run: a new run would be longer.
constexpr std::size_t zeros_max = 8;
/// Coq reads long numbers slowly.
constexpr std::size_t run_bytes_max = 256;

void add_byte(MemoryRuns& runs, std::uint32_t address, std::uint8_t byte) {
  if (byte == 0) return;
  const auto continues = [&] {
    if (runs.empty()) return false;
    const auto& [begin, bytes] = runs.back();
    return address - begin - bytes.size() <= zeros_max && address - begin < run_bytes_max;
  };
  if (!continues()) runs.emplace_back(address, core::Bytes{});
  auto& [begin, bytes] = runs.back();
  bytes.resize(address - begin);
  bytes.push_back(byte);
}

/// The bytes at the addresses that agree with `prefix` from `bit` up.
void find_runs(const obligation::MemoryImage& image, unsigned bit, std::uint32_t prefix,
               MemoryRuns& runs) {
  if (image.untouched(prefix, bit)) return;
  if (bit == 0) return add_byte(runs, prefix, image.at(prefix));
  find_runs(image, bit - 1, prefix, runs);
  find_runs(image, bit - 1, prefix | 1U << (bit - 1), runs);
}

}  // namespace

MemoryRuns find_memory_runs(const obligation::MemoryImage& image) {
  MemoryRuns runs;
  find_runs(image, 32, 0, runs);
  return runs;
}

}  // namespace isotrace::proofs
