#include <isotrace/wasm/numeric/opcode.hpp>

#include <array>

#include <isotrace/core/check.hpp>

namespace isotrace::wasm {
namespace {

constexpr OpcodeInfo rows[] = {
#define ISOTRACE_WASM_OPCODE(code, name, text, immediates, signature, alignment, edition) \
  OpcodeInfo{Opcode::name, text, Immediates::immediates, signature, alignment, Edition::edition},
#include <isotrace/wasm/numeric/opcodes.def>
#undef ISOTRACE_WASM_OPCODE
};

constexpr std::uint32_t prefix = prefix_byte << 8;

/// Rows by byte, and behind them those by number behind the prefix; nullptr: none.
constexpr auto by_code = [] {
  std::array<const OpcodeInfo*, 512> found{};
  for (const OpcodeInfo& row : rows) {
    const auto code = static_cast<std::uint32_t>(row.opcode);
    found[code < prefix ? code : 256 + code - prefix] = &row;
  }
  return found;
}();

}  // namespace

const OpcodeInfo* find_opcode(std::uint32_t code) {
  if (code < 256) return by_code[code];
  if (code < prefix || code >= prefix + 256) return nullptr;
  return by_code[256 + code - prefix];
}

const OpcodeInfo& opcode_info(Opcode opcode) {
  const OpcodeInfo* row = find_opcode(static_cast<std::uint32_t>(opcode));
  ISOTRACE_CHECK(row != nullptr, static_cast<unsigned>(opcode));
  return *row;
}

}  // namespace isotrace::wasm
