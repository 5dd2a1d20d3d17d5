#include "coq_parts.hpp"

#include <isotrace/core/check.hpp>

namespace isotrace::proofs {
namespace {

/// Every joint names its path, so that the text would grow with the square of the depth.
constexpr std::size_t depth_max = 64;

/// For each node, the number of nodes of its subtree.
std::vector<std::size_t> subtree_sizes(const std::vector<ProofNode>& nodes) {
  std::vector<std::size_t> sizes(nodes.size(), 1);
  for (std::size_t i = nodes.size(); i-- > 0;) {
    if (nodes[i].kind == ProofNode::Kind::leaf) continue;
    ISOTRACE_CHECK(i + 1 < nodes.size(), i);
    const std::size_t second = i + 1 + sizes[i + 1];
    ISOTRACE_CHECK(second < nodes.size(), i);
    sizes[i] = 1 + sizes[i + 1] + sizes[second];
  }
  return sizes;
}

std::string path_text(const std::vector<bool>& path) {
  std::string text = "[";
  for (std::size_t i = 0; i < path.size(); ++i) {
    text += i == 0 ? "" : "; ";
    text += path[i] ? "true" : "false";
  }
  return text + "]";
}

}  // namespace

CoqParts cut_into_parts(const std::vector<ProofNode>& nodes, std::size_t nodes_max,
                        std::string_view joining_lemma, const std::string& module) {
  const std::vector<std::size_t> sizes = subtree_sizes(nodes);
  CoqParts parts;
  std::vector<bool> path;
  for (std::size_t at = 0; at < nodes.size();) {
    if (sizes[at] > nodes_max && path.size() < depth_max) {
      parts.joined += "(" + std::string(joining_lemma) + " " + path_text(path) +
                      " net box constraints certificate\n  ";
      path.push_back(false);
      ++at;
      continue;
    }
    parts.joined += module + "_" + std::to_string(parts.paths.size()) + ".checked";
    parts.paths.push_back(path_text(path));
    at += sizes[at];
    while (!path.empty() && path.back()) {
      path.pop_back();
      parts.joined += ")";
    }
    if (!path.empty()) {
      path.back() = true;
      parts.joined += "\n  ";
    }
  }
  return parts;
}

}  // namespace isotrace::proofs
