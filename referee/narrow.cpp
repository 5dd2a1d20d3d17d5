#include <isotrace/referee/narrow.hpp>

#include <algorithm>

namespace isotrace::referee {
namespace {

/// Positions between, equally far apart.
std::vector<std::uint64_t> positions_between(std::uint64_t lo, std::uint64_t hi) {
  const std::uint64_t count = std::min<std::uint64_t>(hi - lo - 1, positions_asked_max - 1);
  // (hi - lo) * i could overflow; stride and rest cannot.
  const std::uint64_t stride = (hi - lo) / (count + 1);
  const std::uint64_t rest = (hi - lo) % (count + 1);
  std::vector<std::uint64_t> positions;
  for (std::uint64_t i = 1; i <= count; ++i)
    positions.push_back(lo + stride * i + std::min(i, rest));
  return positions;
}

}  // namespace

std::optional<std::vector<core::Digest>> ask_roots(const Side& side, std::uint64_t leaf,
                                                   std::span<const std::uint64_t> positions) {
  auto roots = take(side, side.party.roots(leaf, positions));
  if (roots && roots->size() != positions.size()) {
    side.blame(Standing::failed, "sent another number of roots than it was asked for");
    return std::nullopt;
  }
  return roots;
}

bool narrow(Hearing& hearing, std::uint64_t leaf, Parting& parting) {
  while (parting.hi - parting.lo > 1) {
    const std::vector<std::uint64_t> positions = positions_between(parting.lo, parting.hi);
    ++hearing.ruling.rounds;
    const auto a = ask_roots(hearing.a, leaf, positions);
    const auto b = ask_roots(hearing.b, leaf, positions);
    if (!a || !b) return false;
    const auto parted = std::ranges::mismatch(*a, *b);
    const auto first = static_cast<std::size_t>(parted.in1 - a->begin());
    if (first < positions.size()) {
      parting.hi = positions[first];
      parting.hi_root = {(*a)[first], (*b)[first]};
    }
    if (first > 0) {
      parting.lo = positions[first - 1];
      parting.lo_root = (*a)[first - 1];
    }
  }
  return true;
}

}  // namespace isotrace::referee
