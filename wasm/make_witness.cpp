#include <isotrace/wasm/make_witness.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

#include <isotrace/core/check.hpp>
#include <isotrace/wasm/state.hpp>
#include <isotrace/wasm/witness/step.hpp>

namespace isotrace::wasm {
namespace {

using core::blake3_detail::best_kernel;
using core::blake3_detail::chunk_bytes;
using core::blake3_detail::Words;

template <class T>
core::Bytes copy_bytes(const std::vector<T>& list) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(list.data());
  return {bytes, bytes + list.size() * sizeof(T)};
}

/// Ascending numbers and those of [first, last] too.
void add_range(std::vector<std::uint64_t>& numbers, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t i = first; i <= last; ++i) numbers.push_back(i);
  std::ranges::sort(numbers);
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

}  // namespace

OpeningMaker::OpeningMaker(core::ByteView bytes) : bytes_(bytes) {
  const std::size_t whole = bytes.size() / chunk_bytes;
  levels_.emplace_back(whole);
  best_kernel().hash_chunks(bytes.data(), whole, 0, levels_[0].data());
  while (levels_.back().size() > 1) {
    const std::vector<Words>& children = levels_.back();
    std::vector<Words> parents(children.size() / 2);
    best_kernel().hash_parents(children.data(), parents.size(), parents.data());
    levels_.push_back(std::move(parents));
  }
  if (whole * chunk_bytes != bytes.size()) {
    const core::ByteView rest = bytes.subspan(whole * chunk_bytes);
    last_ = core::blake3_detail::hash_chunk(rest.data(), rest.size(), whole, false);
  }
}

core::Blake3Opening OpeningMaker::open(const std::vector<std::uint64_t>& chunks) const {
  core::Blake3Opening opening{.chunks = chunks, .bytes = {}, .subtrees = {}};
  for (const std::uint64_t chunk : chunks) {
    const std::size_t begin = chunk * chunk_bytes;
    const core::ByteView bytes =
        bytes_.subspan(begin, std::min(chunk_bytes, bytes_.size() - begin));
    opening.bytes.emplace_back(bytes.begin(), bytes.end());
  }
  for (const core::Blake3Subtree& subtree : core::subtrees_beside(bytes_.size(), chunks)) {
    const std::vector<Words>& level =
        levels_[static_cast<std::size_t>(std::countr_zero(subtree.count))];
    const std::size_t place = subtree.begin / subtree.count;
    const Words& words = place < level.size() ? level[place] : last_;
    std::memcpy(opening.subtrees.emplace_back().bytes.data(), words.data(), sizeof(Words));
  }
  return opening;
}

core::Result<WitnessMaker> WitnessMaker::make(const Store& store) {
  ISOTRACE_TRY_DONE(check_addresses(store));
  return WitnessMaker(store);
}

WitnessMaker::WitnessMaker(const Store& store)
    : store_(store), tables_(make_program_tables(*store.instances[0].module)) {
  const Module& module = *store.instances[0].module;
  program_ = describe_program(module, tables_, store.limits);
  digest_ = program_digest(program_);
  for (std::size_t i = 0; i < program_strings; ++i) {
    program_strings_.emplace_back(program_string(module, tables_, static_cast<ProgramString>(i)));
  }
}

core::Bytes WitnessMaker::string_bytes(const Execution& execution, std::uint32_t string) const {
  switch (string) {
    case frames_string: return frame_bytes(execution.frames);
    case slots_string: return copy_bytes(execution.slots);
    case globals_string: return global_bytes(store_);
    case segments_string: return segment_bytes(store_);
    default: break;
  }
  string -= first_table_string;
  if (string < store_.tables.size()) return copy_bytes(store_.tables[string].elements);
  const auto bytes = store_.memories[string - store_.tables.size()].data.bytes();
  return {bytes.begin(), bytes.end()};
}

std::uint32_t WitnessMaker::find_instruction(std::uint32_t pc) const {
  const auto found = std::ranges::lower_bound(tables_.instructions, pc, {}, &CodeRecord::offset);
  ISOTRACE_CHECK(found != tables_.instructions.end() && found->offset == pc, pc);
  return static_cast<std::uint32_t>(found - tables_.instructions.begin());
}

bool WitnessMaker::is_call(std::uint32_t instruction) const {
  const auto opcode = static_cast<Opcode>(tables_.instructions[instruction].opcode);
  return opcode == Opcode::call || opcode == Opcode::call_indirect;
}

core::Result<Witness> WitnessMaker::make_witness(const Execution& execution,
                                                 const trace::HostCallRecord* next_call) const {
  ISOTRACE_CHECK(execution.status == Status::running);
  Witness witness{.program = program_,
                  .before = state_record(store_, execution, digest_),
                  .instruction = find_instruction(execution.frames.back().pc),
                  .host_call = {},
                  .openings = {},
                  .after = {}};
  struct Shown {
    core::Bytes bytes;  ///< empty for strings of the program
    std::optional<OpeningMaker> own;
    std::vector<std::uint64_t> chunks;
  };
  std::map<std::uint32_t, Shown> shown;
  for (;;) {
    Step step(witness);
    step.run();
    if (!step.fault().empty()) {  // it lacks the call that the opcode makes
      ISOTRACE_CHECK(is_call(witness.instruction), step.fault());
      if (next_call == nullptr || witness.host_call) {
        return core::refuse(core::RefusalCode::trace_digest_mismatch,
                            "host call " + std::to_string(witness.before.host_calls.size),
                            step.fault());
      }
      witness.host_call = *next_call;
      continue;
    }
    if (!step.hidden()) {
      witness.after = trace::state_root(step.after());
      return witness;
    }
    const auto [string, first, last] = *step.hidden();
    Shown& more = shown[string];
    if (string >= program_strings && !more.own) {
      more.bytes = string_bytes(execution, string);
      more.own.emplace(more.bytes);
    }
    add_range(more.chunks, first, last);
    const OpeningMaker& maker = more.own ? *more.own : program_strings_[string];
    const auto place =
        std::ranges::lower_bound(witness.openings, string, {}, &StringOpening::string);
    if (place != witness.openings.end() && place->string == string) {
      place->opening = maker.open(more.chunks);
    } else {
      witness.openings.insert(place, {string, maker.open(more.chunks)});
    }
  }
}

}  // namespace isotrace::wasm
