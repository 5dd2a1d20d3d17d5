#include "linear_form.hpp"

namespace isotrace::proofs {
namespace {

constexpr std::size_t bits_max = 8192;
constexpr std::size_t bits_total_max = std::size_t{1} << 28;

std::size_t bits(const core::Integer& value) {
  return value == 0 ? 1 : boost::multiprecision::msb(core::Integer(abs(value))) + 1;
}

}  // namespace

bool LinearArithmetic::charge(const core::Rational& value) {
  const std::size_t size = bits(numerator(value)) + bits(denominator(value));
  bits_used_ += size;
  return size <= bits_max && bits_used_ <= bits_total_max;
}

bool LinearArithmetic::add(LinearForm& target, const LinearForm& value,
                           const core::Rational& factor) {
  target.constant += factor * value.constant;
  if (!charge(target.constant)) return false;
  for (const auto& [variable, coefficient] : value.terms) {
    core::Rational& sum = target.terms[variable];
    sum += factor * coefficient;
    if (!charge(sum)) return false;
    if (sum == 0) target.terms.erase(variable);
  }
  return true;
}

bool LinearArithmetic::scale(LinearForm& target, const core::Rational& factor) {
  if (factor == 0) target.terms.clear();
  target.constant *= factor;
  if (!charge(target.constant)) return false;
  for (auto& [variable, coefficient] : target.terms) {
    coefficient *= factor;
    if (!charge(coefficient)) return false;
  }
  return true;
}

}  // namespace isotrace::proofs
