// The operations that an affine chain is made of. A value is either constant or a rearrangement of
// the newest layer's outputs.
#pragma once

#include <string>

#include <isotrace/proofs/export/affine_chain.hpp>

namespace isotrace::proofs {

struct ChainValue {
  core::Shape shape;
  bool constant = false;
  std::vector<double> numbers;  ///< constant: the elements
  std::vector<std::uint32_t>
      order;                  ///< otherwise: element i is output order[i] of the newest layer
  std::uint64_t version = 0;  ///< otherwise: ChainBuilder::version() when it was made

  [[nodiscard]] std::size_t elements() const { return constant ? numbers.size() : order.size(); }
};

/// Grows the chain by one operation at a time; `where` names the node for refusals.
class ChainBuilder {
 public:
  ChainBuilder(std::size_t inputs, bool exact);

  /// Values made before the newest layer was added or changed can no longer be used.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  ChainValue input(core::Shape shape) const;
  /// Counts elements and weights made; refuses prove_unsupported when there are too many of them.
  core::Result<core::Done> charge(std::size_t terms, const std::string& where);

  /// sign_a * a + sign_b * b, one of them constant.
  core::Result<ChainValue> add(const ChainValue& a, const ChainValue& b, double sign_a,
                               double sign_b, const std::string& where,
                               std::uint32_t roundings = 1);
  core::Result<ChainValue> multiply(const ChainValue& a, const ChainValue& b,
                                    const std::string& where);
  core::Result<ChainValue> divide(const ChainValue& a, const ChainValue& b,
                                  const std::string& where);
  core::Result<ChainValue> negate(const ChainValue& a, const std::string& where);
  core::Result<ChainValue> relu(const ChainValue& a, const std::string& where);
  core::Result<ChainValue> matmul(const ChainValue& a, const ChainValue& b, const core::Node& node,
                                  const std::string& where);
  core::Result<ChainValue> conv(const ChainValue& data, const ChainValue& weights,
                                const ChainValue* bias, const core::Node& node,
                                const std::string& where);

  /// The chain with `output` in order at its end.
  core::Result<AffineChain> finish(const ChainValue& output, const std::string& where);

 private:
  core::Result<core::Done> check_current(const ChainValue& value, const std::string& where) const;
  /// Adds a layer; its rows' operands are elements of `data`.
  ChainValue push(AffineLayer layer, const ChainValue& data, core::Shape shape);
  /// Adds `layer`, whose execution and roundings are set, with one row per element of `shape`:
  /// weight(i) * data + bias(i) as one rounded operation.
  core::Result<ChainValue> elementwise(AffineLayer layer, const ChainValue& data,
                                       const std::vector<std::uint32_t>& from,
                                       const std::vector<double>& weights,
                                       const std::vector<double>& biases, core::Shape shape);

  AffineChain chain_;
  bool exact_;
  /// The newest layer is a bare contraction, into which a bias can still be added.
  bool open_for_bias_ = false;
  std::uint64_t version_ = 0;
  std::size_t charged_ = 0;
};

/// The value with its elements rearranged: element i of the result is element from[i].
ChainValue rearrange(const ChainValue& value, const std::vector<std::uint32_t>& from,
                     core::Shape shape);
/// from[] for a transposition of `shape`.
std::vector<std::uint32_t> transposition(const core::Shape& shape,
                                         const std::vector<std::int64_t>& perm);

}  // namespace isotrace::proofs
