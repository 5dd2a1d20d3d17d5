// The functions of wasi_snapshot_preview1 and wasi_unstable for one program, over the world that is
// given. Whatever a program passes, it gets an errno; all that it learns goes through the results
// and the memory, and so into the log of host calls, which is why a replay needs nothing of this.
#pragma once

#include <isotrace/wasm/host_library.hpp>
#include <isotrace/wasm/wasi/descriptors.hpp>
#include <isotrace/wasm/wasi/inode_numbers.hpp>

namespace isotrace::wasm::wasi {

struct Settings {
  std::vector<std::string> arguments;    ///< the program's name first
  std::vector<std::string> environment;  ///< NAME=VALUE each
};

/// Refuses clocks that a program does not get (invalid).
Answer<ClockId> get_clock(std::uint32_t id);

class Wasi final : public HostLibrary {
 public:
  static constexpr std::string_view module_name = "wasi_snapshot_preview1";
  /// The preview before: the same functions but sock_accept; three structures are otherwise.
  static constexpr std::string_view older_module_name = "wasi_unstable";
  static bool is_module(std::string_view name) {
    return name == module_name || name == older_module_name;
  }

  /// Descriptors 0, 1 and 2 are the world's streams, 3 and on its folders (fewer than
  /// Descriptors::open_max).
  Wasi(Settings settings, World world);

  std::optional<HostEntry> find(std::string_view module, std::string_view name) override;

  /// What the program gave to proc_exit, whose call ends as Trap::exit.
  [[nodiscard]] std::optional<std::uint32_t> exit_code() const { return exit_code_; }

 private:
  using Handler = Answer<core::Done> (Wasi::*)(HostCall&);
  struct Function;
  static std::span<const Function> functions();
  Trap call_handler(Handler handler, bool older, HostCall& call);

#define ISOTRACE_WASI_FUNCTION(name, parameters) Answer<core::Done> name(HostCall& call);
#define ISOTRACE_WASI_ABSENT(name, parameters)
#include <isotrace/wasm/wasi/functions.def>
#undef ISOTRACE_WASI_FUNCTION
#undef ISOTRACE_WASI_ABSENT
  Answer<core::Done> answer_absent(HostCall& call);

  // ---- what several of them do

  /// Refuses is_directory, bad_descriptor.
  Answer<Descriptor*> find_writable(std::uint32_t number);
  /// Of a function that only sockets have: there are none.
  Answer<core::Done> answer_socket(const HostCall& call);
  void add_stream(std::unique_ptr<File> stream, bool readable);
  Answer<core::Done> put_texts(HostCall& call, const std::vector<std::string>& texts);
  Answer<core::Done> put_sizes(HostCall& call, const std::vector<std::string>& texts);
  Answer<core::Done> read_file(HostCall& call, std::uint64_t position, bool moves,
                               std::uint32_t size_place);
  Answer<core::Done> write_file(HostCall& call, std::uint64_t position, bool moves,
                                std::uint32_t size_place);
  Answer<core::Done> put_status(HostCall& call, std::uint32_t place, const FileStatus& status,
                                std::uint64_t inode);
  Answer<core::Done> list_folder(Descriptor& descriptor);
  /// A name of the file has been removed; there was no such file if it is none.
  void forget(const Answer<FileStatus>& gone);

  Settings settings_;
  World world_;
  Descriptors descriptors_;
  InodeNumbers inodes_;
  std::optional<std::uint32_t> exit_code_;
  bool older_ = false;  ///< the call that is answered is of the preview before
};

}  // namespace isotrace::wasm::wasi
