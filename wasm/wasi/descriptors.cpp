#include <isotrace/wasm/wasi/descriptors.hpp>

namespace isotrace::wasm::wasi {

Answer<core::Done> Descriptors::check_room() const {
  if (open_.size() >= open_max) return fail(Errno::too_many_open);
  return core::Done{};
}

Answer<std::uint32_t> Descriptors::add(Descriptor descriptor) {
  ISOTRACE_TRY_DONE(check_room());
  std::uint32_t number = 0;
  for (const auto& entry : open_) {
    if (entry.first != number) break;
    ++number;
  }
  open_.emplace(number, std::move(descriptor));
  return number;
}

Answer<Descriptor*> Descriptors::find(std::uint32_t number) {
  const auto entry = open_.find(number);
  if (entry == open_.end()) return fail(Errno::bad_descriptor);
  return &entry->second;
}

Answer<core::Done> Descriptors::close(std::uint32_t number) {
  if (open_.erase(number) == 0) return fail(Errno::bad_descriptor);
  return core::Done{};
}

Answer<core::Done> Descriptors::renumber(std::uint32_t from, std::uint32_t to) {
  ISOTRACE_TRY(Descriptor* const moved, find(from));
  ISOTRACE_TRY(Descriptor* const replaced, find(to));
  if (from == to) return core::Done{};
  *replaced = std::move(*moved);
  open_.erase(from);
  return core::Done{};
}

Answer<Descriptor*> Descriptors::find_file(std::uint32_t number) {
  ISOTRACE_TRY(Descriptor* const descriptor, find(number));
  if (descriptor->file == nullptr) return fail(Errno::is_directory);
  return descriptor;
}

Answer<Descriptor*> Descriptors::find_folder(std::uint32_t number) {
  ISOTRACE_TRY(Descriptor* const descriptor, find(number));
  if (descriptor->folder == nullptr) return fail(Errno::not_directory);
  return descriptor;
}

}  // namespace isotrace::wasm::wasi
