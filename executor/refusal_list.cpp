#include <isotrace/executor/refusal_list.hpp>

namespace isotrace::executor {

void RefusalList::add(core::Refusal refusal) {
  constexpr std::size_t listed_max = 20;
  if (listed_.size() == listed_max) {
    ++unlisted_;
  } else {
    listed_.push_back(std::move(refusal));
  }
}

core::Refusal RefusalList::joined() const {
  core::Refusal refusal = listed_.at(0);
  const auto append = [&refusal](const std::string& text) {
    refusal.detail += (refusal.detail.empty() ? "" : "; ") + text;
  };
  for (std::size_t i = 1; i < listed_.size(); ++i) append(core::describe(listed_[i]));
  if (unlisted_ != 0) append("and " + std::to_string(unlisted_) + " more");
  return refusal;
}

}  // namespace isotrace::executor
