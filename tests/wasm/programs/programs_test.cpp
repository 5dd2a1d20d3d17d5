// What the programs compute is compared with computations of our own, on every engine.
#include <algorithm>
#include <bit>
#include <numeric>

#include "tests/wasm/programs/program.hpp"

namespace isotrace::wasm::tests {
namespace {

struct Programs : testing::TestWithParam<EngineChoice> {};
INSTANTIATE_TEST_SUITE_P(Engines, Programs, testing::ValuesIn(all_engines()), engine_name);

// ---- Sudoku

const std::vector<std::string> puzzles = {
    "1.....3..2.....4",
    "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
    "....5..4..4........75..1.8..5.2.....3.98....1..7..9.3...1.7..........9......184.2"};

/// Every row, column and box has each number once, and the givens are kept.
void expect_solution(const std::string& puzzle, core::ByteView cells) {
  const std::size_t side = puzzle.size() == 16 ? 4 : 9;
  const std::size_t box = side == 4 ? 2 : 3;
  std::vector<std::vector<unsigned>> groups(3 * side);
  for (std::size_t i = 0; i < puzzle.size(); ++i) {
    if (puzzle[i] != '.') {
      EXPECT_EQ(cells[i], puzzle[i] - '0') << "cell " << i;
    }
    const std::size_t row = i / side;
    const std::size_t column = i % side;
    groups[row].push_back(cells[i]);
    groups[side + column].push_back(cells[i]);
    groups[2 * side + row / box * box + column / box].push_back(cells[i]);
  }
  std::vector<unsigned> each(side);
  std::iota(each.begin(), each.end(), 1U);
  for (std::vector<unsigned>& group : groups) {
    std::ranges::sort(group);
    EXPECT_EQ(group, each);
  }
}

TEST_P(Programs, sudoku_fills_the_grids_and_knows_how_many_solutions_there_are) {
  Program program("sudoku.wasm", GetParam());
  const std::vector<std::uint32_t> solutions = {1, 1, 2};
  for (std::uint32_t i = 0; i < puzzles.size(); ++i) {
    EXPECT_EQ(program.call("solve", {i, 3}), solutions[i]) << puzzles[i];
    EXPECT_GE(program.call("guesses_made"), std::ranges::count(puzzles[i], '.'));
    expect_solution(puzzles[i], program.memory(program.call("solution"), puzzles[i].size()));
  }
  EXPECT_EQ(program.call("solve", {puzzles.size(), 3}), 0U);
}

// ---- assignment

std::uint32_t xorshift(std::uint32_t& state) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

std::vector<std::vector<std::int32_t>> make_costs(std::size_t n) {
  std::uint32_t state = 1;
  std::vector<std::vector<std::int32_t>> costs(n, std::vector<std::int32_t>(n));
  for (auto& row : costs) {
    for (auto& cost : row) cost = static_cast<std::int32_t>(xorshift(state) % 1000);
  }
  return costs;
}

/// The best total for the first rows over every set of columns.
std::int32_t best_by_subsets(const std::vector<std::vector<std::int32_t>>& costs) {
  const std::size_t n = costs.size();
  std::vector<std::int32_t> best(std::size_t{1} << n, INT32_MAX);
  best[0] = 0;
  for (std::size_t set = 0; set + 1 < best.size(); ++set) {
    const auto row = static_cast<std::size_t>(std::popcount(set));
    for (std::size_t column = 0; column < n; ++column) {
      const std::size_t with = set | (std::size_t{1} << column);
      if (with != set) best[with] = std::min(best[with], best[set] + costs[row][column]);
    }
  }
  return best.back();
}

/// The potentials are a dual solution of the same value, so no assignment is better.
void expect_best(Program& program, std::size_t n, std::int32_t total) {
  const auto costs = make_costs(n);
  const auto column_of = program.numbers("assignment", n);
  const auto rows = program.numbers("row_potentials", n);
  const auto columns = program.numbers("column_potentials", n);
  std::vector<std::int32_t> sorted = column_of;
  std::ranges::sort(sorted);
  std::int32_t sum = 0;
  for (std::size_t row = 0; row < n; ++row) {
    EXPECT_EQ(sorted[row], static_cast<std::int32_t>(row));
    sum += costs[row][static_cast<std::size_t>(column_of[row])];
    for (std::size_t column = 0; column < n; ++column) {
      EXPECT_LE(rows[row] + columns[column], costs[row][column]);
    }
  }
  EXPECT_EQ(sum, total);
  EXPECT_EQ(std::accumulate(rows.begin(), rows.end(), 0) +
                std::accumulate(columns.begin(), columns.end(), 0),
            total);
}

TEST_P(Programs, the_hungarian_algorithm_finds_the_best_assignment) {
  Program program("hungarian.wasm", GetParam());
  for (const std::size_t n : {1U, 2U, 10U, 100U}) {
    const auto total = static_cast<std::int32_t>(program.call("solve", {n}));
    expect_best(program, n, total);
    if (n <= 10) {
      EXPECT_EQ(total, best_by_subsets(make_costs(n)));
    }
  }
  EXPECT_EQ(program.call("solve", {101}), UINT32_MAX);
}

// ---- SHA-256

TEST_P(Programs, sha256_is_that_of_core) {
  Program program("sha256.wasm", GetParam());
  for (const std::uint32_t size : {0U, 1U, 55U, 56U, 63U, 64U, 65U, 119U, 120U, 5000U}) {
    core::Bytes message;
    for (std::uint32_t i = 0; i < size; ++i) {
      message.push_back(static_cast<std::uint8_t>(i * i + 7 * i + 3));
    }
    const core::ByteView digest = program.memory(program.call("hash", {size}), 32);
    EXPECT_EQ(core::to_hex(digest), core::sha256(message).hex()) << size;
  }
}

// ---- interpreter

std::uint32_t count_primes(std::uint32_t n) {
  std::uint32_t primes = 0;
  for (std::uint32_t i = 2; i < n; ++i) {
    bool prime = true;
    for (std::uint32_t j = 2; j * j <= i; ++j) prime = prime && i % j != 0;
    if (prime) ++primes;
  }
  return primes;
}

std::uint32_t longest_collatz(std::uint32_t n) {
  std::uint32_t longest = 0;
  std::uint32_t whose = 0;
  for (std::uint32_t i = 1; i < n; ++i) {
    std::uint32_t length = 0;
    for (std::uint64_t x = i; x != 1; x = x % 2 == 0 ? x / 2 : 3 * x + 1) ++length;
    if (length > longest) {
      longest = length;
      whose = i;
    }
  }
  return whose;
}

TEST_P(Programs, the_interpreters_programs_compute_what_they_should) {
  Program program("interpreter.wasm", GetParam());
  for (const std::uint32_t n : {0U, 3U, 1000U, 10'000U}) {
    EXPECT_EQ(program.call("count_primes", {n}), count_primes(n));
  }
  EXPECT_GT(program.call("instructions"), 100'000U);
  for (const std::uint32_t n : {1U, 2U, 1000U}) {
    EXPECT_EQ(program.call("longest_collatz", {n}), longest_collatz(n));
  }
}

// ---- network

using Values = std::vector<std::int32_t>;

std::int32_t next_value(std::uint32_t& state) {
  return static_cast<std::int8_t>(xorshift(state) >> 24);
}

/// Weights and biases in the order of their making, applied to the values.
Values apply_layer(std::uint32_t& state, const Values& from, std::size_t rows) {
  Values sums;
  for (std::size_t row = 0; row < rows; ++row) {
    std::int32_t sum = 0;
    for (const std::int32_t value : from) sum += next_value(state) * value;
    sums.push_back(sum + 8 * next_value(state));
  }
  return sums;
}

Values requantise(Values sums) {
  for (std::int32_t& sum : sums) sum = std::clamp((sum + 512) >> 10, 0, 127);
  return sums;
}

TEST_P(Programs, the_network_scores_as_plain_sums_do) {
  Program program("network.wasm", GetParam());
  std::vector<std::uint32_t> classes;
  for (std::uint32_t seed = 0; seed < 8; ++seed) {
    Values input;
    std::uint32_t state = seed + 2;
    for (int i = 0; i < 256; ++i) input.push_back(next_value(state));
    state = 1;
    const Values hidden = requantise(apply_layer(state, input, 64));
    const Values scores = apply_layer(state, requantise(apply_layer(state, hidden, 32)), 10);
    classes.push_back(program.call("classify", {seed}));
    EXPECT_EQ(program.numbers("scores", 10), scores);
    EXPECT_EQ(classes.back(), std::ranges::max_element(scores) - scores.begin());
  }
  std::ranges::sort(classes);
  EXPECT_NE(classes.front(), classes.back());  // it does tell inputs apart
}

}  // namespace
}  // namespace isotrace::wasm::tests
