#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <isotrace/core/merkle.hpp>
#include <isotrace/trace/bisect.hpp>

namespace isotrace::trace {
namespace {

std::vector<core::Digest> leaves_of(const std::vector<std::uint8_t>& values) {
  std::vector<core::Digest> leaves;
  for (const std::uint8_t value : values) leaves.push_back(core::merkle_leaf({&value, 1}));
  return leaves;
}

TEST(Bisect, an_empty_sequence_is_a_prefix_of_every_other) {
  EXPECT_EQ(find_first_difference(SubtreeRoots(), SubtreeRoots(leaves_of({1, 2}))).leaf, 0U);
}

TEST(Bisect, full_subtrees_have_the_roots_of_rfc_6962) {
  const auto leaves = leaves_of({1, 2, 3, 4, 5, 6, 7});
  const SubtreeRoots roots(leaves);
  ASSERT_NE(roots.find(2, 0), nullptr);
  EXPECT_EQ(*roots.find(2, 0), core::merkle_root(std::span(leaves).first(4)));
  EXPECT_EQ(roots.find(2, 1), nullptr);
  EXPECT_EQ(roots.find(3, 0), nullptr);
}

TEST(Bisect, the_root_is_that_of_rfc_6962_for_any_number_of_leaves) {
  std::vector<core::Digest> leaves;
  SubtreeRoots roots;
  for (std::uint8_t i = 0; i < 70; ++i) {
    leaves.push_back(core::merkle_leaf({&i, 1}));
    roots.append(leaves.back());
    EXPECT_EQ(roots.root(), core::merkle_root(leaves)) << int{i};
  }
}

TEST(Bisect, leaves_before_the_first_one_asked_about_do_not_count) {
  std::vector<std::uint8_t> values(70);
  const SubtreeRoots a(leaves_of(values));
  for (std::size_t from = 1; from < values.size(); ++from) {
    for (std::size_t place = from; place < values.size(); ++place) {
      auto other = values;
      other[from - 1] = other[place] = 1;
      const auto found = find_first_difference(a, SubtreeRoots(leaves_of(other)), from);
      EXPECT_EQ(found.leaf, place) << from;
      EXPECT_LE(found.comparisons, 14U);
    }
  }
}

RC_GTEST_PROP(Bisect, finds_what_a_plain_scan_finds_in_logarithmic_time,
              (std::vector<std::uint8_t> a, std::vector<std::uint8_t> tail)) {
  auto b = a;
  const auto keep = *rc::gen::inRange<std::size_t>(0, a.size() + 1);
  b.resize(keep);
  b.insert(b.end(), tail.begin(), tail.end());
  const auto scan = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto found = find_first_difference(SubtreeRoots(leaves_of(a)), SubtreeRoots(leaves_of(b)));
  RC_ASSERT(found.leaf == static_cast<std::uint64_t>(scan.first - a.begin()));
  RC_ASSERT(found.comparisons <= std::bit_width(std::min(a.size(), b.size())));
}

TEST(Bisect, a_million_leaves_take_at_most_21_comparisons) {
  std::vector<core::Digest> a(1 << 20);
  for (std::size_t place : {std::size_t{0}, std::size_t{123456}, a.size() - 1}) {
    std::vector<core::Digest> b = a;
    b[place].bytes[0] = 1;
    const auto found = find_first_difference(SubtreeRoots(a), SubtreeRoots(b));
    EXPECT_EQ(found.leaf, place);
    EXPECT_LE(found.comparisons, 21U);
  }
}

}  // namespace
}  // namespace isotrace::trace
