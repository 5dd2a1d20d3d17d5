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

/// Bits of `rights` that are asked about by name.
inline constexpr std::uint64_t right_read = 1U << 1;
inline constexpr std::uint64_t right_seek = 1U << 2;
inline constexpr std::uint64_t right_tell = 1U << 5;
inline constexpr std::uint64_t right_write = 1U << 6;
inline constexpr std::uint64_t right_allocate = 1U << 8;
inline constexpr std::uint64_t right_read_folder = 1U << 14;
inline constexpr std::uint64_t right_set_size = 1U << 22;
inline constexpr std::uint64_t rights_all = (std::uint64_t{1} << 30) - 1;
inline constexpr std::uint64_t rights_to_read = right_read | right_read_folder;
inline constexpr std::uint64_t rights_to_write = right_write | right_allocate | right_set_size;

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
  /// What a program has left of the rights to it, and to what is opened in it.
  std::uint64_t rights_left = rights_all;
  std::uint64_t inner_rights_left = rights_all;
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
  /// Closes `to`, and gives its number to `from`. Both are open.
  Answer<core::Done> renumber(std::uint32_t from, std::uint32_t to);
  /// Refuses is_directory.
  Answer<Descriptor*> find_file(std::uint32_t number);
  /// Refuses not_directory.
  Answer<Descriptor*> find_folder(std::uint32_t number);

 private:
  std::map<std::uint32_t, Descriptor> open_;
};

}  // namespace isotrace::wasm::wasi
