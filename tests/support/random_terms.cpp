#include "tests/support/random_terms.hpp"

#include <algorithm>

namespace isotrace::tests {
namespace {

using bits::MemoryValue;
using bits::Operation;
using bits::Term;
using bits::TermPool;
using bits::Value;

using Maker = Term (TermPool::*)(Term, Term);
struct Binary {
  Operation operation;
  Maker make;
};

constexpr Binary plain[] = {
    {Operation::bvand, &TermPool::bvand},  {Operation::bvor, &TermPool::bvor},
    {Operation::bvxor, &TermPool::bvxor},  {Operation::bvadd, &TermPool::bvadd},
    {Operation::bvadd, &TermPool::bvadd},  {Operation::bvsub, &TermPool::bvsub},
    {Operation::bvshl, &TermPool::bvshl},  {Operation::bvlshr, &TermPool::bvlshr},
    {Operation::bvashr, &TermPool::bvashr}};
constexpr Binary divisions[] = {{Operation::bvmul, &TermPool::bvmul},
                                {Operation::bvudiv, &TermPool::bvudiv},
                                {Operation::bvurem, &TermPool::bvurem},
                                {Operation::bvsdiv, &TermPool::bvsdiv},
                                {Operation::bvsrem, &TermPool::bvsrem}};
constexpr Binary comparisons[] = {{Operation::equal, &TermPool::equal},
                                  {Operation::bvult, &TermPool::bvult},
                                  {Operation::bvule, &TermPool::bvule},
                                  {Operation::bvslt, &TermPool::bvslt},
                                  {Operation::bvsle, &TermPool::bvsle}};
constexpr Binary connectives[] = {{Operation::bool_and, &TermPool::bool_and},
                                  {Operation::bool_or, &TermPool::bool_or},
                                  {Operation::bool_xor, &TermPool::bool_xor}};

template <std::size_t size>
const Binary& pick(const Binary (&list)[size], core::PhiloxStream& random) {
  return list[random.next_below(size)];
}

}  // namespace

RandomTerms::RandomTerms(TermPool& pool, std::uint64_t seed, RandomTermOptions options)
    : pool_(pool), random_(seed), options_(options) {
  if (!options_.memories) return;
  MemoryValue& memory = assignment_.memories["memory"];
  memory.otherwise = static_cast<std::uint8_t>(random_.next_u32());
  for (int i = 0; i < 8; ++i) {
    memory.bytes[static_cast<std::uint32_t>(random_.next_below(12))] =
        static_cast<std::uint8_t>(random_.next_u32());
  }
}

unsigned RandomTerms::width() {
  return 1 + static_cast<unsigned>(random_.next_below(options_.width_max));
}

RandomTerms::Valued RandomTerms::constant(unsigned width) {
  // Often those that rules are about.
  const Value choices[] = {0, 1, bits::mask(width), Value{1} << (width - 1), random_.next_u64()};
  const Value value = choices[random_.next_below(5)] & bits::mask(width);
  return {pool_.constant(value, width), value};
}

RandomTerms::Valued RandomTerms::variable(unsigned width) {
  const std::string name =
      "v" + std::to_string(width) + "_" + std::to_string(random_.next_below(options_.variables));
  const auto [place, is_new] = assignment_.scalars.emplace(name, 0);
  if (is_new) place->second = random_.next_u64() & (width == 0 ? 1 : bits::mask(width));
  return {pool_.variable(name, width == 0 ? bits::boolean_sort : bits::vector_sort(width)),
          place->second};
}

RandomTerms::Valued RandomTerms::leaf(unsigned width) {
  return chance(3) ? constant(width) : variable(width);
}

RandomTerms::Valued RandomTerms::binary(unsigned width, unsigned depth) {
  const Binary& chosen =
      options_.divisions && chance(4) ? pick(divisions, random_) : pick(plain, random_);
  const Valued a = vector(width, depth - 1);
  const Valued b = chance(8) ? a : vector(width, depth - 1);
  return {(pool_.*chosen.make)(a.term, b.term),
          bits::compute(chosen.operation, {a.value, b.value, 0}, width, 0, width)};
}

/// Something of another width made fit.
RandomTerms::Valued RandomTerms::resized(unsigned width, unsigned depth) {
  if (width > 1 && chance(2)) {
    const auto high_width = 1 + static_cast<unsigned>(random_.next_below(width - 1));
    const Valued high = vector(high_width, depth - 1);
    const Valued low = vector(width - high_width, depth - 1);
    return {pool_.concat(high.term, low.term), high.value << (width - high_width) | low.value};
  }
  if (width > 1 && chance(2)) {
    const auto narrow = 1 + static_cast<unsigned>(random_.next_below(width - 1));
    const Valued a = vector(narrow, depth - 1);
    if (chance(2)) return {pool_.zero_extend(a.term, width), a.value};
    return {pool_.sign_extend(a.term, width),
            bits::sign_extended(a.value, narrow) & bits::mask(width)};
  }
  const auto more = static_cast<unsigned>(
      random_.next_below(std::min(options_.width_max, bits::width_max - width + 1)));
  const Valued a = vector(width + more, depth - 1);
  const auto low = static_cast<unsigned>(random_.next_below(more + 1));
  return {pool_.extract(a.term, low + width - 1, low), a.value >> low & bits::mask(width)};
}

RandomTerms::Valued RandomTerms::vector(unsigned width, unsigned depth) {
  if (depth == 0) return leaf(width);
  if (options_.memories && width == bits::byte_width && chance(3)) return load(depth);
  switch (random_.next_below(8)) {
    case 0: {
      const Valued a = vector(width, depth - 1);
      return {pool_.bvnot(a.term), ~a.value & bits::mask(width)};
    }
    case 1: {
      const Valued a = vector(width, depth - 1);
      return {pool_.bvneg(a.term), (0 - a.value) & bits::mask(width)};
    }
    case 2: {
      const Valued condition = boolean(depth - 1);
      const Valued a = vector(width, depth - 1);
      const Valued b = vector(width, depth - 1);
      return {pool_.ite(condition.term, a.term, b.term), condition.value != 0 ? a.value : b.value};
    }
    case 3: return resized(width, depth);
    case 4: return leaf(width);
    default: return binary(width, depth);
  }
}

RandomTerms::Valued RandomTerms::comparison(unsigned depth) {
  const Binary& chosen = pick(comparisons, random_);
  const unsigned operand_width = width();
  const Valued a = vector(operand_width, depth - 1);
  const Valued b = chance(8) ? a : vector(operand_width, depth - 1);
  return {(pool_.*chosen.make)(a.term, b.term),
          bits::compute(chosen.operation, {a.value, b.value, 0}, operand_width, 0, 0)};
}

RandomTerms::Valued RandomTerms::connective(unsigned depth) {
  const Binary& chosen = pick(connectives, random_);
  const Valued a = boolean(depth - 1);
  const Valued b = chance(8) ? a : boolean(depth - 1);
  return {(pool_.*chosen.make)(a.term, b.term),
          bits::compute(chosen.operation, {a.value, b.value, 0}, 0, 0, 0)};
}

RandomTerms::Valued RandomTerms::boolean(unsigned depth) {
  if (depth == 0) {
    if (!chance(6)) return variable(0);
    const bool value = chance(2);
    return {pool_.boolean(value), value ? 1U : 0U};
  }
  switch (random_.next_below(6)) {
    case 0: {
      const Valued a = boolean(depth - 1);
      return {pool_.bool_not(a.term), a.value ^ 1};
    }
    case 1: {
      const Valued condition = boolean(depth - 1);
      const Valued a = boolean(depth - 1);
      const Valued b = boolean(depth - 1);
      return {pool_.ite(condition.term, a.term, b.term), condition.value != 0 ? a.value : b.value};
    }
    case 2:
    case 3: return connective(depth);
    default: return comparison(depth);
  }
}

/// Few different addresses, near each other, some of them from a base.
RandomTerms::Valued RandomTerms::address(unsigned depth) {
  const Value offset = random_.next_below(4);
  const Term offset_term = pool_.constant(offset, bits::address_width);
  if (chance(3)) return {offset_term, offset};
  const Valued base = vector(1 + static_cast<unsigned>(random_.next_below(3)), depth - 1);
  const Term wide = pool_.zero_extend(base.term, bits::address_width);
  return {pool_.bvadd(wide, offset_term), base.value + offset};
}

RandomTerms::Valued RandomTerms::load(unsigned depth) {
  const ValuedMemory from = memory(depth - 1);
  const Valued at = address(depth);
  return {pool_.select(from.term, at.term), from.value.at(static_cast<std::uint32_t>(at.value))};
}

RandomTerms::ValuedMemory RandomTerms::memory(unsigned depth) {
  if (depth == 0) {
    if (!chance(4)) {
      return {pool_.variable("memory", bits::memory_sort), assignment_.memories["memory"]};
    }
    const Valued byte = constant(bits::byte_width);
    return {pool_.array_constant(byte.term), {static_cast<std::uint8_t>(byte.value), {}}};
  }
  if (chance(4)) {
    const Valued condition = boolean(depth - 1);
    const ValuedMemory a = memory(depth - 1);
    const ValuedMemory b = memory(depth - 1);
    return {pool_.ite(condition.term, a.term, b.term), condition.value != 0 ? a.value : b.value};
  }
  ValuedMemory changed = memory(depth - 1);
  if (chance(3)) {  // a table
    for (std::uint32_t i = 0; i < 6; ++i) {
      const Valued byte = leaf(bits::byte_width);
      changed.term = pool_.store(changed.term, pool_.constant(i, bits::address_width), byte.term);
      changed.value.bytes[i] = static_cast<std::uint8_t>(byte.value);
    }
    return changed;
  }
  const Valued at = address(depth);
  const Valued byte = vector(bits::byte_width, depth - 1);
  changed.term = pool_.store(changed.term, at.term, byte.term);
  changed.value.bytes[static_cast<std::uint32_t>(at.value)] = static_cast<std::uint8_t>(byte.value);
  return changed;
}

}  // namespace isotrace::tests
