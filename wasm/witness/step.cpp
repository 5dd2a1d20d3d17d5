#include <isotrace/wasm/witness/step.hpp>

#include <algorithm>

#include <isotrace/core/float_environment.hpp>

namespace isotrace::wasm {
namespace {

/// Larger counts are of no state; smaller ones never overflow.
constexpr std::uint64_t count_max = std::uint64_t{1} << 32;

bool within_profile(const ProfileLimits& limits) {
  const ProfileLimits most;
  return limits.memory_pages_max <= most.memory_pages_max &&
         limits.table_elements_max <= most.table_elements_max &&
         limits.frames_max <= most.frames_max && limits.slots_max <= most.slots_max;
}

}  // namespace

Step::Step(const Witness& witness) : witness_(witness), state_(witness.before) {
  expect(within_profile(witness.program.limits), "limits beyond the profile's");
  for (std::size_t i = 0; i < program_strings; ++i) {
    add_strings(record_bytes[i], std::span(&witness.program.strings[i], 1));
  }
  add_strings(sizeof(FrameRecord), std::span(&state_.frames, 1));
  add_strings(sizeof(Slot), std::span(&state_.slots, 1));
  add_strings(sizeof(Slot), std::span(&state_.globals, 1));
  add_strings(sizeof(std::uint32_t), std::span(&state_.segments, 1));
  add_strings(sizeof(Slot), state_.tables);
  add_strings(memory_page_bytes, state_.memories);
}

void Step::add_strings(std::size_t unit, std::span<const trace::Contents> list) {
  for (const trace::Contents& contents : list) {
    expect(contents.size <= count_max, "a size beyond every limit");
    strings_.emplace_back(std::min(contents.size, count_max) * unit, contents.digest);
  }
}

void Step::show_openings() {
  std::uint64_t next = 0;
  for (const StringOpening& shown : witness_.openings) {
    expect(shown.string >= next && shown.string < strings_.size(), "openings out of order");
    if (failed()) return;
    next = std::uint64_t{shown.string} + 1;
    expect(strings_[shown.string].show(shown.opening), "bytes that the digest does not cover");
  }
}

bool Step::use(std::uint32_t string, std::uint64_t offset, std::uint64_t count) {
  expect(string < strings_.size(), "there is no such table or memory");
  if (failed()) return false;
  core::OpenedBytes& bytes = strings_[string];
  expect(bytes.fits(offset, count), "a place beyond the end");
  if (failed()) return false;
  if (const auto first = bytes.find_hidden(offset, count)) {
    hidden_ = {string, *first, (offset + count - 1) / core::blake3_detail::chunk_bytes};
  }
  return !failed();
}

core::Bytes Step::load_bytes(std::uint32_t string, std::uint64_t offset, std::uint64_t count) {
  if (!use(string, offset, count)) return {};
  core::Bytes out(count);
  strings_[string].read(offset, out);
  return out;
}

void Step::store_bytes(std::uint32_t string, std::uint64_t offset, core::ByteView bytes) {
  if (use(string, offset, bytes.size())) strings_[string].write(offset, bytes);
}

void Step::resize(std::uint32_t string, std::uint64_t size) {
  if (failed()) return;
  if (const auto end = strings_[string].find_hidden_end(size)) {
    hidden_ = {string, *end, *end};
  } else {
    strings_[string].resize(size);
  }
}

Slot Step::pop() {
  const std::uint64_t count = slot_count();
  expect(count > frame_.slots_begin, "no operand");
  const Slot top = load<Slot>(slots_string, count - 1);
  resize(slots_string, (count - 1) * sizeof(Slot));
  return top;
}

void Step::push(std::span<const Slot> slots) {
  const std::uint64_t count = slot_count();
  resize(slots_string, (count + slots.size()) * sizeof(Slot));
  store(slots_string, count, slots);
}

void Step::find_opcode_record() {
  const std::uint64_t frames = size_of(frames_string) / sizeof(FrameRecord);
  expect(frames > 0, "no frame");
  frame_ = load<FrameRecord>(frames_string, frames - 1);
  expect(frame_.slots_begin <= slot_count(), "a frame beyond the slots");
  record_ = load<CodeRecord>(string_of(ProgramString::instructions), witness_.instruction);
  expect(record_.offset == frame_.pc, "an instruction that is not the next one");
  const OpcodeInfo* info = find_opcode(record_.opcode);
  expect(info != nullptr, "no opcode");
  if (failed()) return;
  opcode_ = info->opcode;
  access_bytes_ = static_cast<std::uint8_t>(1U << info->alignment);
  operands_ = static_cast<std::uint8_t>(info->signature.find(':'));
}

void Step::run() {
  const core::FloatEnvironment environment;
  expect(state_.program == program_digest(witness_.program), "a state of another program");
  expect(state_.status == static_cast<std::uint8_t>(Status::running) && state_.trap == 0,
         "a state that has no next step");
  show_openings();
  find_opcode_record();
  if (failed()) return;
  go_to(record_.next);
  const Trap trap = execute();
  if (!failed()) finish(trap);
}

void Step::finish(Trap trap) {
  if (is_step(opcode_)) ++state_.steps;
  if (trap != Trap::none) {
    state_.status = static_cast<std::uint8_t>(Status::trapped);
    state_.trap = static_cast<std::uint8_t>(trap);
    go_to(record_.offset);
    resize(slots_string, 0);
  } else if (size_of(frames_string) == 0) {
    state_.status = static_cast<std::uint8_t>(Status::finished);
  }
  expect(host_called_ == witness_.host_call.has_value(), "a call of the host that was not made");
  for (const core::OpenedBytes& bytes : strings_) {
    expect(bytes.unused() == 0, "bytes that the step does not need");
  }
  if (failed()) return;
  std::size_t next = frames_string;
  const auto update = [&](trace::Contents& contents, std::size_t unit) {
    const core::OpenedBytes& bytes = strings_[next++];
    contents = {bytes.size() / unit, bytes.digest()};
  };
  update(state_.frames, sizeof(FrameRecord));
  update(state_.slots, sizeof(Slot));
  update(state_.globals, sizeof(Slot));
  update(state_.segments, sizeof(std::uint32_t));
  for (trace::Contents& table : state_.tables) update(table, sizeof(Slot));
  for (trace::Contents& memory : state_.memories) update(memory, memory_page_bytes);
}

}  // namespace isotrace::wasm
