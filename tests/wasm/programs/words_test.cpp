// A program of C's library, as Debian's clang and wasi-libc make it, at work on real files.
#include <algorithm>
#include <map>
#include <sstream>

#include <isotrace/core/philox.hpp>
#include "tests/wasm/programs/command.hpp"

namespace isotrace::wasm::tests {
namespace {

using wasi::tests::TemporaryFolder;

constexpr const char* rose = "A rose is a rose\nis a ROSE.\n";
constexpr const char* tale = "It was the best of times, it was the worst of times";

struct WordsProgram : testing::TestWithParam<EngineChoice> {
  TemporaryFolder folder;
};
INSTANTIATE_TEST_SUITE_P(Engines, WordsProgram, testing::ValuesIn(all_engines()), engine_name);

TEST_P(WordsProgram, standard_input_is_counted) {
  const CommandRun run(GetParam(), "words", folder.path(), {{}, {"TOP=2"}}, rose);
  EXPECT_EQ(run.output,
            "      2       8      28 -\n"
            "      3 a\n"
            "      3 rose\n");
  EXPECT_EQ(run.error, "");
  EXPECT_EQ(run.exit_code, 0U);
}

TEST_P(WordsProgram, files_and_folders_are_counted_in_the_order_of_names) {
  std::filesystem::create_directory(folder.path() / "b");
  folder.write("c", tale);
  folder.write("a", rose);
  folder.write("b/inside", "worst");
  const CommandRun run(GetParam(), "words", folder.path(),
                       {{"/files", "/files/none", "/files/a"}, {"TOP=4"}});
  EXPECT_EQ(run.output,
            "      2       8      28 /files/a\n"
            "      0       1       5 /files/b/inside\n"
            "      0      12      51 /files/c\n"
            "      2       8      28 /files/a\n"
            "      6 a\n"
            "      6 rose\n"
            "      4 is\n"
            "      2 it\n");
  EXPECT_EQ(run.error, "words: /files/none: No such file or directory\n");
  EXPECT_TRUE(run.exited);
  EXPECT_EQ(run.exit_code, 1U);
}

TEST_P(WordsProgram, a_large_text_is_counted_as_a_map_counts_it) {
  std::string text;
  std::map<std::string, std::size_t> counts;
  core::PhiloxStream random(81);
  for (int i = 0; i < 3000; ++i) {
    std::string word(1 + random.next_below(2), 'a');
    for (char& letter : word) letter = static_cast<char>('a' + random.next_below(26));
    ++counts[word];
    text += word + (i % 9 == 8 ? "\n" : " ");
  }
  std::vector<std::pair<std::string, std::size_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted,
                           [](const auto& a, const auto& b) { return a.second > b.second; });
  std::ostringstream expected;
  for (const auto& [word, count] : sorted) {
    expected << std::string(7 - std::to_string(count).size(), ' ') << count << " " << word << "\n";
  }
  folder.write("large", text);
  const CommandRun run(GetParam(), "words", folder.path(), {{"/files/large"}, {"TOP=10000"}});
  EXPECT_EQ(run.output.substr(run.output.find('\n') + 1), expected.str());
}

TEST_P(WordsProgram, runs_in_virtual_worlds_end_in_the_same_state) {
  const CommandRun first(GetParam(), "words", folder.path(), {{}, {}}, rose);
  const TemporaryFolder elsewhere;
  const CommandRun again(GetParam(), "words", elsewhere.path(), {{}, {}}, rose);
  EXPECT_EQ(first.root, again.root);
  const CommandRun other(GetParam(), "words", folder.path(), {{}, {}}, tale);
  EXPECT_NE(first.root, other.root);
}

}  // namespace
}  // namespace isotrace::wasm::tests
