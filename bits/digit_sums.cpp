#include <isotrace/bits/digit_sums.hpp>

namespace isotrace::bits {

void WireSum::add(std::uint32_t wire, Integer weight) {
  if ((wire & 1) != 0) {
    add(0, weight);
    return add(wire ^ 1, -weight);
  }
  Integer& there = weights[wire];
  if (wire == 0 || there < 0) low -= there;
  if (wire == 0 || there > 0) high -= there;
  there += weight;
  if (wire == 0 || there < 0) low += there;
  if (wire == 0 || there > 0) high += there;
  if (there == 0) weights.erase(wire);
}

/// Digits d0 + 2 d1 + 4 d2 ... less what they are worth is 0, and so are multiples of that: adding
/// one is right whatever the weights are, and done where the lower digits go away or become fewer.
void DigitSums::add(WireSum& sum, std::uint32_t wire, WireSum::Integer weight) {
  constexpr std::size_t work_max = std::size_t{1} << 22;
  sum.add(wire, weight);
  const auto top = by_top_.find(wire & ~1U);
  if (top == by_top_.end() || work_ > work_max) return;
  const WireSum& worth = top->second;
  const Digits& digits = known_.at(worth);
  const std::size_t last = digits.size() - 1;
  const WireSum::Integer whole = wire == digits[last] ? weight : -weight;
  const WireSum::Integer times = whole >> last;
  if (times << last != whole) return;
  for (std::size_t i = 0; i < last; ++i) {
    const auto there = sum.weights.find(digits[i] & ~1U);
    const WireSum::Integer share = (digits[i] & 1) != 0 ? -(times << i) : times << i;
    if (there == sum.weights.end()) return;
    if (share < 0 ? there->second > share : there->second < share) return;
  }
  for (std::size_t i = 0; i <= last; ++i) sum.add(digits[i], -(times << i));
  for (const auto& [node, k] : worth.weights) sum.add(node, times * k);
  work_ += worth.weights.size();
}

const DigitSums::Digits* DigitSums::find(const WireSum& sum) const {
  const auto place = known_.find(sum);
  return place == known_.end() ? nullptr : &place->second;
}

const WireSum* DigitSums::find_top(std::uint32_t wire) const {
  const auto place = by_top_.find(wire);
  return place == by_top_.end() ? nullptr : &place->second;
}

void DigitSums::keep(const WireSum& sum, const Digits& digits) {
  constexpr std::size_t wires_max = 128;
  if (sum.weights.size() < 2 || sum.weights.size() > wires_max) return;
  if (!known_.try_emplace(sum, digits).second || digits.back() <= 1) return;
  by_top_.try_emplace(digits.back() & ~1U, sum);
}

}  // namespace isotrace::bits
