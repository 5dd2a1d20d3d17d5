#include <isotrace/referee/machine_walk.hpp>
#include <isotrace/referee/trace_party.hpp>
#include <isotrace/referee/tree_party.hpp>
#include <isotrace/trace/message.hpp>
#include <isotrace/wasm/make_witness.hpp>

namespace isotrace::referee {
namespace {

class MachineParty final : public TreeParty {
 public:
  MachineParty(trace::Trace recorded, wasm::RunRequest request, wasm::EngineFactory engine)
      : TreeParty(std::move(recorded)), request_(std::move(request)), engine_(std::move(engine)) {
    const trace::MachineTrace& machine = trace().machine;
    std::size_t checkpoint = 0;
    for (std::size_t step = 0; step <= trace().steps.size(); ++step) {
      while (checkpoint < machine.checkpoints.size() && machine.tensor_steps[checkpoint] == step) {
        leaves_.push_back({.checkpoint = checkpoint++});
      }
      if (step < trace().steps.size()) leaves_.push_back({.step = step});
    }
  }

  Answer<std::uint64_t> span(std::uint64_t leaf) override {
    auto walk = open_walk(leaf);
    if (!walk) return tl::unexpected<Fault>(walk.error());
    walk_.reset();
    walk->go_to_next_leaf();
    if (walk->is_lost()) return decline_lost();
    return walk->position();
  }

  Answer<std::vector<core::Digest>> roots(std::uint64_t leaf,
                                          std::span<const std::uint64_t> positions) override {
    if (positions.size() > positions_asked_max) return decline("too many positions");
    std::vector<core::Digest> roots;
    for (const std::uint64_t position : positions) {
      MachineWalk* walk = go_to(leaf, position);
      if (walk == nullptr) return tl::unexpected<Fault>(*fault_);
      roots.push_back(trace::state_root(walk->record()));
    }
    return roots;
  }

 protected:
  core::Result<core::Bytes> record(std::uint64_t leaf) const override {
    if (leaf > leaves_.size()) {
      return trace::encode_message(trace::CheckpointRecord{*trace().machine.state, 0});
    }
    const Leaf& place = leaves_[leaf - 1];
    if (place.step) return trace::encode_message(trace().steps[*place.step]);
    return trace::encode_message(trace().machine.checkpoints[*place.checkpoint]);
  }

  Answer<core::Bytes> make(const Evidence& evidence) override {
    if (evidence.kind == Evidence::Kind::module) return request_.module->bytes;
    if (evidence.kind == Evidence::Kind::witness) return make_witness(evidence);
    if (evidence.kind != Evidence::Kind::state && evidence.kind != Evidence::Kind::frames) {
      return decline("this is a run of WebAssembly");
    }
    MachineWalk* walk = go_to(evidence.leaf, evidence.position);
    if (walk == nullptr) return tl::unexpected<Fault>(*fault_);
    if (evidence.kind == Evidence::Kind::frames) return wasm::frame_bytes(walk->state().frames);
    return answer_with(
        trace::encode_message(trace::CheckpointRecord{walk->record(), walk->run().call()}));
  }

 private:
  struct Leaf {
    std::optional<std::size_t> checkpoint = {};
    std::optional<std::size_t> step = {};
  };

  static tl::unexpected<Fault> decline_lost() {
    return decline("the program does not make the calls that are recorded");
  }

  Answer<MachineWalk> open_walk(std::uint64_t leaf) const {
    if (leaf == 0 || leaf > leaves_.size() || !leaves_[leaf - 1].checkpoint) {
      return decline("the leaf is no checkpoint");
    }
    return answer_with(
        MachineWalk::open(trace(), request_, engine_, *leaves_[leaf - 1].checkpoint));
  }

  /// The walk at that position, or at the end of the run; else nullptr, and fault_ says why.
  MachineWalk* go_to(std::uint64_t leaf, std::uint64_t position) {
    if (!walk_ || walk_leaf_ != leaf || walk_->position() > position) {
      walk_.reset();
      auto walk = open_walk(leaf);
      if (!walk) {
        fault_ = walk.error();
        return nullptr;
      }
      walk_.emplace(*std::move(walk));
      walk_leaf_ = leaf;
    }
    while (walk_->position() < position && walk_->advance()) {
    }
    if (!walk_->is_lost()) return &*walk_;
    fault_ = decline_lost().value();
    return nullptr;
  }

  Answer<core::Bytes> make_witness(const Evidence& evidence) {
    // The maker trusts the recorded call of the host: it must be the one that the opcode makes.
    MachineWalk* walk = go_to(evidence.leaf, evidence.position);
    if (walk == nullptr) return tl::unexpected<Fault>(*fault_);
    if (walk->state().status != wasm::Status::running) return decline("no opcode follows");
    walk->advance();
    if (walk->is_lost()) return decline_lost();
    walk = go_to(evidence.leaf, evidence.position);
    if (walk == nullptr) return tl::unexpected<Fault>(*fault_);
    auto maker = wasm::WitnessMaker::make(walk->run().store());
    if (!maker) return decline(core::describe(maker.error()));
    const auto& calls = trace().machine.host_calls;
    const std::uint64_t made = walk->run().store().host_log.calls;
    const trace::HostCallRecord* next = made < calls.size() ? &calls[made] : nullptr;
    const auto witness = maker->make_witness(walk->state(), next);
    if (!witness) return decline(core::describe(witness.error()));
    return wasm::write_witness(*witness);
  }

  wasm::RunRequest request_;
  wasm::EngineFactory engine_;
  std::vector<Leaf> leaves_;  // from leaf 1 on, but for the last one
  std::optional<MachineWalk> walk_;
  std::uint64_t walk_leaf_ = 0;
  std::optional<Fault> fault_;
};

}  // namespace

std::unique_ptr<Party> make_machine_party(trace::Trace trace, wasm::RunRequest request,
                                          wasm::EngineFactory engine) {
  return std::make_unique<MachineParty>(std::move(trace), std::move(request), std::move(engine));
}

}  // namespace isotrace::referee
