#include <isotrace/backends/cpu/packed_constants.hpp>

#include <new>

#include <isotrace/core/blocks.hpp>
#include <isotrace/core/check.hpp>

namespace isotrace::backends::cpu {
namespace {

const std::byte* address(core::ByteView bytes) {
  return reinterpret_cast<const std::byte*>(bytes.data());
}

}  // namespace

void PackedConstants::GiveBack::operator()(std::byte* pointer) const {
  core::give_block({reinterpret_cast<std::uint8_t*>(pointer), capacity});
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

/// In huge pages if it is large, as weights are read from one end to the other; nullptr if there is
/// not enough.
PackedConstants::Memory PackedConstants::take_memory(std::size_t bytes) {
  try {
    const core::MemoryBlock block = core::take_block(bytes);
    return {reinterpret_cast<std::byte*>(block.data), GiveBack{block.capacity}};
  } catch (const std::bad_alloc&) {
    return {nullptr, GiveBack{0}};
  }
}

const std::byte* PackedConstants::find(const PackedKey& key, std::size_t bytes,
                                       const std::function<bool(std::byte*)>& fill) {
  if (held_.empty()) return nullptr;
  if (const auto entry = entries_.find(key); entry != entries_.end()) {
    return entry->second.data.get();
  }
  if (bytes > bytes_max_ - bytes_ || !is_held(key)) return nullptr;
  Entry made{take_memory(bytes), 0};
  if (made.data == nullptr) return nullptr;
  if (fill(made.data.get())) {
    made.bytes = bytes;
    bytes_ += bytes;
  } else {
    made.data.reset();
  }
  return entries_.emplace(key, std::move(made)).first->second.data.get();
}

}  // namespace isotrace::backends::cpu
