// Tokens of a VNN-LIB file: parentheses and symbols, with their place. Trusted base. Streams, so
// that a large file costs no more memory than its text.
#pragma once

#include <string>
#include <string_view>

#include <isotrace/core/result.hpp>

namespace isotrace::proofs {

struct Token {
  enum class Kind : std::uint8_t { open, close, symbol, end };
  Kind kind = Kind::end;
  std::string_view text;
  std::size_t line = 1;
  std::size_t column = 1;

  /// "line 3, column 14"
  [[nodiscard]] std::string place() const;
  /// The text as a message may show it: quoted, cut at 40 characters.
  [[nodiscard]] std::string shown() const;
};

/// Comments run from ';' to the end of the line. Bytes other than printable ASCII, tab, carriage
/// return and newline are refused outside comments (property_malformed), as are '"' and '|'.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  core::Result<Token> next();

 private:
  void skip_blanks();
  void advance();
  [[nodiscard]] bool at_end() const { return offset_ == text_.size(); }

  std::string_view text_;
  std::size_t offset_ = 0;
  std::size_t line_ = 1;
  std::size_t column_ = 1;
};

}  // namespace isotrace::proofs
