// The types of WebAssembly 2.0 without vectors (specification, "Types"), and values of them: a
// value is a slot of 64 bits, whatever its type.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/wasm/numeric/slot.hpp>

namespace isotrace::wasm {

/// The byte of the binary format.
enum class ValueType : std::uint8_t {
  i32 = 0x7F,
  i64 = 0x7E,
  f32 = 0x7D,
  f64 = 0x7C,
  funcref = 0x70,
  externref = 0x6F,
};

using TypeList = std::span<const ValueType>;

inline constexpr bool is_reference(ValueType type) {
  return type == ValueType::funcref || type == ValueType::externref;
}

struct FunctionType {
  std::vector<ValueType> parameters;
  std::vector<ValueType> results;
  auto operator<=>(const FunctionType&) const = default;
};

/// Of a memory in pages of 64 KiB, of a table in elements.
struct Limits {
  std::uint32_t least = 0;
  std::optional<std::uint32_t> most;
  std::uint32_t offset = 0;  ///< where the module says so
};

struct MemoryType {
  Limits limits;
};

struct TableType {
  ValueType element = ValueType::funcref;
  Limits limits;
};

struct GlobalType {
  ValueType value = ValueType::i32;
  bool is_mutable = false;
  bool operator==(const GlobalType&) const = default;
};

inline constexpr std::uint64_t page_bytes = 65536;
inline constexpr std::uint32_t address_pages_max = 65536;  ///< 2^32 bytes

std::string_view type_name(ValueType type);
/// "(i32 i64) -> (f32)".
std::string type_text(const FunctionType& type);

}  // namespace isotrace::wasm
