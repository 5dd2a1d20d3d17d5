#include <isotrace/certificates/strict_json.hpp>

#include <array>
#include <bit>

#include <emmintrin.h>

#include <isotrace/core/limits.hpp>

namespace isotrace::certificates {
namespace {

constexpr std::int64_t integer_max = std::int64_t{1} << 53;
constexpr std::string_view escapes = "\"\\bfnrt";       // behind a backslash
constexpr std::string_view escaped = "\"\\\b\f\n\r\t";  // and what they stand for

/// Bytes of the UTF-8 sequence at the start of a text that is not ASCII there; 0 if it is none.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const auto continues = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      if ((at(i) & 0xc0) != 0x80) return false;
    }
    return true;
  };
  const std::uint8_t first = at(0);
  const std::uint8_t second = at(1);
  if (first >= 0xc2 && first <= 0xdf) return continues(1, 2) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && second < 0xa0;
    const bool surrogate = first == 0xed && second >= 0xa0;
    return !overlong && !surrogate && continues(1, 3) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && second < 0x90;
    const bool too_large = first == 0xf4 && second >= 0x90;
    return !overlong && !too_large && continues(1, 4) ? 4 : 0;
  }
  return 0;
}

constexpr std::size_t step = 16;

/// All bits set for each of sixteen characters that is not printable ASCII, or means something else
/// than itself in a text.
[[gnu::always_inline]] inline __m128i find_special(const char* characters) {
  const __m128i some = _mm_loadu_si128(reinterpret_cast<const __m128i*>(characters));
  // Compared as signed numbers, so that what is not ASCII is below the space.
  const __m128i outside = _mm_or_si128(_mm_cmplt_epi8(some, _mm_set1_epi8(' ')),
                                       _mm_cmpeq_epi8(some, _mm_set1_epi8(0x7f)));
  const __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(some, _mm_set1_epi8('"')),
                                     _mm_cmpeq_epi8(some, _mm_set1_epi8('\\')));
  return _mm_or_si128(outside, marks);
}

/// A bit for each character, the first one's lowest.
std::uint32_t bits_of(__m128i found) {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(found));
}

/// How many characters at the start are printable ASCII and mean themselves in a text.
[[gnu::always_inline]] inline std::size_t plain_run(std::string_view text) {
  constexpr std::size_t stride = 4 * step;
  std::size_t run = 0;
  for (; run + step <= text.size(); run += step) {
    const std::uint32_t special = bits_of(find_special(text.data() + run));
    if (special != 0) return run + static_cast<std::size_t>(std::countr_zero(special));
    if (run != 0) continue;
    for (; run + step + stride <= text.size(); run += stride) {  // most are short, few are long
      const char* from = text.data() + run + step;
      const __m128i first = _mm_or_si128(find_special(from), find_special(from + step));
      const __m128i second =
          _mm_or_si128(find_special(from + 2 * step), find_special(from + 3 * step));
      if (bits_of(_mm_or_si128(first, second)) != 0) break;
    }
  }
  std::array<char, step> rest;
  rest.fill(' ');
  text.copy(rest.data(), step, run);
  const std::uint32_t special = bits_of(find_special(rest.data()));
  return special != 0 ? run + static_cast<std::size_t>(std::countr_zero(special)) : text.size();
}

/// Whether a key stands behind the one before it: mostly the first characters say so.
bool ascend(std::string_view before, std::string_view key) {
  if (before.empty() || key.empty() || before[0] == key[0]) return before < key;
  return static_cast<std::uint8_t>(before[0]) < static_cast<std::uint8_t>(key[0]);
}

/// One pass over the text. A function that returns false has set the refusal.
class Reader {
 public:
  Reader(std::string_view text, const JsonRules& rules) : text_(text), rules_(rules) {}

  core::Result<JsonDocument> read() {
    document_.nodes.reserve(text_.size() / 16 + 1);
    const bool good = read_value(0, {}) && (!indented() || expect('\n')) &&
                      (at_ == text_.size() || fail("bytes behind the value"));
    if (!good) return tl::unexpected<core::Refusal>(*std::move(refusal_));
    return std::move(document_);
  }

 private:
  [[nodiscard]] bool indented() const { return rules_.form == JsonForm::indented; }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool fail_at(std::string where, std::string detail) {
    refusal_ = core::Refusal{rules_.code, std::move(where), std::move(detail)};
    return false;
  }
  bool fail(const std::string& detail = {}) {
    const std::string form =
        indented() ? "not in canonical form; `jq -S .` writes it" : "not in canonical form";
    return fail_at("byte " + std::to_string(at_), detail.empty() ? form : form + ": " + detail);
  }
  bool expect(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return fail();
    at_ += word.size();
    return true;
  }
  bool expect(char c) {
    if (at_ == text_.size() || text_[at_] != c) return fail();
    ++at_;
    return true;
  }
  /// The line end and indentation in front of what stands at this depth.
  bool expect_line(std::size_t depth) {
    if (!indented()) return true;
    if (!expect('\n')) return false;
    for (std::size_t i = 0; i < depth; ++i) {
      if (!expect("  ")) return false;
    }
    return true;
  }

  bool read_value(std::size_t depth, std::string_view key) {
    const std::size_t index = document_.nodes.size();
    document_.nodes.emplace_back().key = key;
    if (!read_content(depth, index)) return false;
    document_.nodes[index].behind = static_cast<std::uint32_t>(document_.nodes.size());
    return true;
  }

  bool read_content(std::size_t depth, std::size_t index) {
    JsonNode& node = document_.nodes[index];
    switch (peek()) {
      case '{': return read_items(depth, index, JsonKind::object, '}');
      case '[': return read_items(depth, index, JsonKind::array, ']');
      case '"': node.kind = JsonKind::text; return read_text(node.text, node.plain);
      case 'n': return expect("null");
      case 't':
      case 'f':
        node.kind = JsonKind::boolean;
        node.number = peek() == 't' ? 1 : 0;
        return expect(node.number == 1 ? "true" : "false");
      default: return read_integer(index);
    }
  }

  bool read_items(std::size_t depth, std::size_t index, JsonKind kind, char close) {
    if (depth == core::limits::text_nesting_max) return fail("nested too deeply");
    document_.nodes[index].kind = kind;
    ++at_;
    if (peek() == close) {
      ++at_;
      return true;
    }
    std::string_view before;
    for (std::uint32_t count = 1;; ++count) {
      std::string_view key;
      bool plain = true;
      if (!expect_line(depth + 1)) return false;
      if (kind == JsonKind::object) {
        if (!read_text(key, plain)) return false;
        if (!plain) return fail("key " + quote(key) + " is not printable ASCII");
        if (count > 1 && !ascend(before, key)) return fail("keys must ascend, each once");
        if (!expect(':') || (indented() && !expect(' '))) return false;
        before = key;
      }
      document_.nodes[index].count = count;
      if (!read_value(depth + 1, key)) return false;
      if (peek() != ',') break;
      ++at_;
    }
    return expect_line(depth) && expect(close);
  }

  bool read_text(std::string_view& out, bool& plain) {
    if (peek() != '"') return fail();
    const std::size_t begin = ++at_;
    for (;; ++at_) {
      at_ += plain_run(text_.substr(at_));
      if (at_ == text_.size()) return fail("a text does not end");
      const char c = text_[at_];
      if (c == '"') {
        out = text_.substr(begin, at_++ - begin);
        return true;
      }
      if (c == '\\') {
        if (!read_escaped(begin, out)) return false;
        plain = is_plain(out);
        return true;
      }
      plain = false;
      if (!pass_character(c)) return false;
    }
  }

  /// A character that plain_run does not pass; leaves `at_` on its last byte.
  bool pass_character(char c) {
    if (static_cast<std::uint8_t>(c) < 0x20) return fail("a control character");
    if (c == 0x7f) return true;
    const std::size_t length = utf8_length(text_.substr(at_));
    if (length == 0) return fail("not UTF-8");
    at_ += length - 1;
    return true;
  }

  /// From the first escape on: the text is copied.
  bool read_escaped(std::size_t begin, std::string_view& out) {
    std::string& copy = document_.unescaped.emplace_back(text_.substr(begin, at_ - begin));
    for (;;) {
      const std::size_t run = plain_run(text_.substr(at_));
      copy.append(text_.substr(at_, run));
      at_ += run;
      if (at_ == text_.size()) return fail("a text does not end");
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        out = copy;
        return true;
      }
      if (c == '\\') {
        if (!read_escape(copy)) return false;
        continue;
      }
      const std::size_t first = at_;
      if (!pass_character(c)) return false;
      copy.append(text_.substr(first, ++at_ - first));
    }
  }

  /// The short escapes, and \u00xx in lower case for control characters that have none.
  bool read_escape(std::string& copy) {
    const std::string_view rest = text_.substr(at_ + 1);
    if (const auto known = rest.empty() ? rest.npos : escapes.find(rest[0]); known != rest.npos) {
      copy += escaped[known];
      at_ += 2;
      return true;
    }
    const auto byte = rest.starts_with("u00") ? core::from_hex(rest.substr(3, 2)) : std::nullopt;
    if (!byte || byte->size() != 1 || byte->front() >= 0x20 ||
        escaped.find(static_cast<char>(byte->front())) != escaped.npos) {
      return fail("an escape");
    }
    copy += static_cast<char>(byte->front());
    at_ += 6;
    return true;
  }

  bool read_integer(std::size_t index) {
    constexpr std::size_t digits_max = 16;
    const bool negative = peek() == '-';
    const std::size_t begin = at_ + (negative ? 1 : 0);
    std::size_t end = begin;
    std::int64_t value = 0;
    for (; end < text_.size() && text_[end] >= '0' && text_[end] <= '9'; ++end) {
      if (end - begin < digits_max) value = 10 * value + (text_[end] - '0');
    }
    if (end == begin) return fail();
    const char next = end < text_.size() ? text_[end] : '\0';
    if (end - begin > digits_max || value > integer_max || next == '.' || next == 'e' ||
        next == 'E') {
      return fail_at(document_.pointer_to(index), "numbers must be integers of at most 2^53");
    }
    if (text_[begin] == '0' && (end - begin > 1 || negative)) return fail();
    document_.nodes[index].kind = JsonKind::integer;
    document_.nodes[index].number = negative ? -value : value;
    at_ = end;
    return true;
  }

  std::string_view text_;
  const JsonRules& rules_;
  std::size_t at_ = 0;
  JsonDocument document_;
  std::optional<core::Refusal> refusal_;
};

}  // namespace

std::string JsonDocument::pointer_to(std::size_t index) const {
  std::string pointer;
  std::size_t at = 0;
  while (at != index) {
    const JsonKind kind = nodes[at].kind;
    std::size_t number = 0;
    // The child that holds the node; one that is still being read has nothing behind it yet.
    std::size_t child = at + 1;
    while (nodes[child].behind != 0 && nodes[child].behind <= index) {
      child = nodes[child].behind;
      ++number;
    }
    pointer +=
        "/" + (kind == JsonKind::array ? std::to_string(number) : std::string(nodes[child].key));
    at = child;
  }
  return pointer;
}

bool is_plain(std::string_view text) {
  for (;;) {
    const std::size_t run = plain_run(text);
    if (run == text.size()) return true;
    if (text[run] != '"' && text[run] != '\\') return false;
    text.remove_prefix(run + 1);
  }
}

std::string quote(std::string_view text) {
  constexpr std::size_t shown_max = 80;
  std::string out = "\"";
  for (const char c : text.substr(0, shown_max)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c >= 0x20 && c <= 0x7e) {
      out += c;
    } else {
      out += "\\x" + core::to_hex({&byte, 1});
    }
  }
  return out + (text.size() > shown_max ? "\"..." : "\"");
}

std::string write_json(const Json& value, JsonForm form) {
  // `replace` keeps dump() from throwing on bad UTF-8; the parser has refused such bytes before.
  constexpr auto on_bad_utf8 = Json::error_handler_t::replace;
  if (form == JsonForm::compact) return value.dump(-1, ' ', false, on_bad_utf8);
  return value.dump(2, ' ', false, on_bad_utf8) + "\n";
}

core::Result<JsonDocument> parse_strict_json(core::ByteView bytes, const JsonRules& rules) {
  const std::string_view text = core::as_text(bytes);
  if (text.size() > rules.bytes_max) {
    return core::refuse(
        rules.code, "size",
        std::to_string(text.size()) + " bytes, limit " + std::to_string(rules.bytes_max));
  }
  return Reader(text, rules).read();
}

}  // namespace isotrace::certificates
