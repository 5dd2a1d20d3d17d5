// The descriptors of a program: what is open, by number. A new one gets the lowest free number, so
// the numbers depend on nothing but the program's own calls.
#pragma once

#include <map>
#include <optional>

#include <isotrace/wasm/wasi/world.hpp>

namespace isotrace::wasm::wasi {

/// Bits of `fdflags`.
enum DescriptorFlag : std::uint16_t {
  flag_append = 1,
  flag_data_sync = 2,
  flag_nonblock = 4,
  flag_read_sync = 8,
  flag_sync = 16,
  flags_all = 31,
};

struct FolderEntry {
  std::string name;
  FileType type = FileType::unknown;
  std::uint64_t inode = 0;  ///< a number of InodeNumbers
};

/// One of `file` and `folder`.
struct Descriptor {
  std::unique_ptr<File> file = nullptr;
  std::unique_ptr<Folder> folder = nullptr;
  FileType type = FileType::unknown;  ///< unknown: a stream
  bool readable = false;
  bool writable = false;
  std::uint16_t flags = 0;
  std::uint64_t position = 0;  ///< regular files
  std::uint64_t inode = 0;     ///< a number of InodeNumbers; streams: 0
  /// The folders that were open from the start.
  std::optional<std::string> preopened_as = {};
  /// A folder's entries by name, as they were when the program began to read them.
  std::optional<std::vector<FolderEntry>> listing = {};

  [[nodiscard]] bool is_stream() const { return file != nullptr && type == FileType::unknown; }
};

class Descriptors {
 public:
  static constexpr std::size_t open_max = 512;

  /// Whether there can be one more. Refuses too_many_open.
  Answer<core::Done> check_room() const;
  Answer<std::uint32_t> add(Descriptor descriptor);
  /// All refuse bad_descriptor.
  Answer<Descriptor*> find(std::uint32_t number);
  Answer<core::Done> close(std::uint32_t number);
  /// Refuses is_directory.
  Answer<Descriptor*> find_file(std::uint32_t number);
  /// Refuses not_directory.
  Answer<Descriptor*> find_folder(std::uint32_t number);

 private:
  std::map<std::uint32_t, Descriptor> open_;
};

}  // namespace isotrace::wasm::wasi
