#include <isotrace/wasm/types.hpp>

namespace isotrace::wasm {
namespace {

std::string list_text(TypeList types) {
  std::string text = "(";
  for (const ValueType type : types) {
    if (text.size() > 1) text += ' ';
    text += type_name(type);
  }
  return text + ")";
}

}  // namespace

std::string_view type_name(ValueType type) {
  switch (type) {
    case ValueType::i32: return "i32";
    case ValueType::i64: return "i64";
    case ValueType::f32: return "f32";
    case ValueType::f64: return "f64";
    case ValueType::funcref: return "funcref";
    case ValueType::externref: return "externref";
  }
  return "any";
}

std::string type_text(const FunctionType& type) {
  return list_text(type.parameters) + " -> " + list_text(type.results);
}

}  // namespace isotrace::wasm
