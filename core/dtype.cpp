#include <isotrace/core/dtype.hpp>

#include <array>
#include <map>
#include <string>

#include <isotrace/core/check.hpp>

namespace isotrace::core {
namespace {

struct Row {
  Dtype dtype;
  std::string_view name;
  std::size_t bytes;
};

constexpr std::array<Row, 22> rows = {{{Dtype::f32, "f32", 4},
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
                                       {Dtype::boolean, "bool", 1},
                                       {Dtype::f8e4m3fn, "f8e4m3fn", 1},
                                       {Dtype::f8e4m3fnuz, "f8e4m3fnuz", 1},
                                       {Dtype::f8e5m2, "f8e5m2", 1},
                                       {Dtype::f8e5m2fnuz, "f8e5m2fnuz", 1},
                                       {Dtype::i4, "i4", 1},
                                       {Dtype::u4, "u4", 1},
                                       {Dtype::i2, "i2", 1},
                                       {Dtype::u2, "u2", 1},
                                       {Dtype::f4e2m1, "f4e2m1", 1}}};

const Row& row_of(Dtype dtype) {
  const auto index = static_cast<std::size_t>(dtype) - 1;
  ISOTRACE_CHECK(index < rows.size(), index);
  return rows[index];
}

std::map<Dtype, std::string> make_structure_names() {
  std::map<Dtype, std::string> names;
  for (const Row& row : rows) {
    const std::string sequence = "seq(" + std::string(row.name) + ")";
    names[sequence_of(row.dtype)] = sequence;
    names[optional_of(row.dtype)] = "optional(" + std::string(row.name) + ")";
    names[optional_of(sequence_of(row.dtype))] = "optional(" + sequence + ")";
  }
  return names;
}

}  // namespace

std::size_t dtype_bytes(Dtype dtype) { return is_structured(dtype) ? 1 : row_of(dtype).bytes; }
std::string_view dtype_name(Dtype dtype) {
  static const auto structures = make_structure_names();
  return is_structured(dtype) ? structures.at(dtype) : row_of(dtype).name;
}

std::optional<Dtype> find_dtype(std::string_view name) {
  for (const Row& row : rows) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

std::optional<Dtype> dtype_from_number(std::uint8_t number) {
  const auto tensor = static_cast<std::uint8_t>(element_of(static_cast<Dtype>(number)));
  if (tensor < 1 || tensor > rows.size()) return std::nullopt;
  return static_cast<Dtype>(number);
}

bool is_float(Dtype dtype) {
  return dtype <= Dtype::bf16 || (dtype >= Dtype::f8e4m3fn && dtype <= Dtype::f8e5m2fnuz) ||
         dtype == Dtype::f4e2m1;
}
bool is_integer(Dtype dtype) {
  return !is_float(dtype) && dtype != Dtype::boolean && !is_structured(dtype);
}

}  // namespace isotrace::core
