#include <isotrace/bits/blast.hpp>

#include <optional>
#include <unordered_map>

#include <isotrace/bits/choices.hpp>
#include <isotrace/bits/residues.hpp>
#include <isotrace/core/check.hpp>

namespace isotrace::bits {
namespace {

class Blaster {
 public:
  Blaster(const TermPool& pool, std::size_t clauses_max)
      : pool_(pool), gates_(clauses_max, true), words_(pool.size()) {}

  core::Result<Blasted> run(Term assertion) {
    const std::vector<Term> order = pool_.post_order({assertion});
    Residues residues(pool_, order);
    std::size_t made = 0;
    for (const Term term : order) {
      if (pool_.sort(term) != memory_sort) words_[term.index] = make_word(term);
      residues.note(gates_, term, words_);
      if (gates_.full()) break;
      if (++made % 64 == 0 && pool_.is_stopped())
        return core::refuse(core::RefusalCode::limit_exceeded, "terms", "out of time");
    }
    if (!gates_.full()) {
      gates_.demand({words_[assertion.index][0]});
      for (const Read& read : reads_) {
        for (const Wire wire : read.address) gates_.keep(wire);
      }
    }
    Blasted result;
    ISOTRACE_TRY(result.cnf, gates_.formula());
    for (const Term variable : inputs_) {
      result.inputs.push_back({variable, literals(words_[variable.index])});
    }
    for (const Read& read : reads_) {
      result.reads.push_back({read.memory, literals(read.address), literals(read.byte)});
    }
    return result;
  }

 private:
  struct Read {
    Term memory;
    Term index;  ///< the address as a term
    Word address;
    Word byte;
  };

  Word make_word(Term term) {
    const unsigned wires = pool_.sort(term) == boolean_sort ? 1 : pool_.width(term);
    switch (pool_.operation(term)) {
      case Operation::constant: return constant_word(*pool_.constant_value(term), wires);
      case Operation::variable: inputs_.push_back(term); return fresh(wires);
      case Operation::select: return read(pool_.operand(term, 0), pool_.operand(term, 1));
      default: break;
    }
    std::vector<Word> operands;
    for (unsigned i = 0; i < pool_.operand_count(term); ++i) {
      operands.push_back(words_[pool_.operand(term, i).index]);
    }
    Operation operation = pool_.operation(term);
    const bool at_most = operation == Operation::bvule || operation == Operation::bvsle;
    if (at_most) {  // not b < a
      operation = operation == Operation::bvule ? Operation::bvult : Operation::bvslt;
      std::swap(operands[0], operands[1]);
    }
    const unsigned low = operation == Operation::extract ? pool_.low_bit(term) : 0;
    const auto known = choices_.compare(gates_, operation, operands);
    Word made = known ? Word{*known} : operation_gates(gates_, operation, operands, low, wires);
    if (operation == Operation::ite) choices_.note(gates_, operands, made);
    if (operation == Operation::bvand) demand_bit_less(term, made);
    if (at_most) made[0] = invert(made[0]);
    return made;
  }

  /// How many bits of a word are 1, by a tree of sums.
  Word count(const Word& word) {
    std::vector<Word> parts;
    for (const Wire wire : word) {
      parts.push_back(constant_word(0, 8));
      parts.back()[0] = wire;
    }
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
      parts.push_back(operation_gates(gates_, Operation::bvadd, {parts[i], parts[i + 1]}, 0, 8));
    }
    return parts.back();
  }

  /// x & (x - 1) has one bit less than x, unless x is 0: demanded, as programs count bits like
  /// that.
  void demand_bit_less(Term term, const Word& made) {
    for (const unsigned i : {0U, 1U}) {
      const Term x = pool_.operand(term, i);
      const Term before = pool_.operand(term, 1 - i);
      if (pool_.operation(before) != Operation::bvadd || pool_.operand(before, 0) != x) continue;
      if (pool_.constant_value(pool_.operand(before, 1)) != mask(pool_.width(x))) continue;
      const Word& word = words_[x.index];
      Word one = constant_word(0, 8);
      one[0] = invert(equal_words(gates_, word, Word(word.size(), wire_false)));
      const Word sum = operation_gates(gates_, Operation::bvadd, {count(made), one}, 0, 8);
      gates_.demand({equal_words(gates_, sum, count(word))});
    }
  }

  Word fresh(unsigned wires) {
    Word word;
    for (unsigned i = 0; i < wires; ++i) word.push_back(gates_.input());
    return word;
  }

  static std::uint64_t read_key(Term memory, Term address) {
    return std::uint64_t{memory.index} << 32 | address.index;
  }

  /// The byte of a memory at an address: reads of what the memory is made of first.
  Word read(Term memory, Term address) {
    std::vector<Term> waiting = {memory};
    while (!waiting.empty()) {
      const Term top = waiting.back();
      const std::uint64_t key = read_key(top, address);
      if (known_reads_.contains(key)) {
        waiting.pop_back();
        continue;
      }
      const std::size_t before = waiting.size();
      const auto word = read_of(top, address, waiting);
      if (!word) {
        ISOTRACE_CHECK(waiting.size() > before);
        continue;
      }
      known_reads_.emplace(key, *word);
      waiting.pop_back();
    }
    return known_reads_.at(read_key(memory, address));
  }

  /// The byte, or nothing after adding to `waiting` what has to be read before.
  std::optional<Word> read_of(Term memory, Term address, std::vector<Term>& waiting) {
    const auto known = [&](Term inner) -> const Word* {
      const auto place = known_reads_.find(read_key(inner, address));
      if (place != known_reads_.end()) return &place->second;
      waiting.push_back(inner);
      return nullptr;
    };
    switch (pool_.operation(memory)) {
      case Operation::array_constant: return words_[pool_.operand(memory, 0).index];
      case Operation::variable: return read_variable(memory, address);
      case Operation::ite: {
        const Word* then = known(pool_.operand(memory, 1));
        const Word* otherwise = known(pool_.operand(memory, 2));
        if (then == nullptr || otherwise == nullptr) return std::nullopt;
        const Wire condition = words_[pool_.operand(memory, 0).index][0];
        return choose_word(gates_, condition, *then, *otherwise);
      }
      default: break;
    }
    const Term stored_at = pool_.operand(memory, 1);
    const Word& byte = words_[pool_.operand(memory, 2).index];
    const Relation relation = pool_.compare_addresses(stored_at, address);
    if (relation == Relation::equal) return byte;
    const Word* before = known(pool_.operand(memory, 0));
    if (before == nullptr) return std::nullopt;
    if (relation == Relation::different) return *before;
    const Wire same = equal_words(gates_, words_[stored_at.index], words_[address.index]);
    return choose_word(gates_, same, byte, *before);
  }

  /// Fresh bits, equal to those of every other read of the memory wherever the addresses are equal.
  Word read_variable(Term memory, Term index) {
    Read read{memory, index, words_[index.index], fresh(byte_width)};
    for (const std::size_t other_number : reads_of_[memory.index]) {
      const Read& other = reads_[other_number];
      if (pool_.compare_addresses(other.index, index) == Relation::different) continue;
      const Wire same = equal_words(gates_, other.address, read.address);
      if (same == wire_false) continue;
      for (std::size_t i = 0; i < byte_width; ++i) {
        gates_.demand({invert(same), invert(read.byte[i]), other.byte[i]});
        gates_.demand({invert(same), read.byte[i], invert(other.byte[i])});
      }
    }
    reads_of_[memory.index].push_back(reads_.size());
    reads_.push_back(read);
    return read.byte;
  }

  std::vector<std::int32_t> literals(const Word& word) const {
    std::vector<std::int32_t> result;
    for (const Wire wire : word) result.push_back(gates_.literal(wire));
    return result;
  }

  const TermPool& pool_;
  Gates gates_;
  Choices choices_;
  std::vector<Word> words_;  // by term; of memories empty
  std::vector<Term> inputs_;
  std::vector<Read> reads_;
  std::unordered_map<std::uint32_t, std::vector<std::size_t>> reads_of_;  // by memory variable
  std::unordered_map<std::uint64_t, Word> known_reads_;
};

}  // namespace

core::Result<Blasted> blast(const TermPool& pool, Term assertion, const BlastLimits& limits) {
  ISOTRACE_TRY_DONE(pool.check());
  ISOTRACE_CHECK(pool.sort(assertion) == boolean_sort, assertion.index);
  return Blaster(pool, limits.clauses_max).run(assertion);
}

Assignment read_solution(const TermPool& pool, const Blasted& blasted,
                         const std::vector<bool>& solution) {
  const auto number = [&](const std::vector<std::int32_t>& literals) {
    Value value = 0;
    for (std::size_t i = 0; i < literals.size(); ++i) {
      const std::int32_t literal = literals[i];
      const auto variable = static_cast<std::size_t>(literal < 0 ? -literal : literal);
      const bool is_true = variable == static_cast<std::size_t>(literal_true) ||
                           (variable < solution.size() && solution[variable]);
      if (literal != 0 && is_true == (literal > 0)) value |= Value{1} << i;
    }
    return value;
  };
  Assignment assignment;
  for (const Blasted::Input& input : blasted.inputs) {
    assignment.scalars[pool.variable_name(input.variable)] = number(input.literals);
  }
  for (const Blasted::Read& read : blasted.reads) {
    assignment.memories[pool.variable_name(read.memory)]
        .bytes[static_cast<std::uint32_t>(number(read.address))] =
        static_cast<std::uint8_t>(number(read.byte));
  }
  return assignment;
}

}  // namespace isotrace::bits
