#include <isotrace/core/program_graph.hpp>
#include <isotrace/referee/content.hpp>
#include <isotrace/referee/own_unfolding.hpp>
#include <isotrace/referee/trace_party.hpp>
#include <isotrace/referee/tree_party.hpp>
#include <isotrace/trace/message.hpp>

namespace isotrace::referee {
namespace {

using core::Digest;
using core::Tensor;

class TensorParty final : public TreeParty {
 public:
  TensorParty(trace::Trace trace, executor::EmbeddedRun run,
              std::unique_ptr<backends::Backend> backend)
      : TreeParty(std::move(trace)),
        run_(std::move(run)),
        backend_(std::move(backend)),
        identity_(core::identify_program(run_.program)) {}

 protected:
  core::Result<core::Bytes> record(std::uint64_t leaf) const override {
    if (leaf <= trace().steps.size()) return trace::encode_message(trace().steps[leaf - 1]);
    trace::FooterMessage footer;
    footer.outputs = trace().outputs;
    return trace::encode_message(footer);
  }

  Answer<std::vector<Digest>> roots(std::uint64_t leaf,
                                    std::span<const std::uint64_t> positions) override {
    if (leaf != 0 || positions.size() > positions_asked_max) return decline("no such positions");
    std::vector<Digest> roots;
    for (const std::uint64_t position : positions) {
      const auto root = unfolding_.root(position);
      if (!root) return decline("the trace does not come to that step");
      roots.push_back(*root);
    }
    return roots;
  }

  Answer<core::Bytes> make(const Evidence& evidence) override {
    switch (evidence.kind) {
      case Evidence::Kind::graph: return core::write_program_graph(run_.program, identity_);
      case Evidence::Kind::content: return find_content(evidence);
      case Evidence::Kind::program: return core::write_program(run_.program);
      case Evidence::Kind::state: return find_state(evidence.position);
      default: return decline("this is no run of WebAssembly");
    }
  }

 private:
  Answer<core::Bytes> find_state(std::uint64_t step) {
    auto state = unfolding_.state(step);
    if (!state) return decline("the trace does not come to that step");
    return *std::move(state);
  }

  /// The step again, on the backend; kept, since its operands are asked for one by one.
  const executor::StepTensors* recompute(std::uint64_t leaf) {
    if (leaf == 0) return nullptr;
    if (recomputed_leaf_ != leaf) {
      recomputed_leaf_ = leaf;
      auto step = executor::recompute_step(run_, *backend_, leaf - 1);
      recomputed_ = step ? std::optional(*std::move(step)) : std::nullopt;
    }
    return recomputed_ ? &*recomputed_ : nullptr;
  }

  Answer<core::Bytes> find_content(const Evidence& evidence) {
    const Digest& digest = evidence.digest;
    if (const Tensor* stored = trace().find_content(digest)) return write_content(*stored);
    for (const executor::NamedTensor& input : run_.inputs) {
      if (core::tensor_digest(input.value) == digest) return write_content(input.value);
    }
    for (std::size_t i = 0; i < identity_.constants.size(); ++i) {
      if (identity_.constants[i] == digest) return write_content(run_.program.constants[i]);
    }
    if (const executor::StepTensors* step = recompute(evidence.leaf)) {
      for (const auto& operand : step->operands) {
        if (operand && core::tensor_digest(*operand) == digest) return write_content(*operand);
      }
      for (const Tensor& result : step->results) {
        if (core::tensor_digest(result) == digest) return write_content(result);
      }
    }
    if (const auto steering = unfolding_.content(digest)) return write_content(*steering);
    return decline("the program does not give that operand");
  }

  executor::EmbeddedRun run_;
  std::unique_ptr<backends::Backend> backend_;
  core::ProgramIdentity identity_;
  OwnUnfolding unfolding_{trace(), run_, *backend_};
  std::uint64_t recomputed_leaf_ = 0;
  std::optional<executor::StepTensors> recomputed_;
};

}  // namespace

std::unique_ptr<Party> make_tensor_party(trace::Trace trace, executor::EmbeddedRun run,
                                         std::unique_ptr<backends::Backend> backend) {
  return std::make_unique<TensorParty>(std::move(trace), std::move(run), std::move(backend));
}

}  // namespace isotrace::referee
