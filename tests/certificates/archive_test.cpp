// Archives for transfer: one spelling, and nothing else is unpacked.
#include <functional>

#include <gtest/gtest.h>

#include <isotrace/signing/archive.hpp>

#include "tests/support/mutate.hpp"

namespace isotrace::signing {
namespace {

using core::Bytes;
using core::RefusalCode;

Bytes make(const std::vector<std::pair<std::string, std::string>>& files) {
  std::vector<ArchiveFile> list;
  for (const auto& [path, text] : files) list.push_back({path, core::as_bytes(text)});
  auto archive = write_archive(std::move(list));
  EXPECT_TRUE(archive.has_value());
  return archive ? *std::move(archive) : Bytes{};
}

const std::vector<std::pair<std::string, std::string>> some = {
    {"package.json", "{}"}, {"model/a.onnx", std::string(600, 'm')}, {"model/b", ""}};

RefusalCode refusal(const Bytes& bytes) {
  const auto files = parse_archive(bytes);
  EXPECT_FALSE(files.has_value());
  return files ? RefusalCode::artifact_unknown : files.error().code;
}

RefusalCode write_refusal(const std::vector<std::string>& paths) {
  std::vector<ArchiveFile> list;
  for (const std::string& path : paths) list.push_back({path, {}});
  const auto archive = write_archive(std::move(list));
  EXPECT_FALSE(archive.has_value()) << paths.front();
  return archive ? RefusalCode::artifact_unknown : archive.error().code;
}

void put(Bytes& bytes, std::size_t at, std::string_view text) {
  for (const char c : text) bytes.at(at++) = static_cast<std::uint8_t>(c);
}

/// A header changed and its checksum made right again.
Bytes with_header(const std::function<void(Bytes&)>& change) {
  Bytes bytes = make({{"a", "text"}});
  change(bytes);
  put(bytes, 148, "        ");
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += bytes[i];
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  put(bytes, 148, {digits, 7});
  return bytes;
}

TEST(Archive, reads_back_what_was_written_in_one_order) {
  const Bytes archive = make(some);
  EXPECT_EQ(archive, make({some[2], some[0], some[1]}));
  const auto files = parse_archive(archive);
  ASSERT_TRUE(files.has_value());
  ASSERT_EQ(files->size(), 3U);
  EXPECT_EQ((*files)[0].path, "model/a.onnx");
  EXPECT_EQ(core::as_text((*files)[0].bytes), some[1].second);
  EXPECT_EQ((*files)[2].path, "package.json");
  EXPECT_TRUE(parse_archive(make({})).has_value());
}

TEST(Archive, paths_that_leave_the_folder_are_refused) {
  for (const std::string_view path :
       {"", "/a", "../a", "a/..", "a/../b", ".", "./a", "a/", "a//b", "a/.", "a\\b", "C:\\a", " a",
        "a ", "a.", "a/b /c", "a\nb", "a\x80", "\xC3\xA9"}) {
    EXPECT_FALSE(is_safe_path(path)) << path;
    EXPECT_EQ(write_refusal({std::string(path)}), RefusalCode::manifest_name_unsafe) << path;
    if (path.empty()) continue;
    const Bytes archive = with_header([&](Bytes& bytes) { put(bytes, 0, path); });
    EXPECT_EQ(refusal(archive), RefusalCode::archive_malformed) << path;
  }
  EXPECT_TRUE(is_safe_path("a/b c/d.e"));
  EXPECT_TRUE(is_safe_path(std::string(100, 'a')));
  EXPECT_FALSE(is_safe_path(std::string(101, 'a')));
}

TEST(Archive, files_stand_once_and_not_below_files) {
  EXPECT_EQ(write_refusal({"a", "a"}), RefusalCode::archive_malformed);
  EXPECT_EQ(write_refusal({"a/b", "a", "a-c"}), RefusalCode::archive_malformed);
  EXPECT_EQ(write_refusal({"a/b/c", "a/b"}), RefusalCode::archive_malformed);
  // The same in an archive made of two: out of order, twice, below a file.
  const Bytes a = make({{"a", "1"}});
  const auto join = [&](const Bytes& second) {
    Bytes both = a;
    both.resize(1024);
    for (const std::uint8_t byte : second) both.push_back(byte);
    return both;
  };
  EXPECT_TRUE(parse_archive(join(make({{"b", "2"}}))).has_value());
  EXPECT_EQ(refusal(join(a)), RefusalCode::archive_malformed);
  EXPECT_EQ(refusal(join(make({{"A", "2"}}))), RefusalCode::archive_malformed);
  EXPECT_EQ(refusal(join(make({{"a/b", "2"}}))), RefusalCode::archive_malformed);
}

TEST(Archive, links_devices_and_other_headers_are_refused) {
  ASSERT_TRUE(parse_archive(with_header([](Bytes&) {})).has_value());
  for (const char type : {'1', '2', '3', '4', '5', '6', '7', 'x', 'g', 'L', 'K', 'S', '\0'}) {
    EXPECT_EQ(
        refusal(with_header([&](Bytes& bytes) { bytes[156] = static_cast<std::uint8_t>(type); })),
        RefusalCode::archive_malformed)
        << type;
  }
  for (const auto& [at, text] : std::vector<std::pair<std::size_t, std::string>>{
           {100, "0004755"},       // mode
           {108, "0000001"},       // owner
           {136, "00000000001"},   // time
           {157, "/etc/passwd"},   // target of a link
           {257, "ustar  "},       // GNU
           {265, "root"},          // owner's name
           {345, "../../prefix"},  // prefix of the path
           {500, "x"},
           {2, "hidden"}}) {  // behind the end of the name
    EXPECT_EQ(refusal(with_header([&](Bytes& bytes) { put(bytes, at, text); })),
              RefusalCode::archive_malformed)
        << at;
  }
  EXPECT_EQ(refusal(with_header([](Bytes& bytes) { put(bytes, 124, "77777777777"); })),
            RefusalCode::archive_malformed);
  EXPECT_EQ(refusal(with_header([](Bytes& bytes) { bytes[124] = 0x80; })),
            RefusalCode::archive_malformed);
}

TEST(Archive, every_cut_and_trailing_byte_is_refused) {
  const Bytes archive = make(some);
  for (std::size_t size = 0; size < archive.size(); size += 3) {
    EXPECT_EQ(refusal(Bytes(archive.begin(), archive.begin() + static_cast<long>(size))),
              RefusalCode::archive_malformed);
  }
  for (const std::size_t more : {1U, 512U, 1024U}) {
    Bytes longer = archive;
    for (std::size_t i = 0; i < more; ++i) longer.push_back(0);
    EXPECT_EQ(refusal(longer), RefusalCode::archive_malformed);
  }
}

TEST(Archive, mutants_are_refused_or_what_write_archive_gives) {
  const Bytes archive = make(some);
  core::PhiloxStream random(3);
  for (std::size_t i = 0; i < tests::mutant_count() / 4; ++i) {
    const auto files = parse_archive(tests::mutate(archive, random));
    if (files) {
      EXPECT_TRUE(write_archive(*files).has_value());
    }
  }
}

}  // namespace
}  // namespace isotrace::signing
