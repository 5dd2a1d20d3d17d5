// Constants in the form that kernels read, made at first use and kept while the constant is held
// (Backend::hold_constants). A constant is known by its address: that is why holders promise that
// it neither moves nor changes. Whether a packed form is there changes speed, never bits.
//
// Packed forms stand beside the program's own tensors, whose bytes digests and traces need. Their
// sum is bounded; what does not fit is packed anew in every call, as an operand that is no
// constant.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>

#include <isotrace/core/digest.hpp>

namespace isotrace::backends::cpu {

/// What a packed form holds; a new kind of kernel takes a new name.
enum class PackedForm : std::uint8_t {
  f32_panels,
  i8_panels,
  u8_panels,
  i8_rows,
  u8_rows,
  i8_taps,
  u8_taps,
  ternary
};

/// Which part of which constant in which form: everything that the packed bytes depend on.
struct PackedKey {
  const void* source;        ///< first element
  std::size_t source_bytes;  ///< from there to behind the last element
  PackedForm form;
  std::ptrdiff_t lane_stride;
  std::ptrdiff_t depth_stride;
  std::ptrdiff_t count;
  std::ptrdiff_t depth;
  std::ptrdiff_t width;

  auto operator<=>(const PackedKey&) const = default;
};

/// Not for several threads at a time.
class PackedConstants {
 public:
  static constexpr std::size_t bytes_max_default = std::size_t{4} << 30;

  explicit PackedConstants(std::size_t bytes_max = bytes_max_default) : bytes_max_(bytes_max) {}

  void hold(core::ByteView constant);
  /// Forgets what was packed from it when nobody holds it any more.
  void release(core::ByteView constant);

  /// The packed form, `bytes` bytes at a 64-byte boundary, or nullptr if the source is not part of
  /// a held constant or memory does not suffice. `fill` writes it at the first call; if it returns
  /// false (the constant has not that form), this and every later call return nullptr.
  const std::byte* find(const PackedKey& key, std::size_t bytes,
                        const std::function<bool(std::byte*)>& fill);

  /// Memory that packed forms take now.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct GiveBack {
    std::size_t capacity;
    void operator()(std::byte* pointer) const;
  };
  using Memory = std::unique_ptr<std::byte[], GiveBack>;
  struct Entry {
    Memory data;
    std::size_t bytes;
  };
  struct Held {
    std::size_t bytes;
    std::size_t holds;
  };
  static Memory take_memory(std::size_t bytes);
  [[nodiscard]] bool is_held(const PackedKey& key) const;

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::map<const std::byte*, Held> held_;  // by address; distinct constants do not overlap
  std::map<PackedKey, Entry> entries_;     // by address first
};

}  // namespace isotrace::backends::cpu
