#include "vnnlib_lexer.hpp"

namespace isotrace::proofs {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_symbol(char c) {
  return c > ' ' && c < 0x7F && c != '(' && c != ')' && c != ';' && c != '"' && c != '|';
}

}  // namespace

std::string Token::place() const {
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

std::string Token::shown() const {
  if (kind == Kind::end) return "end of file";
  const bool cut = text.size() > 40;
  return "\"" + std::string(text.substr(0, 40)) + (cut ? "..." : "") + "\"";
}

void Lexer::advance() {
  const bool newline = text_[offset_++] == '\n';
  line_ += newline ? 1 : 0;
  column_ = newline ? 1 : column_ + 1;
}

void Lexer::skip_blanks() {
  while (!at_end()) {
    if (text_[offset_] == ';') {
      while (!at_end() && text_[offset_] != '\n') advance();
    } else if (is_blank(text_[offset_])) {
      advance();
    } else {
      return;
    }
  }
}

core::Result<Token> Lexer::next() {
  skip_blanks();
  Token token{Token::Kind::end, {}, line_, column_};
  if (at_end()) return token;
  const std::size_t start = offset_;
  const char first = text_[offset_];
  if (first == '(' || first == ')') {
    token.kind = first == '(' ? Token::Kind::open : Token::Kind::close;
    advance();
  } else if (is_symbol(first)) {
    token.kind = Token::Kind::symbol;
    while (!at_end() && is_symbol(text_[offset_])) advance();
  } else {
    return core::refuse(core::RefusalCode::property_malformed, token.place(),
                        "byte " + std::to_string(static_cast<unsigned char>(first)));
  }
  token.text = text_.substr(start, offset_ - start);
  return token;
}

}  // namespace isotrace::proofs
