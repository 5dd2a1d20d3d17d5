#include "tests/referee/lying_party.hpp"

#include <random>

namespace isotrace::referee::tests {
namespace {

class Liar {
 public:
  Liar(std::uint32_t seed, unsigned one_in) : random_(seed), one_in_(one_in) {}

  bool lies() { return below(one_in_) == 0; }
  std::uint64_t below(std::uint64_t most) { return random_() % most; }
  void flip(std::uint8_t& byte) { byte ^= static_cast<std::uint8_t>(1U << below(8)); }

  void spoil(core::Digest& digest) { flip(digest.bytes[below(32)]); }
  void spoil(std::uint64_t& number) {
    constexpr std::uint64_t large = std::uint64_t{1} << 60;
    switch (below(5)) {
      case 0: number = 0; break;
      case 1: number = below(2) == 0 ? UINT64_MAX : large; break;
      case 2: number /= 2; break;
      case 3: ++number; break;
      default: --number; break;
    }
  }
  void spoil(core::Bytes& bytes) {
    switch (bytes.empty() ? 2 : below(4)) {
      case 0: bytes.resize(below(bytes.size())); break;
      case 1: bytes.clear(); break;
      case 2: bytes.push_back(static_cast<std::uint8_t>(below(256))); break;
      default: flip(bytes[below(bytes.size())]); break;
    }
  }
  void spoil(std::vector<core::Digest>& list) {
    switch (list.empty() ? 1 : below(3)) {
      case 0: list.pop_back(); break;
      case 1: list.emplace_back(); break;
      default: spoil(list[below(list.size())]); break;
    }
  }
  void spoil(Commitment& commitment) {
    switch (below(5)) {
      case 0: spoil(commitment.root); break;
      case 1: spoil(commitment.leaves); break;
      case 2: spoil(commitment.identity); break;
      case 3: spoil(commitment.path); break;
      default: spoil(commitment.peaks); break;
    }
  }
  void spoil(Children& children) { spoil(below(2) == 0 ? children.left : children.right); }
  void spoil(std::vector<OpenedLeaf>& leaves) {
    if (leaves.empty() || below(4) == 0) {
      leaves.resize(below(leaves.size() + 2));
      return;
    }
    OpenedLeaf& leaf = leaves[below(leaves.size())];
    if (below(2) == 0) {
      spoil(leaf.record);
    } else {
      spoil(leaf.path);
    }
  }

  template <class T>
  void operator()(Answer<T>& answer) {
    if (!lies()) return;
    if (below(8) == 0 || !answer) {
      answer = tl::unexpected<Fault>(Fault{static_cast<Fault::Kind>(below(5)), {}});
    } else {
      spoil(*answer);
    }
  }

 private:
  std::mt19937 random_;
  unsigned one_in_;
};

}  // namespace

void lie_at_random(LyingParty& party, std::uint32_t seed, unsigned one_in) {
  const auto liar = std::make_shared<Liar>(seed, one_in);
  party.on_commit = [liar](auto& answer) { (*liar)(answer); };
  party.on_halve = [liar](unsigned, auto& answer) { (*liar)(answer); };
  party.on_open = [liar](auto, auto& answer) { (*liar)(answer); };
  party.on_fetch = [liar](const Evidence&, auto& answer) { (*liar)(answer); };
  party.on_span = [liar](auto& answer) { (*liar)(answer); };
  party.on_roots = [liar](auto, auto& answer) { (*liar)(answer); };
}

}  // namespace isotrace::referee::tests
