#include <isotrace/backends/cpu/packed_constants.hpp>

#include <new>

#include <isotrace/core/check.hpp>

namespace isotrace::backends::cpu {
namespace {

const std::byte* address(core::ByteView bytes) {
  return reinterpret_cast<const std::byte*>(bytes.data());
}

}  // namespace

void PackedConstants::Free::operator()(std::byte* pointer) const {
  ::operator delete[](pointer, std::align_val_t{64});
}

void PackedConstants::hold(core::ByteView constant) {
  if (constant.empty()) return;
  Held& held = held_.try_emplace(address(constant), Held{constant.size(), 0}).first->second;
  ISOTRACE_CHECK(held.bytes == constant.size(), held.bytes, constant.size());
  ++held.holds;
}

void PackedConstants::release(core::ByteView constant) {
  if (constant.empty()) return;
  const auto held = held_.find(address(constant));
  ISOTRACE_CHECK(held != held_.end(), constant.size());
  if (--held->second.holds != 0) return;
  const std::byte* end = address(constant) + constant.size();
  auto entry = entries_.lower_bound({address(constant), 0, PackedForm::f32_panels, 0, 0, 0, 0, 0});
  while (entry != entries_.end() && std::less<>{}(entry->first.source, end)) {
    bytes_ -= entry->second.bytes;
    entry = entries_.erase(entry);
  }
  held_.erase(held);
}

bool PackedConstants::is_held(const PackedKey& key) const {
  const auto* source = static_cast<const std::byte*>(key.source);
  auto held = held_.upper_bound(source);
  if (held == held_.begin()) return false;
  --held;
  const auto offset = static_cast<std::size_t>(source - held->first);
  return offset <= held->second.bytes && key.source_bytes <= held->second.bytes - offset;
}

const std::byte* PackedConstants::find(const PackedKey& key, std::size_t bytes,
                                       const std::function<bool(std::byte*)>& fill) {
  if (held_.empty()) return nullptr;
  if (const auto entry = entries_.find(key); entry != entries_.end()) {
    return entry->second.data.get();
  }
  if (bytes > bytes_max_ - bytes_ || !is_held(key)) return nullptr;
  Entry made{nullptr, 0};
  auto* memory =
      static_cast<std::byte*>(::operator new[](bytes, std::align_val_t{64}, std::nothrow));
  if (memory == nullptr) return nullptr;
  made.data.reset(memory);
  if (fill(memory)) {
    made.bytes = bytes;
    bytes_ += bytes;
  } else {
    made.data.reset();
  }
  return entries_.emplace(key, std::move(made)).first->second.data.get();
}

}  // namespace isotrace::backends::cpu
