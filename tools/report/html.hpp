// Writes HTML. Markup comes from literals of this program alone - the type sees to it - and
// everything else is text: names in models, modules and traces may hold any bytes and can neither
// end an element nor reorder what stands beside them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <isotrace/core/digest.hpp>

namespace isotrace::tools::page {

/// A literal of this program: nothing that was computed or read can become one.
class Markup {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): literals are meant to become markup
  consteval Markup(const char* literal) : text_(literal) {}
  [[nodiscard]] constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

/// Foreign text, as HTML text or a quoted attribute value. What no reader would see as it is -
/// controls, marks of direction, characters without width, bytes that are no UTF-8 - becomes
/// "\u{202e}" or "\x00"; more than `bytes_max` bytes are cut off with a note of how many.
std::string escaped(std::string_view text, std::size_t bytes_max = 1024);

class Html {
 public:
  Html& raw(Markup markup);
  Html& text(std::string_view foreign, std::size_t bytes_max = 1024);
  /// The same in an element of its own, beside which the direction of writing stays what it was.
  Html& name(std::string_view foreign);
  /// ` NAME="VALUE"`; `name` with its leading space and equals sign: " title=".
  Html& attribute(Markup name, std::string_view value);
  /// Plain digits.
  Html& number(std::uint64_t number);
  /// For people: "67,106,794".
  Html& count(std::uint64_t number);
  /// All 64 digits.
  Html& digest(const core::Digest& digest);
  /// The first 12, the rest as a hint.
  Html& short_digest(const core::Digest& digest);
  Html& append(const Html& part);

  [[nodiscard]] const std::string& str() const { return out_; }

 private:
  std::string out_;
};

/// "1 page", "1,024 pages".
std::string counted(std::uint64_t number, std::string_view one);
/// "67,106,794"
std::string grouped(std::uint64_t number);
/// "1.2 MiB": for a look; exact numbers stand beside it.
std::string bytes_text(std::uint64_t bytes);

}  // namespace isotrace::tools::page
