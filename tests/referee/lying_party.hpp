// A party whose answers a test changes on their way.
#pragma once

#include <functional>
#include <memory>

#include <isotrace/referee/party.hpp>

namespace isotrace::referee::tests {

/// Forwards every question; each hook may change the answer.
class LyingParty : public Party {
 public:
  explicit LyingParty(std::unique_ptr<Party> honest) : honest_(std::move(honest)) {}

  std::function<void(Answer<Commitment>&)> on_commit;
  std::function<void(unsigned level, Answer<Children>&)> on_halve;
  std::function<void(std::span<const std::uint64_t>, Answer<std::vector<OpenedLeaf>>&)> on_open;
  std::function<void(const Evidence&, Answer<core::Bytes>&)> on_fetch;
  std::function<void(Answer<std::uint64_t>&)> on_span;
  std::function<void(std::span<const std::uint64_t>, Answer<std::vector<core::Digest>>&)> on_roots;

  Answer<Commitment> commit() override { return changed(honest_->commit(), on_commit); }
  Answer<Children> halve(unsigned level, std::uint64_t index) override {
    auto answer = honest_->halve(level, index);
    if (on_halve) on_halve(level, answer);
    return answer;
  }
  Answer<std::vector<OpenedLeaf>> open(std::span<const std::uint64_t> leaves) override {
    auto answer = honest_->open(leaves);
    if (on_open) on_open(leaves, answer);
    return answer;
  }
  Answer<core::Bytes> fetch(const Evidence& evidence, std::uint64_t bytes_max) override {
    auto answer = honest_->fetch(evidence, bytes_max);
    if (on_fetch) on_fetch(evidence, answer);
    return answer;
  }
  Answer<std::uint64_t> span(std::uint64_t leaf) override {
    return changed(honest_->span(leaf), on_span);
  }
  Answer<std::vector<core::Digest>> roots(std::uint64_t leaf,
                                          std::span<const std::uint64_t> positions) override {
    auto answer = honest_->roots(leaf, positions);
    if (on_roots) on_roots(positions, answer);
    return answer;
  }

 private:
  template <class T>
  static Answer<T> changed(Answer<T> answer, const std::function<void(Answer<T>&)>& hook) {
    if (hook) hook(answer);
    return answer;
  }

  std::unique_ptr<Party> honest_;
};

/// Every answer goes wrong in one of many ways now and then, as a seed says.
void lie_at_random(LyingParty& party, std::uint32_t seed, unsigned one_in);

}  // namespace isotrace::referee::tests
