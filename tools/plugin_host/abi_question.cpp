#include <isotrace/tools/plugin_host/abi_question.hpp>

#include <cstring>

namespace isotrace::tools {
namespace {

isotrace_attribute abi_attribute(const core::Attribute& attribute) {
  isotrace_attribute out{};
  out.struct_size = sizeof out;
  out.name = attribute.name.c_str();
  out.kind = static_cast<std::uint32_t>(core::attribute_kinds[attribute.value.index()]);
  if (const auto* integer = std::get_if<std::int64_t>(&attribute.value)) out.integer = *integer;
  if (const auto* real = std::get_if<float>(&attribute.value)) out.real = *real;
  if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    out.text = text->c_str();
    out.count = text->size();
  }
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&attribute.value)) {
    out.integers = integers->data();
    out.count = integers->size();
  }
  if (const auto* reals = std::get_if<std::vector<float>>(&attribute.value)) {
    out.reals = reals->data();
    out.count = reals->size();
  }
  return out;
}

}  // namespace

AbiQuestion::AbiQuestion(const backends::plugin::Question& question) {
  for (const auto& dtype : question.operands) {
    dtypes_.push_back(dtype ? static_cast<std::uint32_t>(*dtype) : 0);
  }
  for (const core::Attribute& attribute : question.attributes) {
    attributes_.push_back(abi_attribute(attribute));
  }
  for (const isotrace_attribute& attribute : attributes_) pointers_.push_back(&attribute);
  question_.struct_size = sizeof question_;
  question_.operation_number = static_cast<std::uint32_t>(question.op);
  question_.operation = core::op_info(question.op).name.data();  // of a literal: ends with a zero
  question_.operand_count = static_cast<std::uint32_t>(dtypes_.size());
  question_.result_count = question.results;
  question_.operand_dtypes = dtypes_.data();
  question_.attribute_count = static_cast<std::uint32_t>(pointers_.size());
  question_.attributes = pointers_.data();
}

void Explanation::take(void* host, const char* text) noexcept {
  try {
    static_cast<Explanation*>(host)->text_ = text_of(text, backends::plugin::detail_bytes_max);
  } catch (...) {
    // Without memory there is no explanation.
  }
}

std::string text_of(const char* text, std::size_t bytes_max) {
  return text == nullptr ? std::string() : std::string(text, ::strnlen(text, bytes_max));
}

}  // namespace isotrace::tools
