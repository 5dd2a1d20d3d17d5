// What parties of all kinds answer of their trace's tree (internal to the referee).
#pragma once

#include <isotrace/referee/party.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::referee {

inline tl::unexpected<Fault> decline(std::string why) {
  return tl::unexpected<Fault>(Fault{Fault::Kind::declined, std::move(why)});
}

/// Declines what Isotrace itself refuses.
template <class T>
Answer<T> answer_with(core::Result<T> result) {
  if (!result) return decline(core::describe(result.error()));
  return *std::move(result);
}

class TreeParty : public Party {
 public:
  explicit TreeParty(trace::Trace trace);

  Answer<Commitment> commit() override;
  Answer<Children> halve(unsigned level, std::uint64_t index) override;
  Answer<std::vector<OpenedLeaf>> open(std::span<const std::uint64_t> leaves) override;
  Answer<core::Bytes> fetch(const Evidence& evidence, std::uint64_t bytes_max) override;
  Answer<std::uint64_t> span(std::uint64_t leaf) override;
  Answer<std::vector<core::Digest>> roots(std::uint64_t leaf,
                                          std::span<const std::uint64_t> positions) override;

 protected:
  [[nodiscard]] const trace::Trace& trace() const { return trace_; }
  /// The leaf's record as a message; leaf 0 has none. `leaf` is within the tree.
  virtual core::Result<core::Bytes> record(std::uint64_t leaf) const = 0;
  virtual Answer<core::Bytes> make(const Evidence& evidence) = 0;

 private:
  trace::Trace trace_;
};

}  // namespace isotrace::referee
