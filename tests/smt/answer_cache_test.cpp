#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include <isotrace/smt/answer_cache.hpp>
#include <isotrace/smt/portfolio.hpp>

#include "tests/support/mutate.hpp"

namespace isotrace::smt {
namespace {

std::string fresh_folder(const std::string& name) {
  const std::string folder = testing::TempDir() + "isotrace_cache_" + name;
  std::filesystem::remove_all(folder);
  return folder;
}

core::Digest key_of(std::uint64_t number) {
  core::ByteWriter writer;
  writer.u64(number);
  return AnswerCache::key(core::sha256(writer.bytes()), Engine::z3, {}, 1);
}

Answer some_answer(std::uint64_t number) {
  Answer answer;
  answer.kind = Answer::Kind::sat;
  answer.model.scalars["x"] = number;
  answer.model.memories["m"] = {1, {{5, 6}}};
  answer.lrat.assign(10'000, static_cast<std::uint8_t>(number));
  return answer;
}

TEST(AnswerCache, keeps_whole_answers) {
  const AnswerCache cache(fresh_folder("whole"));
  EXPECT_FALSE(cache.find(key_of(1)).has_value());
  cache.keep(key_of(1), some_answer(1));
  const auto found = cache.find(key_of(1));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->model, some_answer(1).model);
  EXPECT_EQ(found->lrat, some_answer(1).lrat);
  EXPECT_FALSE(cache.find(key_of(2)).has_value());
}

TEST(AnswerCache, key_covers_engine_and_limits) {
  const core::Digest query = core::sha256({});
  EngineLimits longer;
  longer.cpu_seconds += 1;
  EngineLimits steps;
  steps.steps = 7;
  const std::vector<core::Digest> keys = {
      AnswerCache::key(query, Engine::z3, {}, 1), AnswerCache::key(query, Engine::cvc5, {}, 1),
      AnswerCache::key(query, Engine::z3, longer, 1), AnswerCache::key(query, Engine::z3, steps, 1),
      AnswerCache::key(query, Engine::z3, {}, 2)};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(keys[i], keys[j]);
  }
  // What a deadline leaves differs with every run.
  EngineLimits later;
  later.wall_milliseconds -= 1;
  EXPECT_EQ(AnswerCache::key(query, Engine::z3, later, 1), keys[0]);
}

TEST(AnswerCache, damaged_entries_are_ignored_and_written_anew) {
  const std::string folder = fresh_folder("damaged");
  const AnswerCache cache(folder);
  cache.keep(key_of(1), some_answer(1));
  const std::string path = folder + "/" + key_of(1).hex() + ".answer";
  std::ifstream stream(path, std::ios::binary);
  const core::Bytes whole{std::istreambuf_iterator<char>(stream), {}};
  core::PhiloxStream random(2);
  for (int i = 0; i < 100; ++i) {
    const core::Bytes mutant = tests::mutate(whole, random);
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(mutant.data()),
               static_cast<std::streamsize>(mutant.size()));
    ASSERT_FALSE(cache.find(key_of(1)).has_value());
  }
  cache.keep(key_of(1), some_answer(1));
  EXPECT_TRUE(cache.find(key_of(1)).has_value());
}

/// Keeps answers until it is killed.
pid_t start_writer(const std::string& folder) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const AnswerCache cache(folder);
  for (std::uint64_t i = 0;; ++i) cache.keep(key_of(i % 50), some_answer(i % 50));
}

TEST(AnswerCache, writers_that_are_killed_leave_whole_entries_and_nothing_else) {
  const std::string folder = fresh_folder("killed");
  for (int round = 0; round < 30; ++round) {
    std::vector<pid_t> writers;
    for (int i = 0; i < 3; ++i) writers.push_back(start_writer(folder));
    ::usleep(static_cast<useconds_t>(3'000 + 700 * round));
    for (const pid_t writer : writers) ::kill(writer, SIGKILL);
    for (const pid_t writer : writers) ::waitpid(writer, nullptr, 0);
  }
  const AnswerCache cache(folder);
  std::size_t whole = 0;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const auto found = cache.find(key_of(i));
    if (!found) continue;
    ++whole;
    EXPECT_TRUE(found->model.scalars.at("x") == i);
  }
  EXPECT_GT(whole, 0U);
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    EXPECT_EQ(file.path().extension(), ".answer");
    ++files;
  }
  EXPECT_EQ(files, whole);
}

// ---- in use

/// Decides "x = 5" with a solver that counts in a file how often it ran.
class CachedDecision : public testing::Test {
 protected:
  CachedDecision()
      : question_(pool_.equal(pool_.variable("x", bits::vector_sort(8)), pool_.constant(5, 8))) {
    options_.engines = {Engine::gates};
    options_.cache_folder = fresh_folder("decide");
  }

  bool was_cached() {
    const auto decision = decide(pool_, question_, options_);
    EXPECT_TRUE(decision.has_value());
    EXPECT_EQ(decision->kind, Decision::Kind::sat);
    EXPECT_TRUE(decision->model.scalars.at("x") == 5);
    return decision->runs[0].cached;
  }

  bits::TermPool pool_;
  bits::Term question_;
  DecideOptions options_;
};

TEST_F(CachedDecision, second_time_no_solver_runs) {
  EXPECT_FALSE(was_cached());
  EXPECT_TRUE(was_cached());
  options_.limits.steps = 1'000'000;
  EXPECT_FALSE(was_cached());
  options_.cache_folder.clear();
  EXPECT_FALSE(was_cached());
}

TEST_F(CachedDecision, an_entry_that_lies_is_not_believed) {
  EXPECT_FALSE(was_cached());
  const auto entry = *std::filesystem::directory_iterator(options_.cache_folder);
  const auto key = core::parse_digest(entry.path().stem().string());
  ASSERT_TRUE(key.has_value());
  std::filesystem::remove(entry.path());
  const AnswerCache cache(options_.cache_folder);
  cache.keep(*key, some_answer(4));
  EXPECT_FALSE(was_cached());
  Answer unsat;
  unsat.kind = Answer::Kind::unsat;
  std::filesystem::remove(entry.path());
  cache.keep(*key, unsat);
  EXPECT_FALSE(was_cached());
}

}  // namespace
}  // namespace isotrace::smt
