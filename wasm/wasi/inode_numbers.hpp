// Numbers of files as a program sees them: 1, 2, 3 in the order in which it first meets them,
// whatever the disk calls them, so that a program does the same on every machine.
#pragma once

#include <map>

#include <isotrace/wasm/wasi/world.hpp>

namespace isotrace::wasm::wasi {

class InodeNumbers {
 public:
  /// The file's number; a new one if the program has not met it.
  std::uint64_t of(const FileIdentity& file) {
    const auto [entry, added] = numbers_.try_emplace(file, next_);
    if (added) ++next_;
    return entry->second;
  }

  /// The file is gone: the next one that gets the disk's number is another file.
  void forget(const FileIdentity& file) { numbers_.erase(file); }

 private:
  std::map<FileIdentity, std::uint64_t> numbers_;
  std::uint64_t next_ = 1;
};

}  // namespace isotrace::wasm::wasi
