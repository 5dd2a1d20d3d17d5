#include <isotrace/core/dtype.hpp>

#include <array>

#include <isotrace/core/check.hpp>

namespace isotrace::core {
namespace {

struct Row {
  Dtype dtype;
  std::string_view name;
  std::size_t bytes;
};

constexpr std::array<Row, 13> rows = {{{Dtype::f32, "f32", 4},
                                       {Dtype::f64, "f64", 8},
                                       {Dtype::f16, "f16", 2},
                                       {Dtype::bf16, "bf16", 2},
                                       {Dtype::i8, "i8", 1},
                                       {Dtype::u8, "u8", 1},
                                       {Dtype::i16, "i16", 2},
                                       {Dtype::u16, "u16", 2},
                                       {Dtype::i32, "i32", 4},
                                       {Dtype::u32, "u32", 4},
                                       {Dtype::i64, "i64", 8},
                                       {Dtype::u64, "u64", 8},
                                       {Dtype::boolean, "bool", 1}}};

const Row& row_of(Dtype dtype) {
  const auto index = static_cast<std::size_t>(dtype) - 1;
  ISOTRACE_CHECK(index < rows.size(), index);
  return rows[index];
}

}  // namespace

std::size_t dtype_bytes(Dtype dtype) { return row_of(dtype).bytes; }
std::string_view dtype_name(Dtype dtype) { return row_of(dtype).name; }

std::optional<Dtype> find_dtype(std::string_view name) {
  for (const Row& row : rows) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

std::optional<Dtype> dtype_from_number(std::uint8_t number) {
  if (number < 1 || number > rows.size()) return std::nullopt;
  return static_cast<Dtype>(number);
}

bool is_float(Dtype dtype) { return static_cast<std::uint8_t>(dtype) <= 4; }
bool is_integer(Dtype dtype) { return !is_float(dtype) && dtype != Dtype::boolean; }

}  // namespace isotrace::core
