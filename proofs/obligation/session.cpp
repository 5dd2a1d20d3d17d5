#include <isotrace/proofs/obligation/session.hpp>

#include <unordered_map>

#include <isotrace/wasm/validate.hpp>

namespace isotrace::proofs::obligation {
namespace {

using bits::Term;
using core::Result;

/// Numbers of globals of two modules that are compared.
std::vector<std::pair<std::uint32_t, std::uint32_t>> compared_globals(const wasm::Module& a,
                                                                      const wasm::Module& b) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  const auto add = [&](std::uint32_t i, std::uint32_t j) {
    const wasm::GlobalType& type = a.globals[i].type;
    const bool number = type.is_mutable && !wasm::is_reference(type.value);
    if (number && type == b.globals[j].type) pairs.emplace_back(i, j);
  };
  for (std::uint32_t i = 0; &a == &b && i < a.globals.size(); ++i) add(i, i);
  if (&a == &b) return pairs;
  for (const wasm::Export& here : a.exports) {
    for (const wasm::Export& there : b.exports) {
      const bool same = here.name == there.name && here.kind == wasm::ExternKind::global &&
                        there.kind == wasm::ExternKind::global;
      if (same) add(here.index, there.index);
    }
  }
  return pairs;
}

}  // namespace

Result<std::unique_ptr<Subject>> make_subject(bits::TermPool& pool, const core::Bytes& module,
                                              const FunctionClaim& claim,
                                              const FunctionInputs* given) {
  auto subject = std::make_unique<Subject>();
  ISOTRACE_TRY(subject->module, wasm::load_module(module, claim.edition));
  ISOTRACE_TRY(subject->instance, make_initial_instance(subject->module));
  const bool arbitrary = claim.memory == InitialMemory::arbitrary;
  if (arbitrary && given != nullptr) {
    subject->instance.image = MemoryImage(given->fill);
    for (const auto& [address, byte] : given->memory) {
      subject->instance.image.write(address, core::ByteView(&byte, 1));
    }
  }
  const bool known = !arbitrary || given != nullptr;
  subject->memory =
      std::make_unique<MemoryTerms>(pool, known ? &subject->instance.image : nullptr, arbitrary);
  return subject;
}

Session::Session(bits::TermPool& pool, const Subject& subject, FloatTerms& floats,
                 std::uint32_t unwind)
    : pool_(pool),
      subject_(subject),
      machine_(pool, subject.module, subject.instance, *subject.memory, floats, unwind),
      path_(machine_.initial_path()) {}

Result<core::Done> Session::start() {
  const wasm::Module& module = subject_.module;
  if (module.start) {
    ISOTRACE_TRY(path_, machine_.call(*module.start, {}, *std::move(path_)));
  }
  const bool returns = path_ && pool_.is_false(trapped()) && pool_.is_false(cut());
  if (!returns) {
    return core::refuse(core::RefusalCode::function_unsupported,
                        "byte " + std::to_string(module.start_offset),
                        "the start function does not always return");
  }
  before_ = *path_;
  return core::Done{};
}

Result<core::Done> Session::call(std::uint32_t function, const std::vector<Term>& arguments) {
  results_.clear();
  if (!path_) return core::Done{};
  ISOTRACE_TRY(path_, machine_.call(function, arguments, *std::move(path_)));
  if (path_) results_ = path_->slots;
  return core::Done{};
}

namespace {

/// The memory without the stores to [low, high): everywhere else it is the same.
Term without_stores(bits::TermPool& pool, KnownBitsTable& known, Term memory, std::uint64_t low,
                    std::uint64_t high) {
  std::unordered_map<std::uint32_t, Term> kept;
  std::vector<Term> open = {memory};
  while (!open.empty() && !pool.full()) {
    const Term now = open.back();
    const bool stored = pool.operation(now) == bits::Operation::store;
    Term made = now;
    if (stored || pool.operation(now) == bits::Operation::ite) {
      const Term first = pool.operand(now, stored ? 0 : 1);
      const Term second = stored ? first : pool.operand(now, 2);
      const std::size_t before = open.size();
      for (const Term part : {first, second}) {
        if (!kept.contains(part.index)) open.push_back(part);
      }
      if (open.size() > before) continue;
      const Term at = pool.operand(now, stored ? 1 : 0);
      if (!stored) {
        made = pool.ite(at, kept.at(first.index), kept.at(second.index));
      } else if (known.of(at).least() >= low && known.of(at).most() < high) {
        made = kept.at(first.index);
      } else {
        made = pool.store(kept.at(first.index), at, pool.operand(now, 2));
      }
    }
    kept.insert_or_assign(now.index, made);
    open.pop_back();
  }
  return pool.full() ? Term{} : kept.at(memory.index);
}

}  // namespace

Term effects_differ(bits::TermPool& pool, const Session& a, const Session& b, Term place,
                    Term compared, std::uint64_t low, std::uint64_t high) {
  // What neither call has changed may have been different before: in two modules.
  const auto differ = [&](Term before_a, Term after_a, Term before_b, Term after_b) {
    const Term changed =
        pool.bool_or(pool.distinct(before_a, after_a), pool.distinct(before_b, after_b));
    return pool.bool_and(pool.distinct(after_a, after_b), changed);
  };
  const bool grown = a.after().pages != a.before().pages || b.after().pages != b.before().pages;
  Term any = pool.boolean(grown && a.after().pages != b.after().pages);
  for (const auto& [i, j] : compared_globals(a.subject().module, b.subject().module)) {
    any = pool.bool_or(any, differ(a.before().globals[i], a.after().globals[i],
                                   b.before().globals[j], b.after().globals[j]));
  }
  const auto memory = [&](const Session& session, const Path& path) {
    return without_stores(pool, session.subject().memory->known_bits(), path.memory, low, high);
  };
  const Term before_a = memory(a, a.before());
  const Term after_a = memory(a, a.after());
  const Term before_b = memory(b, b.before());
  const Term after_b = memory(b, b.after());
  if (pool.full() || (after_a == before_a && after_b == before_b)) return any;
  const auto byte = [&](const Session& session, Term of) {
    return session.subject().memory->load(of, place, 1);
  };
  const Term bytes =
      differ(byte(a, before_a), byte(a, after_a), byte(b, before_b), byte(b, after_b));
  return pool.bool_or(any, pool.bool_and(compared, bytes));
}

}  // namespace isotrace::proofs::obligation
