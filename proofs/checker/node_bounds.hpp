// Bounds of all layers for one box. Trusted base.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>

#include "backward_bounds.hpp"

namespace isotrace::proofs {

/// Bounds of the inputs of every activation, in network order. They hold for every box inside the
/// one they were computed for.
using ActivationBounds = std::vector<Bounds>;

struct NodeBounds {
  NetworkBounds layers;
  Relaxations relaxations;  ///< without hints
  std::shared_ptr<const ActivationBounds> inputs;
};

/// Slopes that a proof has last named, by the numbers of bounds (ProofNode::dimension), for a box.
struct NamedSlopes {
  Bounds box;
  std::map<std::uint32_t, const std::vector<std::uint8_t>*> of;
};

/// Bounds that a proof names (kind bound).
struct NamedBounds {
  std::span<const ProofNode> claims;
  const NamedSlopes& slopes;
};

class NodeBounder {
 public:
  /// To be made and used while rounding downward. Every layer rounds at most roundings_max times.
  NodeBounder(const Network& network, Level level);

  [[nodiscard]] Level level() const { return level_; }
  /// `enclosing` are bounds for a box around this one, or null; those of the first `settled`
  /// activations are not refined any further. Those that a proof names are taken from the front of
  /// `named`, as far as they are valid. Nothing if some sum could come near overflow.
  [[nodiscard]] std::optional<NodeBounds> bound(
      Bounds box, const std::shared_ptr<const ActivationBounds>& enclosing, std::size_t settled = 0,
      NamedBounds* named = nullptr) const;

 private:
  void refine(NodeBounds& node, std::size_t layer) const;
  void take_named(NodeBounds& node, std::size_t layer, std::size_t first, NamedBounds& named) const;

  const Network& network_;
  Level level_;
  std::vector<RoundingModel> models_;  ///< by layer
};

}  // namespace isotrace::proofs
