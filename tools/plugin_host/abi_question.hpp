// A question or call in the form that plugins are given it (isotrace_backend.h).
#pragma once

#include <vector>

#include <isotrace/backends/plugin/isotrace_backend.h>
#include <isotrace/backends/plugin/wire.hpp>

namespace isotrace::tools {

/// The question must outlive it.
class AbiQuestion {
 public:
  explicit AbiQuestion(const backends::plugin::Question& question);
  AbiQuestion(const AbiQuestion&) = delete;
  AbiQuestion& operator=(const AbiQuestion&) = delete;
  [[nodiscard]] const isotrace_question* get() const { return &question_; }

 private:
  std::vector<std::uint32_t> dtypes_;
  std::vector<isotrace_attribute> attributes_;
  std::vector<const isotrace_attribute*> pointers_;
  isotrace_question question_{};
};

/// Takes what a plugin explains; keeps the last text.
class Explanation {
 public:
  /// To be given to plugins, with this object as `host`.
  static void take(void* host, const char* text) noexcept;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// The beginning of a text of the plugin's; nothing for NULL.
std::string text_of(const char* text, std::size_t bytes_max);

}  // namespace isotrace::tools
