#include <isotrace/smt/number_text.hpp>

#include <algorithm>

namespace isotrace::smt {
namespace {

bool is_number(const std::string& digits) {
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos;
}

/// Not octal, whatever it begins with.
core::Integer decimal(const std::string& digits) {
  return core::Integer(digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1)));
}

}  // namespace

core::Result<core::Rational> read_number_text(const std::string& text) {
  const std::size_t begin = text.starts_with('-') ? 1 : 0;
  const std::size_t bar = std::min(text.find('/'), text.size());
  const std::string above = text.substr(begin, bar - begin);
  const std::string below = bar == text.size() ? "1" : text.substr(bar + 1);
  if (!is_number(above) || !is_number(below) || decimal(below) == 0) {
    return core::refuse(core::RefusalCode::solver_failed, "number", text.substr(0, 80));
  }
  const core::Rational number(decimal(above), decimal(below));
  return begin == 1 ? core::Rational(-number) : number;
}

}  // namespace isotrace::smt
