// Witnesses of strangers: read and judged as they are, and again with digests that cover what is
// shown, so that the judge executes opcodes on whatever bytes there are.
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <isotrace/wasm/witness/check_step.hpp>
#include <isotrace/wasm/witness/step.hpp>

namespace isotrace::tests {
namespace {

void require(bool fine, const char* what) {
  if (fine) return;
  std::cerr << what << '\n';
  std::abort();
}

/// Contents of strings that have few enough bytes to be shown whole.
void seal(trace::Contents& contents, std::size_t unit, const core::Blake3Opening& opening) {
  if (contents.size > (1U << 20)) return;
  core::OpenedBytes sealed(contents.size * unit, contents.digest);
  static_cast<void>(sealed.show(opening));
  contents.digest = sealed.digest();
}

void forge(wasm::Witness& witness) {
  for (const wasm::StringOpening& shown : witness.openings) {
    const std::uint32_t string = shown.string;
    if (string < wasm::program_strings) {
      seal(witness.program.strings[string], wasm::record_bytes[string], shown.opening);
    }
    if (string == wasm::frames_string) seal(witness.before.frames, 16, shown.opening);
    if (string == wasm::slots_string) seal(witness.before.slots, 8, shown.opening);
    if (string == wasm::globals_string) seal(witness.before.globals, 8, shown.opening);
    if (string == wasm::segments_string) seal(witness.before.segments, 4, shown.opening);
  }
  witness.before.program = wasm::program_digest(witness.program);
}

void run(core::ByteView bytes) {
  auto witness = wasm::parse_witness(bytes);
  if (!witness) return;
  const core::Bytes again = wasm::write_witness(*witness);
  require(std::ranges::equal(again, bytes), "a witness with two forms");
  static_cast<void>(wasm::check_step(*witness));
  forge(*witness);
  wasm::Step step(*witness);
  step.run();
}

}  // namespace
}  // namespace isotrace::tests

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  isotrace::tests::run({data, size});
  return 0;
}
