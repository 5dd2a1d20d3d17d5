#include <isotrace/wasm/witness/program.hpp>

namespace isotrace::wasm {

core::Digest program_digest(const Program& program) {
  core::ByteWriter out;
  out.text("isotrace.wasm.program.v1").u8(static_cast<std::uint8_t>(program.edition));
  const ProfileLimits& limits = program.limits;
  out.u64(limits.memory_pages_max).u64(limits.table_elements_max);
  out.u64(limits.frames_max).u64(limits.slots_max);
  for (const trace::Contents& contents : program.strings) {
    out.u64(contents.size).raw(contents.digest.view());
  }
  return core::sha256(out.bytes());
}

}  // namespace isotrace::wasm
