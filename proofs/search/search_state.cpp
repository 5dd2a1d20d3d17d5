// The file: a name, the question, a digest of the rest, and a Boost archive. The digest keeps
// damaged bytes away from the archive; what a forger writes behind a good digest meets counts that
// are compared with the bytes there are, and then the checks of fits().
#include <isotrace/proofs/search/search_state.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <streambuf>

#include <boost/archive/archive_exception.hpp>
#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/binary_object.hpp>

#include <isotrace/core/limits.hpp>

namespace isotrace::proofs::search {
namespace {

using core::RefusalCode;
using core::Result;
using BoundsTable = std::vector<std::shared_ptr<const Bounds>>;

constexpr std::string_view file_name = "isotrace.search.v4";
constexpr std::size_t digest_bytes = 32;

auto malformed(const std::string& detail) {
  return core::refuse(RefusalCode::search_state_malformed, "search state", detail);
}

/// Collects what an archive writes.
class ByteSink final : public std::streambuf {
 public:
  core::Bytes bytes;

 private:
  int_type overflow(int_type value) override {
    if (value != traits_type::eof()) bytes.push_back(static_cast<std::uint8_t>(value));
    return value;
  }
  std::streamsize xsputn(const char* from, std::streamsize count) override {
    bytes.insert(bytes.end(), from, from + count);
    return count;
  }
};

/// Hands bytes to an archive, and tells how many are left.
class ByteSource final : public std::streambuf {
 public:
  explicit ByteSource(core::ByteView bytes) {
    char* begin = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
    setg(begin, begin, begin + bytes.size());
  }
  [[nodiscard]] std::uint64_t left() const { return static_cast<std::uint64_t>(egptr() - gptr()); }
};

struct Writer {
  boost::archive::binary_oarchive& archive;
  static constexpr bool reads = false;
  [[nodiscard]] std::uint64_t count(std::uint64_t value) const {
    archive << value;
    return value;
  }
};

struct Reader {
  boost::archive::binary_iarchive& archive;
  const ByteSource& source;
  static constexpr bool reads = true;
  /// A count of things that take at least a byte each.
  [[nodiscard]] std::uint64_t count(std::uint64_t) const {
    std::uint64_t value = 0;
    archive >> value;
    if (value > source.left()) fail();
    return value;
  }
  [[noreturn]] static void fail() {
    throw boost::archive::archive_exception(boost::archive::archive_exception::input_stream_error);
  }
};

template <class Way, class... Values>
void numbers(Way& way, Values&... values) {
  ((way.archive & values), ...);
}

/// A vector of plain numbers.
template <class Way, class Number>
void column(Way& way, std::vector<Number>& values) {
  const std::uint64_t count = way.count(values.size());
  if constexpr (Way::reads) {
    if (count > way.source.left() / sizeof(Number)) Reader::fail();
    values.resize(count);
  }
  boost::serialization::binary_object bytes(values.data(), count * sizeof(Number));
  way.archive& bytes;
}

/// A vector of anything else, one element at a time.
template <class Way, class Element, class Visit>
void list(Way& way, std::vector<Element>& elements, Visit visit) {
  const std::uint64_t count = way.count(elements.size());
  for (std::uint64_t i = 0; i < count; ++i) {
    if constexpr (Way::reads) elements.emplace_back();
    visit(elements[i]);
  }
}

template <class Way>
void visit_node(Way& way, ProofNode& node) {
  auto kind = static_cast<std::uint8_t>(node.kind);
  numbers(way, kind, node.dimension, node.at);
  if constexpr (Way::reads) {
    if (kind < 1 || kind > 5) Reader::fail();
    node.kind = static_cast<ProofNode::Kind>(kind);
  }
  column(way, node.multipliers);
  column(way, node.slopes);
}

template <class Way>
void visit_bounds(Way& way, Bounds& bounds) {
  for (auto* side : {&bounds.lower, &bounds.upper}) {
    list(way, *side, [&](std::vector<double>& layer) { column(way, layer); });
  }
}

template <class Way>
void visit_box(Way& way, OpenBox& open, std::uint64_t& bounds) {
  column(way, open.box.lower);
  column(way, open.box.upper);
  numbers(way, open.tree_node, open.depth, open.settled, bounds);
  list(way, open.signs, [&](SignSplit& split) {
    numbers(way, split.element, split.layer, split.neuron, split.sign, split.weight);
  });
  column(way, open.slopes);
}

/// Everything but the boxes, whose bounds stand in a table of their own.
template <class Way>
void visit_state(Way& way, SearchProgress& progress, CaseState& current) {
  numbers(way, progress.attacked, progress.attempt, progress.nodes, progress.false_candidates);
  list(way, progress.cases, [&](CaseProof& tree) {
    list(way, tree.nodes, [&](ProofNode& node) { visit_node(way, node); });
  });
  numbers(way, current.round, current.looked_at, current.explored);
  list(way, current.tree, [&](TreeNode& node) {
    visit_node(way, node.node);
    list(way, node.named, [&](ProofNode& bound) { visit_node(way, bound); });
    numbers(way, node.lower_child, node.upper_child);
  });
}

void write_boxes(Writer& way, const std::vector<OpenBox>& open) {
  std::map<const Bounds*, std::uint64_t> place;
  std::vector<const Bounds*> table;
  for (const OpenBox& box : open) {
    if (place.emplace(box.inherited.get(), table.size()).second) {
      table.push_back(box.inherited.get());
    }
  }
  (void)way.count(table.size());
  for (const Bounds* bounds : table) visit_bounds(way, const_cast<Bounds&>(*bounds));
  (void)way.count(open.size());
  for (const OpenBox& box : open) {
    visit_box(way, const_cast<OpenBox&>(box), place[box.inherited.get()]);
  }
}

void read_boxes(Reader& way, std::vector<OpenBox>& open) {
  BoundsTable table;
  list(way, table, [&](std::shared_ptr<const Bounds>& entry) {
    auto bounds = std::make_shared<Bounds>();
    visit_bounds(way, *bounds);
    entry = std::move(bounds);
  });
  list(way, open, [&](OpenBox& box) {
    std::uint64_t place = 0;
    visit_box(way, box, place);
    if (place >= table.size()) Reader::fail();
    box.inherited = table[place];
  });
}

bool has_shape(const std::vector<std::vector<double>>& layers, const Network& network) {
  if (layers.size() != network.layers.size()) return false;
  for (std::size_t k = 0; k < layers.size(); ++k) {
    const Layer& layer = network.layers[k];
    if (layers[k].size() != (layer.activated ? padded(layer.out) : 0)) return false;
  }
  return true;
}

bool fits(const SignSplit& split, const Network& network) {
  return split.layer < network.layers.size() && network.layers[split.layer].activated &&
         split.neuron < network.layers[split.layer].out && std::fabs(split.sign) == 1 &&
         split.weight >= 0 && std::isfinite(split.weight);
}

std::size_t count_relus(const Network& network) {
  std::size_t count = 0;
  for (const Layer& layer : network.layers) count += layer.relu_order.size();
  return count;
}

bool fits(const OpenBox& open, const Network& network) {
  const std::size_t size = padded(network.inputs);
  if (!open.slopes.empty() && open.slopes.size() != count_relus(network)) return false;
  return open.box.lower.size() == size && open.box.upper.size() == size &&
         has_shape(open.inherited->lower, network) && has_shape(open.inherited->upper, network) &&
         std::all_of(open.signs.begin(), open.signs.end(),
                     [&](const SignSplit& split) { return fits(split, network); });
}

/// Every node but the first is the child of one node before it, open boxes are leaves, and splits
/// are of what the network has.
bool is_tree(const CaseState& state, const Network& network) {
  const std::size_t elements = count_relus(network);
  std::vector<bool> is_child(state.tree.size());
  for (std::size_t i = 0; i < state.tree.size(); ++i) {
    const TreeNode& at = state.tree[i];
    if (at.node.kind == ProofNode::Kind::leaf) continue;
    if (at.node.kind == ProofNode::Kind::bound) return false;
    if (at.node.dimension >= (at.node.has_cut() ? network.inputs : elements)) return false;
    for (const std::size_t child : {at.lower_child, at.upper_child}) {
      if (child <= i || child >= state.tree.size() || is_child[child]) return false;
      is_child[child] = true;
    }
  }
  return std::all_of(state.open.begin(), state.open.end(), [&](const OpenBox& open) {
    return open.tree_node < state.tree.size() &&
           state.tree[open.tree_node].node.kind == ProofNode::Kind::leaf;
  });
}

bool fits(const CaseState& state, const Network& network) {
  return is_tree(state, network) &&
         std::all_of(state.open.begin(), state.open.end(),
                     [&](const OpenBox& open) { return fits(open, network); });
}

Result<SearchState> read_archive(core::ByteView bytes) {
  try {
    ByteSource source(bytes);
    boost::archive::binary_iarchive archive(source);
    Reader way{archive, source};
    SearchState state;
    visit_state(way, state.progress, state.current);
    read_boxes(way, state.current.open);
    if (source.left() != 0) return malformed("bytes behind the end");
    return state;
  } catch (const std::exception& exception) {
    return malformed(exception.what());
  }
}

}  // namespace

core::Bytes write_search_state(const core::Digest& question, const SearchProgress& progress,
                               const CaseState& current) {
  ByteSink sink;
  {
    boost::archive::binary_oarchive archive(sink);
    Writer way{archive};
    // The visitors take what they write by reference to be one for both ways; nothing is changed.
    visit_state(way, const_cast<SearchProgress&>(progress), const_cast<CaseState&>(current));
    write_boxes(way, current.open);
  }
  core::ByteWriter out;
  out.text(file_name).raw(question.view()).raw(core::sha256(sink.bytes).view()).raw(sink.bytes);
  return out.take();
}

Result<SearchState> read_search_state(core::ByteView bytes, const core::Digest& question,
                                      const Network& network) {
  if (bytes.size() > core::limits::search_state_bytes_max) {
    return core::refuse(RefusalCode::limit_exceeded, "search state",
                        std::to_string(bytes.size()) + " bytes");
  }
  core::ByteReader reader(bytes);
  const auto name = reader.text(file_name.size());
  if (!name || *name != file_name) return malformed("does not begin with its name");
  const auto asked = reader.raw(digest_bytes);
  const auto digest = reader.raw(digest_bytes);
  if (!asked || !digest) return malformed("truncated");
  const core::ByteView archive = bytes.subspan(reader.offset());
  const auto equal = [](core::ByteView a, core::ByteView b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  };
  if (!equal(*digest, core::sha256(archive).view())) return malformed("digest of the state");
  if (!equal(*asked, question.view())) {
    return core::refuse(
        RefusalCode::search_state_mismatch, "search state",
        "was saved for question " + core::to_hex(*asked) + ", not " + question.hex());
  }
  ISOTRACE_TRY(SearchState state, read_archive(archive));
  if (!fits(state.current, network)) return malformed("does not fit the network");
  return state;
}

}  // namespace isotrace::proofs::search
