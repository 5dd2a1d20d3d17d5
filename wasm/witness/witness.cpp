#include <isotrace/wasm/witness/witness.hpp>

#include <algorithm>

#include <isotrace/wasm/numeric/trap.hpp>

namespace isotrace::wasm {
namespace {

constexpr std::string_view magic = "isotrace.wasm.step.v1";

class Writing {
 public:
  template <class T>
  void number(T value) {
    out.u64(static_cast<std::uint64_t>(value));
  }
  void digest(const core::Digest& digest) { out.raw(digest.view()); }
  void bytes(const core::Bytes& bytes) { out.block(bytes); }
  template <class T, class Each>
  void list(const std::vector<T>& list, const Each& each) {
    out.u64(list.size());
    for (const T& element : list) each(element);
  }
  template <class T, class Each>
  void optional(const std::optional<T>& value, const Each& each) {
    out.u64(value ? 1 : 0);
    if (value) each(*value);
  }

  core::ByteWriter out;
};

/// Goes on with zeros behind the first refusal.
class Reading {
 public:
  explicit Reading(core::ByteView bytes) : in(bytes) {}

  template <class T>
  void number(T& value) {
    const std::uint64_t read = take(in.u64());
    value = static_cast<T>(read);
    if (static_cast<std::uint64_t>(value) != read) fail("a number is too large");
  }
  void digest(core::Digest& digest) {
    const core::ByteView view = take(in.raw(digest.bytes.size()));
    std::ranges::copy(view, digest.bytes.begin());
  }
  void bytes(core::Bytes& bytes) {
    const core::ByteView view = take(in.block());
    bytes.assign(view.begin(), view.end());
  }
  template <class T, class Each>
  void list(std::vector<T>& list, const Each& each) {
    const std::size_t count = take(in.count(sizeof(std::uint64_t), UINT32_MAX));
    while (!refusal && list.size() < count) each(list.emplace_back());
  }
  template <class T, class Each>
  void optional(std::optional<T>& value, const Each& each) {
    const std::uint64_t there = take(in.u64());
    if (there > 1) fail("neither there nor absent");
    if (there == 1) each(value.emplace());
  }
  void fail(const char* detail) {
    if (!refusal) {
      refusal = core::Refusal{core::RefusalCode::witness_malformed,
                              "byte " + std::to_string(in.offset()), detail};
    }
  }
  template <class T>
  T take(core::Result<T> result) {
    if (refusal) return {};
    if (result) return *std::move(result);
    refusal = std::move(result).error();
    return {};
  }

  core::ByteReader in;
  std::optional<core::Refusal> refusal;
};

template <class Io, class Contents>
void transfer_contents(Io& io, Contents& contents) {
  io.number(contents.size);
  io.digest(contents.digest);
}

template <class Io, class State>
void transfer_state(Io& io, State& state) {
  const auto each = [&](auto& contents) { transfer_contents(io, contents); };
  io.number(state.steps);
  each(state.frames);
  each(state.slots);
  each(state.globals);
  io.list(state.tables, each);
  io.list(state.memories, each);
  each(state.segments);
  each(state.host_calls);
}

template <class Io, class Call>
void transfer_call(Io& io, Call& call) {
  const auto number = [&](auto& value) { io.number(value); };
  io.number(call.function);
  io.list(call.arguments, number);
  io.list(call.results, number);
  io.number(call.trap);
  io.list(call.writes, [&](auto& write) {
    io.number(write.address);
    io.bytes(write.bytes);
  });
}

/// Both directions, so that they cannot differ.
template <class Io, class AnyWitness>
void transfer(Io& io, AnyWitness& witness) {
  io.number(witness.program.edition);
  io.number(witness.program.limits.memory_pages_max);
  io.number(witness.program.limits.table_elements_max);
  io.number(witness.program.limits.frames_max);
  io.number(witness.program.limits.slots_max);
  for (auto& contents : witness.program.strings) transfer_contents(io, contents);
  transfer_state(io, witness.before);
  io.number(witness.instruction);
  io.optional(witness.host_call, [&](auto& call) { transfer_call(io, call); });
  io.list(witness.openings, [&](auto& shown) {
    io.number(shown.string);
    io.list(shown.opening.chunks, [&](auto& index) { io.number(index); });
    io.list(shown.opening.bytes, [&](auto& bytes) { io.bytes(bytes); });
    io.list(shown.opening.subtrees, [&](auto& digest) { io.digest(digest); });
  });
  io.digest(witness.after);
}

}  // namespace

core::Bytes write_witness(const Witness& witness) {
  Writing io;
  io.out.text(magic);
  transfer(io, witness);
  return io.out.take();
}

core::Result<Witness> parse_witness(core::ByteView bytes) {
  Reading io(bytes);
  const auto mark = io.in.text(magic.size());  // whatever stands there instead
  if (!mark || *mark != magic) io.fail("not a witness of version 1");
  Witness witness;
  transfer(io, witness);
  if (io.refusal) return tl::unexpected<core::Refusal>(*std::move(io.refusal));
  ISOTRACE_TRY_DONE(io.in.end());
  witness.before.program = program_digest(witness.program);
  witness.before.status = static_cast<std::uint8_t>(Status::running);
  return witness;
}

}  // namespace isotrace::wasm
