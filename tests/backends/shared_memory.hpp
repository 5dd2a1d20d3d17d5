// Shared memory of a block by bytes, with who touched them between which barriers: for machines
// that run device code without a device (ptx_machine.hpp, gcn_machine.hpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace isotrace::tests {

/// Agents are what goes on by itself between two barriers: threads, or waves in lock step.
class SharedMemory {
 public:
  explicit SharedMemory(std::string& problem) : problem_(problem) {}

  void resize(std::size_t size) {
    bytes_.resize(size);
    marks_.resize(size);
  }
  /// As a block finds it: nobody has written.
  void clear() {
    std::fill(bytes_.begin(), bytes_.end(), 0xFF);
    std::fill(marks_.begin(), marks_.end(), Mark{});
  }
  void pass_barrier() { ++phase_; }

  /// Where these bytes lie, after marking them.
  std::uint64_t read(std::uint64_t at, std::uint64_t size, std::uint32_t agent) {
    for (std::uint64_t i = at; i < at + size && i < marks_.size(); ++i) {
      Mark& mark = marks_[i];
      if (mark.written == 0) report("reads shared memory that nobody wrote");
      if (mark.coming != 0) report("reads shared memory before a copy has arrived");
      if (mark.written == phase_ && mark.writer != agent) report("a race: reads");
      mark.reader = mark.read == phase_ && mark.reader != agent ? several : agent;
      mark.read = phase_;
    }
    return place(at, size);
  }
  std::uint64_t write(std::uint64_t at, std::uint64_t size, std::uint32_t agent) {
    for (std::uint64_t i = at; i < at + size && i < marks_.size(); ++i) {
      Mark& mark = marks_[i];
      if (mark.coming != 0) report("writes where a copy is under way");
      if (mark.written == phase_ && mark.writer != agent) report("a race: writes twice");
      if (mark.read == phase_ && mark.reader != agent) report("a race: writes");
      mark.written = phase_;
      mark.writer = agent;
    }
    return place(at, size);
  }

  /// A copy is under way to these bytes, which nobody may touch until it arrives.
  void expect(std::uint64_t at, std::uint64_t size) {
    for (std::uint64_t i = at; i < at + size && i < marks_.size(); ++i) ++marks_[i].coming;
  }
  void arrive(std::uint64_t at, std::uint64_t size) {
    for (std::uint64_t i = at; i < at + size && i < marks_.size(); ++i) --marks_[i].coming;
  }

 private:
  struct Mark {
    std::uint32_t written, writer, read, reader;
    std::uint32_t coming;  ///< copies under way
  };
  static constexpr std::uint32_t several = ~0U;

  void report(const char* what) {
    if (problem_.empty()) problem_ = what;
  }
  std::uint64_t place(std::uint64_t at, std::uint64_t size) {
    const bool inside = at <= bytes_.size() && size <= bytes_.size() - at;
    if (!inside) report("shared memory beyond its end");
    return reinterpret_cast<std::uint64_t>(inside ? bytes_.data() + at : beyond_);
  }

  std::string& problem_;
  std::vector<std::uint8_t> bytes_;
  std::vector<Mark> marks_;
  std::uint8_t beyond_[16] = {};
  std::uint32_t phase_ = 1;
};

}  // namespace isotrace::tests
