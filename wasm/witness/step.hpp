// One step of isowasm-1 on what a witness shows: a second interpreter of single opcodes, which
// knows neither modules nor stores. Whoever made the witness may lie, so every place is checked;
// after the first thing that is wrong or not shown everything reads as zero and nothing is written.
#pragma once

#include <cstring>

#include <isotrace/wasm/numeric/opcode.hpp>
#include <isotrace/wasm/numeric/slot.hpp>
#include <isotrace/wasm/numeric/trap.hpp>
#include <isotrace/wasm/witness/witness.hpp>

namespace isotrace::wasm {

inline constexpr std::size_t memory_page_bytes = 65536;

/// Chunks of a string that the step needs and the witness does not show all of.
struct Hidden {
  std::uint32_t string = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

class Step {
 public:
  /// The witness must outlive the step.
  explicit Step(const Witness& witness);

  void run();

  [[nodiscard]] const std::optional<Hidden>& hidden() const { return hidden_; }
  /// Why the witness is none; empty if it is one.
  [[nodiscard]] const std::string& fault() const { return fault_; }
  /// The state after the step; only if nothing is hidden and there is no fault.
  [[nodiscard]] const trace::StateRecord& after() const { return state_; }
  [[nodiscard]] const CodeRecord& record() const { return record_; }

 private:
  struct FrameRecord {
    std::uint32_t function = 0;
    std::uint32_t pc = 0;
    std::uint64_t slots_begin = 0;
  };

  // ---- strings (step.cpp)

  void add_strings(std::size_t unit, std::span<const trace::Contents> list);
  void show_openings();
  void find_opcode_record();
  void finish(Trap trap);
  void expect(bool condition, const char* fault) {
    if (!condition && !failed()) fault_ = fault;
  }
  [[nodiscard]] bool failed() const { return hidden_ || !fault_.empty(); }
  /// Whether these bytes are in bounds and shown.
  bool use(std::uint32_t string, std::uint64_t offset, std::uint64_t count);
  core::Bytes load_bytes(std::uint32_t string, std::uint64_t offset, std::uint64_t count);
  void store_bytes(std::uint32_t string, std::uint64_t offset, core::ByteView bytes);
  void resize(std::uint32_t string, std::uint64_t size);
  [[nodiscard]] std::uint64_t size_of(std::uint32_t string) {
    expect(string < strings_.size(), "there is no such table or memory");
    return failed() ? 0 : strings_[string].size();
  }
  template <class T>
  T load(std::uint32_t string, std::uint64_t index) {
    T value{};
    if (const core::Bytes bytes = load_bytes(string, index * sizeof(T), sizeof(T));
        !bytes.empty()) {
      std::memcpy(&value, bytes.data(), sizeof(T));
    }
    return value;
  }
  template <class T>
  void store(std::uint32_t string, std::uint64_t index, std::span<const T> values) {
    store_bytes(string, index * sizeof(T),
                {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()});
  }
  template <class T>
  void store(std::uint32_t string, std::uint64_t index, T value) {
    store(string, index, std::span<const T>(&value, 1));
  }

  // ---- slots

  [[nodiscard]] std::uint64_t slot_count() { return size_of(slots_string) / sizeof(Slot); }
  Slot pop();
  std::uint32_t pop_u32() { return static_cast<std::uint32_t>(pop()); }
  void push(Slot slot) { push(std::span<const Slot>(&slot, 1)); }
  void push(std::span<const Slot> slots);
  void push_u32(std::uint32_t value) { push(Slot{value}); }

  // ---- control (step_control.cpp)

  Trap execute();
  Trap execute_control();
  void go_to(std::uint32_t pc);
  void branch(const BranchRecord& target);
  void branch_table();
  Trap enter(std::uint32_t function);
  Trap call_host(std::uint32_t function, const FunctionRecord& callee);
  Trap call_indirect();

  // ---- everything else (step_data.cpp)

  Trap execute_data();
  Trap execute_numeric_opcode();
  void execute_variable();
  Trap execute_table();
  Trap execute_memory();
  Trap load_from_memory();
  Trap store_to_memory();
  std::optional<std::uint64_t> pop_place();
  std::uint32_t grow(std::uint32_t string, std::uint64_t unit, std::uint64_t limit_index,
                     std::uint64_t profile_max, std::uint32_t more);
  Trap copy(std::uint32_t to, std::uint32_t from, std::uint64_t unit, std::uint64_t from_begin,
            std::uint64_t from_size, Trap out_of_bounds);
  Trap init(std::uint32_t to, ProgramString from, std::uint64_t unit, Trap out_of_bounds);
  Trap fill_table(std::uint32_t table);

  [[nodiscard]] std::uint32_t table_string(std::uint32_t table);
  [[nodiscard]] std::uint32_t memory_string() const {
    return first_table_string + static_cast<std::uint32_t>(state_.tables.size());
  }

  const Witness& witness_;
  trace::StateRecord state_;
  std::vector<core::OpenedBytes> strings_;
  CodeRecord record_;
  Opcode opcode_ = Opcode::nop;
  std::uint8_t access_bytes_ = 0;  ///< of loads and stores
  std::uint8_t operands_ = 0;      ///< of what only computes
  FrameRecord frame_;              ///< of the opcode
  bool host_called_ = false;
  std::optional<Hidden> hidden_;
  std::string fault_;
};

}  // namespace isotrace::wasm
