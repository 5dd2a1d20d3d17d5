// WASI over a real folder: what programs do to files, and that nothing leads out of the folder.
#include <chrono>
#include <future>
#include <thread>

#include <sys/stat.h>

#include <isotrace/tools/wasi/host_file.hpp>

#include "tests/wasm/wasi/wasi_machine.hpp"

namespace isotrace::wasm::wasi::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t success = 0;
constexpr std::uint32_t create = 1;
constexpr std::uint32_t folder_only = 2;
constexpr std::uint32_t exclusive = 4;
constexpr std::uint32_t truncate = 8;

std::uint32_t number(Errno why) { return static_cast<std::uint32_t>(why); }

struct WasiFiles : testing::Test {
  TemporaryFolder folder;
  WasiMachine machine{folder.path()};

  std::uint32_t write(std::uint32_t descriptor, const std::string& text) {
    machine.put(0x1000, text);
    machine.put_u32(0x40, 0x1000);
    machine.put_u32(0x44, static_cast<std::uint32_t>(text.size()));
    return machine.call("fd_write", {descriptor, 0x40, 1, 0x48});
  }
  /// The bytes that a read of 16 gives.
  std::string read(std::uint32_t descriptor) {
    machine.put_u32(0x40, 0x1000);
    machine.put_u32(0x44, 16);
    EXPECT_EQ(machine.call("fd_read", {descriptor, 0x40, 1, 0x48}), success);
    return machine.text(0x1000, machine.u32(0x48));
  }
  std::uint32_t with_path(const std::string& function, const std::string& path) {
    machine.put(0x100, path);
    return machine.call(function, {3, 0x100, path.size()});
  }
  std::uint32_t rename(const std::string& from, const std::string& to) {
    machine.put(0x100, from);
    machine.put(0x180, to);
    return machine.call("path_rename", {3, 0x100, from.size(), 3, 0x180, to.size()});
  }
  std::uint32_t make_link(const std::string& text, const std::string& path) {
    machine.put(0x100, text);
    machine.put(0x180, path);
    return machine.call("path_symlink", {0x100, text.size(), 3, 0x180, path.size()});
  }
  std::uint32_t link(const std::string& from, const std::string& to, std::uint32_t lookup = 0) {
    machine.put(0x100, from);
    machine.put(0x180, to);
    return machine.call("path_link", {3, lookup, 0x100, from.size(), 3, 0x180, to.size()});
  }
  /// Puts where it leads at 0x1000, and how long that is at 0x48.
  std::uint32_t read_link(const std::string& path) {
    machine.put(0x100, path);
    return machine.call("path_readlink", {3, 0x100, path.size(), 0x1000, 64, 0x48});
  }
  /// Puts the status at 0x200.
  std::uint32_t status(const std::string& path, std::uint32_t lookup = 0) {
    machine.put(0x100, path);
    return machine.call("path_filestat_get", {3, lookup, 0x100, path.size(), 0x200});
  }
  std::uint64_t inode() { return machine.u64(0x208); }
};

TEST_F(WasiFiles, the_folder_is_announced_under_its_name) {
  EXPECT_EQ(machine.call("fd_prestat_get", {3, 0x80}), success);
  EXPECT_EQ(machine.u64(0x80), 5ULL << 32);
  EXPECT_EQ(machine.call("fd_prestat_dir_name", {3, 0x90, 5}), success);
  EXPECT_EQ(machine.text(0x90, 5), "/work");
  EXPECT_EQ(machine.call("fd_prestat_dir_name", {3, 0x90, 4}), number(Errno::name_too_long));
  EXPECT_EQ(machine.call("fd_prestat_get", {4, 0x80}), number(Errno::bad_descriptor));
  EXPECT_EQ(machine.call("fd_prestat_get", {1, 0x80}), number(Errno::bad_descriptor));
  EXPECT_EQ(machine.call("fd_fdstat_get", {3, 0x80}), success);
  EXPECT_EQ(machine.memory()[0x80], 3);
}

TEST_F(WasiFiles, files_are_made_written_sought_and_read) {
  ASSERT_EQ(machine.open("a.txt", create | exclusive, true), success);
  EXPECT_EQ(machine.opened(), 4U);
  EXPECT_EQ(write(4, "hello"), success);
  EXPECT_EQ(machine.call("fd_tell", {4, 0x80}), success);
  EXPECT_EQ(machine.u64(0x80), 5U);
  EXPECT_EQ(read(4), "");
  EXPECT_EQ(machine.call("fd_seek", {4, std::uint64_t(-4), 2, 0x80}), success);
  EXPECT_EQ(read(4), "ello");
  EXPECT_EQ(machine.call("fd_seek", {4, std::uint64_t(-6), 1, 0x80}), number(Errno::invalid));
  EXPECT_EQ(machine.call("fd_seek", {4, INT64_MAX, 1, 0x80}), number(Errno::overflow));
  EXPECT_EQ(machine.call("fd_seek", {4, 0, 3, 0x80}), number(Errno::invalid));
  EXPECT_EQ(machine.call("fd_pwrite", {4, 0x40, 1, 8, 0x48}), success);  // what was just read
  EXPECT_EQ(machine.call("fd_pread", {4, 0x40, 1, 1, 0x48}), success);
  EXPECT_EQ(machine.u32(0x48), 16U);
  EXPECT_EQ(machine.call("fd_tell", {4, 0x80}), success);
  EXPECT_EQ(machine.u64(0x80), 5U);
  EXPECT_EQ(machine.call("fd_pread", {4, 0x40, 1, UINT64_MAX, 0x48}), number(Errno::invalid));
  EXPECT_EQ(machine.call("fd_sync", {4}), success);
  EXPECT_EQ(machine.call("fd_close", {4}), success);
  EXPECT_EQ(folder.read("a.txt").substr(0, 8), std::string("hello\0\0\0", 8));
  EXPECT_EQ(machine.open("a.txt", create | exclusive, true), number(Errno::exists));
}

TEST_F(WasiFiles, appending_writes_at_the_end_and_truncating_empties) {
  folder.write("log", "one ");
  ASSERT_EQ(machine.open("log", 0, true, 1), success);
  EXPECT_EQ(write(4, "two"), success);
  EXPECT_EQ(folder.read("log"), "one two");
  EXPECT_EQ(machine.call("fd_fdstat_set_flags", {4, 0}), success);
  EXPECT_EQ(machine.call("fd_seek", {4, 0, 0, 0x80}), success);
  EXPECT_EQ(write(4, "ONE"), success);
  EXPECT_EQ(folder.read("log"), "ONE two");
  ASSERT_EQ(machine.open("log", truncate, true), success);
  EXPECT_EQ(folder.read("log"), "");
}

TEST_F(WasiFiles, what_was_opened_for_reading_cannot_be_written) {
  folder.write("a", "x");
  ASSERT_EQ(machine.open("a"), success);
  EXPECT_EQ(write(4, "y"), number(Errno::bad_descriptor));
  EXPECT_EQ(folder.read("a"), "x");
  EXPECT_EQ(machine.open("none"), number(Errno::no_entry));
  EXPECT_EQ(machine.open("a", folder_only), number(Errno::not_directory));
  EXPECT_EQ(machine.open("a/"), number(Errno::not_directory));
  EXPECT_EQ(machine.open("a", 16), number(Errno::invalid));
}

TEST_F(WasiFiles, folders_are_listed_in_the_order_of_names) {
  for (const char* name : {"b", "a", "C", "d"}) folder.write(name, name);
  fs::create_directory(folder.path() / "e");
  EXPECT_EQ(machine.call("fd_readdir", {3, 0x1000, 4096, 0, 0x80}), success);
  EXPECT_EQ(machine.u32(0x80), 5 * 25U);
  std::string names;
  for (std::uint32_t i = 0; i < 5; ++i) {
    const std::uint32_t entry = 0x1000 + i * 25;
    EXPECT_EQ(machine.u64(entry), i + 1);      // where the next one is
    EXPECT_EQ(machine.u64(entry + 8), i + 1);  // inodes in the order met
    EXPECT_EQ(machine.u32(entry + 16), 1U);
    EXPECT_EQ(machine.u32(entry + 20), i == 4 ? 3U : 4U);
    names += machine.text(entry + 24, 1);
  }
  EXPECT_EQ(names, "Cabde");
  // From the middle, into a buffer that is too small: a cut entry.
  EXPECT_EQ(machine.call("fd_readdir", {3, 0x1000, 30, 3, 0x80}), success);
  EXPECT_EQ(machine.u32(0x80), 30U);
  EXPECT_EQ(machine.text(0x1000 + 24, 1), "d");
  EXPECT_EQ(machine.call("fd_readdir", {3, 0x1000, 4096, 5, 0x80}), success);
  EXPECT_EQ(machine.u32(0x80), 0U);
  EXPECT_EQ(machine.call("fd_readdir", {3, 0x1000, 4096, UINT64_MAX, 0x80}), success);
  EXPECT_EQ(machine.u32(0x80), 0U);
}

TEST_F(WasiFiles, a_listing_stays_until_it_is_begun_anew) {
  folder.write("a", "");
  EXPECT_EQ(machine.call("fd_readdir", {3, 0x1000, 4096, 0, 0x80}), success);
  folder.write("b", "");
  EXPECT_EQ(machine.call("fd_readdir", {3, 0x1000, 4096, 1, 0x80}), success);
  EXPECT_EQ(machine.u32(0x80), 0U);
  EXPECT_EQ(machine.call("fd_readdir", {3, 0x1000, 4096, 0, 0x80}), success);
  EXPECT_EQ(machine.u32(0x80), 50U);
}

TEST_F(WasiFiles, folders_are_made_entered_and_removed) {
  EXPECT_EQ(with_path("path_create_directory", "d"), success);
  EXPECT_EQ(with_path("path_create_directory", "d"), number(Errno::exists));
  EXPECT_EQ(with_path("path_create_directory", "d/e/"), success);
  EXPECT_EQ(machine.open("d/e/../f", create, true), success);
  EXPECT_TRUE(fs::exists(folder.path() / "d/f"));
  EXPECT_EQ(with_path("path_remove_directory", "d"), number(Errno::not_empty));
  EXPECT_EQ(with_path("path_unlink_file", "d/e"), number(Errno::is_directory));
  EXPECT_EQ(with_path("path_remove_directory", "d/f"), number(Errno::not_directory));
  EXPECT_EQ(with_path("path_unlink_file", "d/f"), success);
  EXPECT_EQ(with_path("path_remove_directory", "d/./e"), success);
  EXPECT_EQ(with_path("path_remove_directory", "d"), success);
  EXPECT_EQ(with_path("path_remove_directory", "d"), number(Errno::no_entry));
  EXPECT_EQ(machine.open(".", folder_only), success);
  EXPECT_EQ(machine.call("fd_readdir", {machine.opened(), 0x1000, 4096, 0, 0x84}), success);
  EXPECT_EQ(machine.u32(0x84), 0U);
  EXPECT_EQ(write(machine.opened(), "x"), number(Errno::is_directory));
}

TEST_F(WasiFiles, files_are_renamed) {
  folder.write("a", "A");
  folder.write("b", "B");
  fs::create_directory(folder.path() / "d");
  EXPECT_EQ(rename("a", "d/c"), success);
  EXPECT_EQ(rename("d/c", "b"), success);
  EXPECT_EQ(folder.read("b"), "A");
  EXPECT_EQ(rename("none", "x"), number(Errno::no_entry));
  EXPECT_EQ(rename("b", "../x"), number(Errno::not_capable));
}

TEST_F(WasiFiles, status_tells_the_same_on_every_machine) {
  folder.write("a", "12345");
  fs::create_directory(folder.path() / "d");
  fs::create_hard_link(folder.path() / "a", folder.path() / "again");
  EXPECT_EQ(status("d"), success);
  EXPECT_EQ(machine.text(0x200, 8), std::string("\1\0\0\0\0\0\0\0", 8));  // device
  EXPECT_EQ(inode(), 1U);
  EXPECT_EQ(machine.u64(0x210), 3U);  // a folder
  EXPECT_EQ(machine.u64(0x218), 1U);  // links
  EXPECT_EQ(machine.u64(0x220), 0U);  // size
  EXPECT_EQ(status("a"), success);
  EXPECT_EQ(inode(), 2U);
  EXPECT_EQ(machine.u64(0x210), 4U);
  EXPECT_EQ(machine.u64(0x218), 2U);
  EXPECT_EQ(machine.u64(0x220), 5U);
  for (const std::uint32_t time : {0x228U, 0x230U, 0x238U}) EXPECT_EQ(machine.u64(time), 0U);
  EXPECT_EQ(status("again"), success);
  EXPECT_EQ(inode(), 2U);
  ASSERT_EQ(machine.open("a"), success);
  EXPECT_EQ(machine.call("fd_filestat_get", {4, 0x200}), success);
  EXPECT_EQ(inode(), 2U);
  EXPECT_EQ(machine.call("fd_filestat_get", {3, 0x200}), success);
  EXPECT_EQ(inode(), 3U);
}

TEST_F(WasiFiles, a_new_file_never_has_the_number_of_one_that_is_gone) {
  folder.write("a", "");
  EXPECT_EQ(status("a"), success);
  EXPECT_EQ(inode(), 1U);
  for (std::uint64_t i = 2; i < 10; ++i) {  // disks give the same inode again
    EXPECT_EQ(with_path("path_unlink_file", "a"), success);
    folder.write("a", "");
    EXPECT_EQ(status("a"), success);
    EXPECT_EQ(inode(), i);
  }
  folder.write("b", "");
  EXPECT_EQ(rename("b", "a"), success);
  EXPECT_EQ(status("a"), success);
  EXPECT_EQ(inode(), 10U);
}

TEST_F(WasiFiles, real_times_are_shown_where_the_world_is_real) {
  folder.write("a", "");
  auto world = tools::wasi::make_world({{{"/", folder.path().string()}}, {}});
  ASSERT_TRUE(world.has_value());
  EXPECT_TRUE(world->shows_file_times);
  EXPECT_GT(world->folders[0].folder->status_of("a", false)->modified, 0U);
}

TEST_F(WasiFiles, no_path_leads_out_of_the_folder) {
  const TemporaryFolder outside;
  outside.write("secret", "s");
  fs::create_directory(folder.path() / "d");
  fs::create_symlink(outside.path(), folder.path() / "absolute");
  fs::create_symlink("../" + outside.path().filename().string(), folder.path() / "relative");
  fs::create_symlink("../../" + outside.path().filename().string(), folder.path() / "d/deep");
  fs::create_symlink(outside.path() / "secret", folder.path() / "file");
  const std::uint32_t not_capable = number(Errno::not_capable);
  for (const std::string path :
       {"/etc/passwd", "..", "../x", "d/../../x", "absolute/secret", "relative/secret",
        "d/deep/secret", "file", "absolute", "d/deep/..", "absolute/"}) {
    EXPECT_EQ(machine.open(path), not_capable) << path;
    EXPECT_EQ(machine.open(path, create | truncate, true), not_capable) << path;
    EXPECT_EQ(status(path, 1), not_capable) << path;
  }
  for (const std::string path : {"absolute/new", "relative/new", "d/deep/new", "../new"}) {
    EXPECT_EQ(with_path("path_create_directory", path), not_capable) << path;
    EXPECT_EQ(with_path("path_unlink_file", path), not_capable) << path;
    EXPECT_EQ(with_path("path_remove_directory", path), not_capable) << path;
    EXPECT_EQ(rename("d", path), not_capable) << path;
  }
  EXPECT_EQ(outside.read("secret"), "s");
  EXPECT_EQ(std::distance(fs::directory_iterator(outside.path()), {}), 1);
  // Links themselves can be looked at and removed.
  EXPECT_EQ(status("absolute"), success);
  EXPECT_EQ(machine.u64(0x210), 7U);
  EXPECT_EQ(machine.open("file", 0, false, 0, 0), number(Errno::loop));
  EXPECT_EQ(with_path("path_unlink_file", "file"), success);
  EXPECT_EQ(outside.read("secret"), "s");
}

TEST_F(WasiFiles, links_inside_the_folder_are_followed) {
  fs::create_directories(folder.path() / "d/e");
  folder.write("d/e/f", "F");
  fs::create_symlink("d/e", folder.path() / "link");
  fs::create_symlink("../d/e/../e/f", folder.path() / "d/other");
  fs::create_symlink("round", folder.path() / "round");
  ASSERT_EQ(machine.open("link/f"), success);
  EXPECT_EQ(read(4), "F");
  ASSERT_EQ(machine.open("d/other"), success);
  EXPECT_EQ(read(5), "F");
  ASSERT_EQ(machine.open("link/../other"), success);
  EXPECT_EQ(machine.open("round"), number(Errno::loop));
  EXPECT_EQ(machine.open("round/x"), number(Errno::loop));
}

TEST_F(WasiFiles, links_that_are_made_lead_nowhere_else) {
  const TemporaryFolder outside;
  outside.write("secret", "s");
  const std::string beside = "../" + outside.path().filename().string();
  EXPECT_EQ(make_link("/etc", "x"), number(Errno::not_capable));
  EXPECT_EQ(make_link("", "x"), number(Errno::no_entry));
  EXPECT_EQ(make_link("a", "../x"), number(Errno::not_capable));
  EXPECT_EQ(make_link("a", "/x"), number(Errno::not_capable));
  EXPECT_EQ(make_link(beside, "up"), success);
  EXPECT_EQ(machine.open("up/secret"), number(Errno::not_capable));
  EXPECT_EQ(machine.open("up"), number(Errno::not_capable));
  EXPECT_EQ(read_link("up"), success);
  EXPECT_EQ(machine.text(0x1000, machine.u32(0x48)), beside);
  EXPECT_EQ(link("up/secret", "y"), number(Errno::not_capable));
  EXPECT_EQ(link("up", "y", 1), number(Errno::not_capable));
  EXPECT_EQ(link("../x", "y"), number(Errno::not_capable));
  EXPECT_EQ(link("up", "up/y"), number(Errno::not_capable));
  EXPECT_EQ(rename("up", "up/y"), number(Errno::not_capable));
  const auto before = fs::last_write_time(outside.path() / "secret");
  machine.put(0x100, "up/secret");
  EXPECT_EQ(machine.call("path_filestat_set_times", {3, 1, 0x100, 9, 1, 1, 5}),
            number(Errno::not_capable));
  EXPECT_EQ(fs::last_write_time(outside.path() / "secret"), before);
  // Where the machine's own links lead is the machine's.
  fs::create_symlink(outside.path(), folder.path() / "absolute");
  EXPECT_EQ(read_link("absolute"), number(Errno::not_capable));
  EXPECT_EQ(std::distance(fs::directory_iterator(outside.path()), {}), 1);
}

TEST_F(WasiFiles, sizes_and_times_are_set) {
  folder.write("a", "12345");
  ASSERT_EQ(machine.open("a", 0, true), success);
  EXPECT_EQ(machine.call("fd_filestat_set_size", {4, 3}), success);
  EXPECT_EQ(folder.read("a"), "123");
  EXPECT_EQ(machine.call("fd_filestat_set_size", {4, UINT64_MAX}), number(Errno::invalid));
  EXPECT_EQ(machine.call("fd_allocate", {4, 2, 3}), success);
  EXPECT_EQ(folder.read("a"), std::string("123\0\0", 5));
  EXPECT_EQ(machine.call("fd_allocate", {4, 0, 0}), number(Errno::invalid));
  EXPECT_EQ(machine.call("fd_allocate", {4, 1, INT64_MAX}), number(Errno::file_too_big));
  EXPECT_EQ(machine.call("fd_advise", {4, 0, 0, 6}), number(Errno::invalid));
  ASSERT_EQ(machine.open("a"), success);
  EXPECT_EQ(machine.call("fd_filestat_set_size", {5, 0}), number(Errno::bad_descriptor));
  EXPECT_EQ(machine.call("fd_filestat_set_size", {3, 0}), number(Errno::is_directory));
  for (const std::uint32_t flags : {3U, 12U, 16U}) {
    EXPECT_EQ(machine.call("fd_filestat_set_times", {4, 0, 0, flags}), number(Errno::invalid));
  }
  EXPECT_EQ(machine.call("fd_filestat_set_times", {4, 1, 1'000'000'007, 5}), success);
  struct stat status {};
  ASSERT_EQ(::stat((folder.path() / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_atim.tv_nsec, 1);
  EXPECT_EQ(status.st_mtim.tv_sec, 1);
  EXPECT_EQ(status.st_mtim.tv_nsec, 7);
  EXPECT_EQ(machine.call("fd_filestat_set_times", {3, 0, 2'000'000'000, 4}), success);
  ASSERT_EQ(::stat(folder.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mtim.tv_sec, 2);
}

TEST_F(WasiFiles, a_descriptor_takes_the_number_of_another) {
  folder.write("a", "A");
  folder.write("b", "B");
  ASSERT_EQ(machine.open("a"), success);
  ASSERT_EQ(machine.open("b"), success);
  EXPECT_EQ(machine.call("fd_renumber", {5, 4}), success);
  EXPECT_EQ(read(4), "B");
  EXPECT_EQ(machine.call("fd_tell", {5, 0x80}), number(Errno::bad_descriptor));
  EXPECT_EQ(machine.call("fd_renumber", {4, 4}), success);
  EXPECT_EQ(machine.call("fd_renumber", {4, 5}), number(Errno::bad_descriptor));
  EXPECT_EQ(machine.call("fd_renumber", {5, 4}), number(Errno::bad_descriptor));
  EXPECT_EQ(machine.call("fd_renumber", {4, 3}), success);
  EXPECT_EQ(machine.call("fd_prestat_get", {3, 0x80}), number(Errno::bad_descriptor));
}

TEST_F(WasiFiles, paths_that_are_none_are_refused) {
  EXPECT_EQ(machine.open(""), number(Errno::no_entry));
  EXPECT_EQ(machine.open(std::string("a\0b", 3)), number(Errno::invalid));
  EXPECT_EQ(machine.open(std::string(4097, 'x')), number(Errno::name_too_long));
  EXPECT_EQ(machine.open(std::string(300, 'x')), number(Errno::name_too_long));
  folder.write("a", "");
  ASSERT_EQ(machine.open("a"), success);
  EXPECT_EQ(machine.call("path_unlink_file", {4, 0x100, 1}), number(Errno::not_directory));
  EXPECT_EQ(machine.call("path_unlink_file", {9, 0x100, 1}), number(Errno::bad_descriptor));
}

TEST_F(WasiFiles, pipes_and_sockets_are_not_opened) {
  ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(machine.open("pipe"), number(Errno::not_supported));
  EXPECT_EQ(machine.open("pipe", 0, true), number(Errno::not_supported));
}

TEST_F(WasiFiles, so_many_files_can_be_open_and_numbers_are_used_again) {
  folder.write("a", "");
  for (std::uint32_t i = 4; i < Descriptors::open_max; ++i) {
    ASSERT_EQ(machine.open("a"), success);
    ASSERT_EQ(machine.opened(), i);
  }
  EXPECT_EQ(machine.open("b", create, true), number(Errno::too_many_open));
  EXPECT_FALSE(fs::exists(folder.path() / "b"));
  EXPECT_EQ(machine.call("fd_close", {17}), success);
  EXPECT_EQ(machine.open("a"), success);
  EXPECT_EQ(machine.opened(), 17U);
}

TEST(WasiWorld, folders_that_cannot_be_opened_are_refused) {
  const auto world = tools::wasi::make_world({{{"/", "/no/such/folder"}}, {}});
  ASSERT_FALSE(world.has_value());
  EXPECT_EQ(world.error().code, core::RefusalCode::file_not_found);
  const std::vector<tools::wasi::FolderName> many(510, {"/", "/"});
  EXPECT_EQ(tools::wasi::make_world({many, {}}).error().code, core::RefusalCode::limit_exceeded);
}

/// What reading 10 bytes gives while they come in two pieces: the second one behind the read, or,
/// if that waits for it, at last all the same.
std::string read_pieces(tools::wasi::StreamReads reads) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  EXPECT_EQ(::write(ends[1], "ab", 2), 2);
  std::promise<void> has_read;
  std::thread writer([&] {
    const bool waits = reads == tools::wasi::StreamReads::all;
    has_read.get_future().wait_for(std::chrono::milliseconds(waits ? 20 : 5000));
    EXPECT_EQ(::write(ends[1], "cd", 2), 2);
    ::close(ends[1]);
  });
  std::vector<std::uint8_t> bytes(10);
  const auto size = tools::wasi::Stream(ends[0], reads).read(bytes, 0);
  has_read.set_value();
  writer.join();
  ::close(ends[0]);
  return std::string(core::as_text(bytes).substr(0, size.value_or(0)));
}

TEST(WasiWorld, virtual_streams_do_not_show_in_which_pieces_they_come) {
  EXPECT_EQ(read_pieces(tools::wasi::StreamReads::what_is_there), "ab");
  EXPECT_EQ(read_pieces(tools::wasi::StreamReads::all), "abcd");
}

TEST(WasiWorld, input_is_waited_for_as_long_as_asked) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  tools::wasi::Stream input(ends[0]);
  tools::wasi::Stream whole(ends[0], tools::wasi::StreamReads::all);
  EXPECT_EQ(input.wait_for_input(0), false);
  EXPECT_EQ(input.wait_for_input(1'000'000), false);
  EXPECT_EQ(whole.wait_for_input(0), true);  // its reads wait
  EXPECT_EQ(::write(ends[1], "ab", 2), 2);
  EXPECT_EQ(input.wait_for_input(0), true);
  EXPECT_EQ(input.wait_for_input(std::nullopt), true);
  ::close(ends[1]);
  ::close(ends[0]);
}

}  // namespace
}  // namespace isotrace::wasm::wasi::tests
