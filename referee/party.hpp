// One of two parties that each claim to have executed the same computation: what a referee may ask
// it, whatever lies between them. Every answer but `commit` is checked against the root that
// `commit` gave; nothing here is trusted.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/digest.hpp>

namespace isotrace::referee {

/// Why a party gave no answer.
struct Fault {
  enum class Kind : std::uint8_t {
    stalled,   ///< no answer in the time allowed
    gone,      ///< the connection ended
    garbled,   ///< what came is not of the protocol
    declined,  ///< it said that it has no answer
    large,     ///< it announced more than the referee takes; nobody's fault
  };
  Kind kind = Kind::gone;
  std::string detail;
};

template <class T>
using Answer = tl::expected<T, Fault>;

/// What a party stands by from the first answer on.
struct Commitment {
  core::Digest root;  ///< of its trace
  std::uint64_t leaves = 0;
  core::Bytes identity;             ///< the trace's header, which is leaf 0
  std::vector<core::Digest> path;   ///< RFC 6962 audit path of leaf 0
  std::vector<core::Digest> peaks;  ///< roots of the full subtrees, from left to right
};

/// Roots of the two halves of a full subtree.
struct Children {
  core::Digest left;
  core::Digest right;
};

/// What a leaf says, as a message of a trace file (docs/referee.md), and its audit path.
struct OpenedLeaf {
  core::Bytes record;
  std::vector<core::Digest> path;
};

/// A piece of evidence. Positions count opcodes behind the state of a leaf, those that are no steps
/// included; the beginning of a second call counts as one.
struct Evidence {
  enum class Kind : std::uint8_t {
    graph,    ///< the program's canonical graph
    module,   ///< the bytes of a WebAssembly module
    none,     ///< was the node of a step, which the whole program says now; has no answer
    content,  ///< the tensor `digest`, an operand at `leaf`: write_content
    state,    ///< the state at `position` behind `leaf`, as a checkpoint message; of a tensor
              ///< program where it stands before step `position`: Unfolding::write
    frames,   ///< the bytes of its frames
    witness,  ///< of the opcode that is executed there
    program,  ///< all of a tensor program: write_program
  };
  Kind kind = Kind::graph;
  std::uint64_t leaf = 0;
  std::uint64_t position = 0;
  core::Digest digest = {};
  bool operator==(const Evidence&) const = default;
};
inline constexpr std::uint8_t evidence_kinds = 8;

/// Most that one question may ask for.
inline constexpr std::size_t leaves_asked_max = 64;
inline constexpr std::size_t positions_asked_max = 64;

class Party {
 public:
  virtual ~Party() = default;

  virtual Answer<Commitment> commit() = 0;
  /// Of the full subtree over the leaves [index << level, (index + 1) << level); level > 0.
  virtual Answer<Children> halve(unsigned level, std::uint64_t index) = 0;
  /// At most leaves_asked_max. Large ones may come as the first of them alone, at least one.
  virtual Answer<std::vector<OpenedLeaf>> open(std::span<const std::uint64_t> leaves) = 0;
  /// At most `bytes_max` bytes; else Fault::Kind::large.
  virtual Answer<core::Bytes> fetch(const Evidence& evidence, std::uint64_t bytes_max) = 0;
  /// Runs of WebAssembly: the position of the leaf behind this one.
  virtual Answer<std::uint64_t> span(std::uint64_t leaf) = 0;
  /// Roots of the states at these positions, which ascend; at most positions_asked_max. Of a tensor
  /// program, for leaf 0: SHA-256 of where it stands before the steps of these numbers.
  virtual Answer<std::vector<core::Digest>> roots(std::uint64_t leaf,
                                                  std::span<const std::uint64_t> positions) = 0;
};

}  // namespace isotrace::referee
