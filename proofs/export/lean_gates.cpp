#include "lean_gates.hpp"

#include <algorithm>
#include <queue>

namespace isotrace::proofs {
namespace {

// Indices of Wasm.v's `binary`.
enum Binary : std::uint32_t {
  add,
  sub,
  mul,
  and_bits = 7,
  or_bits,
  xor_bits,
  shl,
  shr_s,
  shr_u,
  rotl,
  rotr
};

LeanLit at(const LeanWord& word, std::size_t i) { return i < word.size() ? word[i] : lean_no; }

LeanWord product(LeanGates& gates, std::size_t width, const LeanWord& x, const LeanWord& y,
                 std::size_t from) {
  if (width == 0) return {};
  const LeanLit b = at(y, from);
  LeanWord rest = product(gates, width - 1, x, y, from + 1);
  rest.insert(rest.begin(), lean_no);
  LeanWord masked;
  for (const LeanLit a : x) masked.push_back(gates.both(a, b));
  return lean_sum(gates, width, masked, rest, lean_no);
}

LeanWord moved(std::uint32_t move, const LeanWord& x) {
  LeanWord rest(x.begin() + (x.empty() ? 0 : 1), x.end());
  LeanWord behind = x;
  const LeanLit last = x.empty() ? lean_no : x.back();
  const std::size_t width = x.size();
  switch (move) {
    case shl: behind.insert(behind.begin(), lean_no); return lean_fit(lean_no, width, behind);
    case rotl: behind.insert(behind.begin(), last); return lean_fit(lean_no, width, behind);
    case shr_s: return lean_fit(last, width, rest);
    case rotr: return lean_fit(at(x, 0), width, rest);
    default: return lean_fit(lean_no, width, rest);
  }
}

LeanWord barrel(LeanGates& gates, std::uint32_t move, LeanWord x, const LeanWord& amount) {
  std::size_t places = 1;
  for (const LeanLit bit : amount) {
    if (bit != lean_no) {
      LeanWord there = x;
      for (std::size_t i = 0; i < places; ++i) there = moved(move, there);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = gates.choose(bit, there[i], x[i]);
    }
    places *= 2;
  }
  return x;
}

}  // namespace

LeanLit LeanGates::make(bool is_xor, LeanLit a, LeanLit b) {
  if (a > b) std::swap(a, b);
  const auto [found, is_new] = known_.try_emplace({is_xor, a, b}, 0);
  if (is_new) {
    found->second = 2 + 2 * (inputs_ + static_cast<std::uint32_t>(gates_.size()));
    gates_.push_back({is_xor, a, b});
  }
  return found->second;
}

LeanLit LeanGates::both(LeanLit a, LeanLit b) {
  if (a == lean_no || b == lean_no) return lean_no;
  if (a == lean_yes || a == b) return b;
  if (b == lean_yes) return a;
  return a == inverse(b) ? lean_no : make(false, a, b);
}

LeanLit LeanGates::differ(LeanLit a, LeanLit b) {
  const LeanLit turned = (a ^ b) & 1U;
  a &= ~1U;
  b &= ~1U;
  if (a == b) return turned;
  if (a == lean_no || b == lean_no) return (a | b) ^ turned;
  return make(true, a, b) ^ turned;
}

LeanLit LeanGates::choose(LeanLit c, LeanLit a, LeanLit b) {
  if (c == lean_no || a == b) return b;
  if (c == lean_yes) return a;
  const LeanLit x = both(c, a);
  return either(x, both(inverse(c), b));
}

LeanLit LeanGates::sort(LeanLit literal) {
  // A gate can be numbered when its operands are. The next one is the least of those, which
  // gates that become possible by it do not change: their later operand is the newest.
  using Entry = std::tuple<LeanLit, LeanLit, bool, std::uint32_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
  std::vector<std::uint32_t> names(inputs_ + gates_.size());
  std::vector<int> missing(gates_.size());
  std::vector<std::vector<std::uint32_t>> users(gates_.size());
  const auto renamed = [&](LeanLit a) { return a < 2 ? a : 2 + 2 * names[a / 2 - 1] + (a & 1U); };
  const auto enter = [&](std::uint32_t gate) {
    const LeanLit a = renamed(gates_[gate].a);
    const LeanLit b = renamed(gates_[gate].b);
    open.emplace(std::max(a, b), std::min(a, b), gates_[gate].is_xor, gate);
  };
  for (std::uint32_t i = 0; i < inputs_; ++i) names[i] = i;
  for (std::uint32_t i = 0; i < gates_.size(); ++i) {
    for (const LeanLit a : {gates_[i].a, gates_[i].b}) {
      if (a / 2 - 1 < inputs_) continue;
      users[a / 2 - 1 - inputs_].push_back(i);
      ++missing[i];
    }
    if (missing[i] == 0) enter(i);
  }
  std::vector<LeanGate> sorted;
  while (!open.empty()) {
    const auto [b, a, is_xor, gate] = open.top();
    open.pop();
    names[inputs_ + gate] = inputs_ + static_cast<std::uint32_t>(sorted.size());
    sorted.push_back({is_xor, a, b});
    for (const std::uint32_t user : users[gate])
      if (--missing[user] == 0) enter(user);
  }
  gates_ = std::move(sorted);
  known_.clear();
  return renamed(literal);
}

LeanWord lean_constant(std::size_t width, std::uint64_t value) {
  LeanWord word;
  for (std::size_t i = 0; i < width; ++i) word.push_back(value >> i & 1U);
  return word;
}

LeanWord lean_fit(LeanLit z, std::size_t width, const LeanWord& word) {
  LeanWord out = word;
  out.resize(width, z);
  return out;
}

LeanWord lean_sum(LeanGates& gates, std::size_t width, const LeanWord& x, const LeanWord& y,
                  LeanLit c) {
  LeanWord out;
  for (std::size_t i = 0; i < width; ++i) {
    const LeanLit a = at(x, i);
    const LeanLit b = at(y, i);
    const LeanLit half = gates.differ(a, b);
    out.push_back(gates.differ(half, c));
    const LeanLit p = gates.both(half, c);
    const LeanLit q = gates.both(a, b);
    c = gates.either(p, q);
  }
  return out;
}

LeanWord lean_choose(LeanGates& gates, LeanLit c, std::size_t width, const LeanWord& x,
                     const LeanWord& y) {
  LeanWord out;
  for (std::size_t i = 0; i < width; ++i) out.push_back(gates.choose(c, at(x, i), at(y, i)));
  return out;
}

LeanLit lean_equals(LeanGates& gates, const LeanWord& x, const LeanWord& y, LeanLit from) {
  LeanLit all = from;
  for (std::size_t i = 0; i < std::max(x.size(), y.size()); ++i)
    all = gates.both(all, inverse(gates.differ(at(x, i), at(y, i))));
  return all;
}

LeanLit lean_zero(LeanGates& gates, const LeanWord& word) { return lean_equals(gates, word, {}); }

LeanWord lean_counted(LeanGates& gates, const CodeNode& node, const LeanWord& x) {
  LeanWord marks = x;
  LeanLit all = lean_yes;
  if (node.index == 0) {  // clz
    for (std::size_t i = x.size(); i-- > 0;) marks[i] = all = gates.both(inverse(x[i]), all);
  } else if (node.index == 1) {  // ctz
    for (std::size_t i = 0; i < x.size(); ++i) marks[i] = all = gates.both(all, inverse(x[i]));
  }
  const std::size_t width = node.wide ? 64 : 32;
  LeanWord count = lean_constant(width, 0);
  for (std::size_t i = marks.size(); i-- > 0;) count = lean_sum(gates, width, count, {}, marks[i]);
  return count;
}

LeanWord lean_compute(LeanGates& gates, const CodeNode& node, const LeanWord& x,
                      const LeanWord& y) {
  const std::size_t width = node.wide ? 64 : 32;
  LeanWord out;
  switch (node.index) {
    case add: return lean_sum(gates, width, x, y, lean_no);
    case sub: return lean_difference(gates, width, x, y);
    case mul: return product(gates, width, x, y, 0);
    case and_bits:
    case or_bits:
    case xor_bits:
      for (std::size_t i = 0; i < width; ++i) {
        const LeanLit a = at(x, i);
        const LeanLit b = at(y, i);
        if (node.index == and_bits) out.push_back(gates.both(a, b));
        if (node.index == or_bits) out.push_back(gates.either(a, b));
        if (node.index == xor_bits) out.push_back(gates.differ(a, b));
      }
      return out;
    default: break;
  }
  return barrel(gates, node.index, lean_fit(lean_no, width, x),
                lean_fit(lean_no, node.wide ? 6 : 5, y));
}

LeanWord lean_difference(LeanGates& gates, std::size_t width, const LeanWord& x,
                         const LeanWord& y) {
  LeanWord turned;
  for (std::size_t i = 0; i < width; ++i) turned.push_back(inverse(at(y, i)));
  return lean_sum(gates, width, x, turned, lean_yes);
}

LeanLit lean_ordered(LeanGates& gates, const LeanWord& x, const LeanWord& y, LeanLit from) {
  for (std::size_t i = 0; i < std::max(x.size(), y.size()); ++i) {
    const LeanLit b = at(y, i);
    from = i < x.size() ? gates.choose(gates.differ(x[i], b), b, from) : gates.either(b, from);
  }
  return from;
}

LeanWord lean_raised(LeanWord word) {
  if (!word.empty()) word.back() = inverse(word.back());
  return word;
}

LeanLit lean_compare(LeanGates& gates, std::uint32_t relation, LeanWord x, LeanWord y) {
  // eq, ne, lt_s, lt_u, gt_s, gt_u, le_s, le_u, ge_s, ge_u
  if (relation < 2) {
    const LeanLit same = lean_equals(gates, x, y);
    return relation == 0 ? same : inverse(same);
  }
  if (relation % 2 == 0) {
    x = lean_raised(std::move(x));
    y = lean_raised(std::move(y));
  }
  switch (relation / 2) {
    case 1: return lean_ordered(gates, x, y, lean_no);
    case 2: return lean_ordered(gates, y, x, lean_no);
    case 3: return lean_ordered(gates, x, y, lean_yes);
    default: return lean_ordered(gates, y, x, lean_yes);
  }
}

LeanWord lean_resize(const CodeNode& node, const LeanWord& x) {
  const LeanWord low = lean_fit(lean_no, node.index, x);
  return lean_fit(node.with_sign && !low.empty() ? low.back() : lean_no, node.wide ? 64 : 32, low);
}

LeanLit lean_same(LeanGates& gates, const LeanWord& x, const LeanWord& y) {
  if (x.size() != y.size()) return lean_no;
  LeanLit all = lean_yes;
  for (std::size_t i = x.size(); i-- > 0;) {
    const LeanLit different = gates.differ(x[i], y[i]);
    all = gates.both(inverse(different), all);
  }
  return all;
}

}  // namespace isotrace::proofs
