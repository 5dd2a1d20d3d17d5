#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <isotrace/core/file.hpp>

namespace isotrace::core {
namespace {

namespace fs = std::filesystem;

class PosixFilesTest : public ::testing::Test {
 protected:
  PosixFilesTest() {
    std::string name = (fs::temp_directory_path() / "isotrace-files-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~PosixFilesTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }
  RefusalCode refusal_of(const std::string& name, std::uint64_t bytes_max = 1 << 20) {
    const auto bytes = files_.read(path(name), bytes_max);
    EXPECT_FALSE(bytes.has_value());
    return bytes ? RefusalCode::artifact_unknown : bytes.error().code;
  }

  std::string folder_;
  PosixFiles files_;
};

TEST_F(PosixFilesTest, written_files_read_back) {
  for (const std::size_t size : {0, 1, 4096, 100001}) {
    const Bytes bytes(size, 0x42);
    ASSERT_TRUE(files_.write(path("a"), bytes).has_value());
    EXPECT_EQ(*files_.read(path("a"), size), bytes);
  }
  EXPECT_EQ(entries(), 1U);
}

TEST_F(PosixFilesTest, old_file_stays_until_publish_replaces_it) {
  ASSERT_TRUE(files_.write(path("a"), Bytes{1}).has_value());
  auto file = *files_.begin(path("a"));
  ASSERT_TRUE(file->append(Bytes{2}).has_value());
  ASSERT_TRUE(file->append(Bytes{3}).has_value());
  EXPECT_EQ(*files_.read(path("a"), 9), Bytes{1});
  EXPECT_TRUE(fs::exists(path("a.incomplete")));
  ASSERT_TRUE(file->publish().has_value());
  EXPECT_EQ(*files_.read(path("a"), 9), (Bytes{2, 3}));
  file.reset();
  EXPECT_EQ(entries(), 1U);
}

TEST_F(PosixFilesTest, dropped_file_leaves_nothing) {
  { auto file = *files_.begin(path("a")); }
  EXPECT_EQ(entries(), 0U);
}

TEST_F(PosixFilesTest, abandoned_file_or_link_is_replaced_not_followed) {
  ASSERT_TRUE(files_.write(path("victim"), Bytes{1}).has_value());
  fs::create_symlink(path("victim"), path("a.incomplete"));
  ASSERT_TRUE(files_.write(path("a"), Bytes{2}).has_value());
  EXPECT_EQ(*files_.read(path("victim"), 9), Bytes{1});
  EXPECT_FALSE(fs::is_symlink(path("a")));
}

TEST_F(PosixFilesTest, what_is_being_written_is_not_written_by_another) {
  auto first = *files_.begin(path("a"));
  ASSERT_TRUE(first->append(Bytes{1}).has_value());
  PosixFiles other;
  EXPECT_EQ(other.begin(path("a")).error().code, RefusalCode::file_write_failed);
  ASSERT_TRUE(first->append(Bytes{2}).has_value());
  ASSERT_TRUE(first->publish().has_value());
  EXPECT_EQ(*files_.read(path("a"), 9), (Bytes{1, 2}));
  auto second = other.begin(path("a"));  // once it has its name, the next may replace it
  ASSERT_TRUE(second.has_value());
  second->reset();
  EXPECT_EQ(entries(), 1U);
}

TEST_F(PosixFilesTest, links_and_pipes_are_not_replaced) {
  ASSERT_TRUE(files_.write(path("victim"), Bytes{1}).has_value());
  fs::create_symlink(path("victim"), path("link"));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  fs::create_symlink("/dev/null", path("device"));
  for (const char* name : {"link", "pipe", "device"}) {
    EXPECT_EQ(files_.write(path(name), Bytes{2}).error().code, RefusalCode::file_write_failed);
    EXPECT_FALSE(fs::exists(path(name) + ".incomplete"));
  }
  EXPECT_TRUE(fs::is_symlink(path("link")) && fs::is_fifo(path("pipe")));
  EXPECT_EQ(*files_.read(path("victim"), 9), Bytes{1});
}

TEST_F(PosixFilesTest, permissions_follow_the_mode) {
  PosixFiles secret(FileMode::owner_only);
  ASSERT_TRUE(secret.write(path("key"), Bytes{1}).has_value());
  ASSERT_TRUE(files_.write(path("open"), Bytes{1}).has_value());
  EXPECT_EQ(fs::status(path("key")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(path("open")).permissions() & fs::perms::others_write, fs::perms::none);
}

TEST_F(PosixFilesTest, refuses_what_is_absent_irregular_or_too_large) {
  EXPECT_EQ(refusal_of("absent"), RefusalCode::file_not_found);
  fs::create_directory(path("folder"));
  EXPECT_EQ(refusal_of("folder"), RefusalCode::file_not_regular);
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusal_of("pipe"), RefusalCode::file_not_regular);  // and does not wait for a writer
  EXPECT_EQ(files_.read("/dev/zero", 10).error().code, RefusalCode::file_not_regular);
  ASSERT_TRUE(files_.write(path("a"), Bytes(11)).has_value());
  EXPECT_EQ(refusal_of("a", 10), RefusalCode::file_too_large);
  fs::create_symlink(path("nowhere"), path("dangling"));
  EXPECT_EQ(refusal_of("dangling"), RefusalCode::file_not_found);
}

TEST_F(PosixFilesTest, refuses_what_cannot_be_read) {
  // A regular file whose first page is not mapped: reading it is an input/output error.
  EXPECT_EQ(files_.read("/proc/self/mem", 1 << 16).error().code, RefusalCode::file_read_failed);
}

TEST_F(PosixFilesTest, files_that_grow_or_hide_their_size_are_read_within_the_limit) {
  const auto version = files_.read("/proc/version", 1 << 16);  // stat says 0 bytes
  ASSERT_TRUE(version.has_value());
  EXPECT_FALSE(version->empty());
  EXPECT_EQ(files_.read("/proc/version", 3).error().code, RefusalCode::file_too_large);
}

TEST_F(PosixFilesTest, refuses_to_write_where_it_cannot) {
  EXPECT_EQ(files_.begin(path("absent/a")).error().code, RefusalCode::file_write_failed);
  fs::create_directories(path("a.incomplete/full"));
  EXPECT_EQ(files_.write(path("a"), Bytes{1}).error().code, RefusalCode::file_write_failed);
  fs::create_directories(path("b/full"));
  EXPECT_EQ(files_.write(path("b"), Bytes{1}).error().code, RefusalCode::file_write_failed);
  EXPECT_FALSE(fs::exists(path("b.incomplete")));
  EXPECT_EQ(files_.write("/dev/full/x", Bytes{1}).error().code, RefusalCode::file_write_failed);
}

}  // namespace
}  // namespace isotrace::core
