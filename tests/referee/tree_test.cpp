#include <isotrace/referee/tree.hpp>

#include <gtest/gtest.h>

#include <isotrace/core/merkle.hpp>

namespace isotrace::referee {
namespace {

TEST(Tree, PathsAreThoseOfTheDefinitionInTreesOfAllShapes) {
  std::vector<core::Digest> leaves;
  trace::SubtreeRoots tree;
  for (std::uint8_t n = 1; n <= 70; ++n) {
    leaves.push_back(core::merkle_leaf({&n, 1}));
    tree.append(leaves.back());
    for (std::uint64_t i = 0; i < leaves.size(); ++i) {
      EXPECT_EQ(find_path(tree, i), core::merkle_inclusion_proof(leaves, i)) << int{n} << " " << i;
    }
    std::vector<core::Digest> peaks = find_peaks(tree);
    core::Digest root = peaks.back();
    for (std::size_t i = peaks.size() - 1; i-- > 0;) root = core::merkle_node(peaks[i], root);
    EXPECT_EQ(root, tree.root());
  }
}

}  // namespace
}  // namespace isotrace::referee
