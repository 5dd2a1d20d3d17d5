#include <isotrace/proofs/named/named_property.hpp>

#include <charconv>

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;
using Kind = NamedProperty::Kind;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// The words of one line; what stands in quotes is one word, quotes included.
class Words {
 public:
  Words(std::string_view line, std::size_t number) : number_(number) {
    std::size_t at = 0;
    while (at < line.size() && line[at] != '#') {
      if (is_blank(line[at])) {
        ++at;
        continue;
      }
      std::size_t end = at + 1;
      if (line[at] == '"') {
        while (end < line.size() && line[end] != '"') ++end;
        end = std::min(end + 1, line.size());
      } else if (std::string_view("[],").find(line[at]) == std::string_view::npos) {
        while (end < line.size() && !is_blank(line[end]) &&
               std::string_view("[],\"#").find(line[end]) == std::string_view::npos) {
          ++end;
        }
      }
      words_.push_back(line.substr(at, end - at));
      at = end;
    }
  }

  [[nodiscard]] bool at_end() const { return next_ == words_.size(); }
  [[nodiscard]] bool empty() const { return words_.empty(); }
  /// Takes the word if it is the next one.
  bool take(std::string_view word) {
    if (at_end() || words_[next_] != word) return false;
    ++next_;
    return true;
  }
  Result<Done> expect(std::string_view word) {
    if (!take(word)) return malformed("expected " + std::string(word));
    return Done{};
  }
  Result<std::string_view> word(std::string_view what) {
    if (at_end()) return malformed("expected " + std::string(what));
    return words_[next_++];
  }
  [[nodiscard]] tl::unexpected<core::Refusal> malformed(const std::string& detail) const {
    std::string found = at_end() ? "end of line" : std::string(words_[next_].substr(0, 40));
    return core::refuse(RefusalCode::property_malformed, "line " + std::to_string(number_),
                        detail + ", found " + found);
  }
  [[nodiscard]] std::string joined() const {
    std::string text;
    for (const std::string_view word : words_) {
      const bool tight =
          word == "]" || word == "," || word == "[" || (!text.empty() && text.back() == '[');
      const bool opens = word == "[" && text.ends_with(" in");
      if (!text.empty() && (!tight || opens)) text += ' ';
      text += word;
    }
    return text;
  }

 private:
  std::vector<std::string_view> words_;
  std::size_t next_ = 0;
  std::size_t number_;
};

Result<std::string> read_number(Words& words) {
  ISOTRACE_TRY(const std::string_view text, words.word("a number"));
  if (!core::parse_rational(text))
    return words.malformed("\"" + std::string(text.substr(0, 40)) + "\" is no number");
  return std::string(text);
}

Result<std::size_t> read_index(Words& words) {
  ISOTRACE_TRY(const std::string_view text, words.word("an index"));
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), index);
  if (error != std::errc() || end != text.end() || index > (std::size_t{1} << 24)) {
    return words.malformed("\"" + std::string(text.substr(0, 40)) + "\" is no index");
  }
  return index;
}

/// x[3]
Result<std::size_t> read_element(Words& words, std::string_view name) {
  ISOTRACE_TRY_DONE(words.expect(name));
  ISOTRACE_TRY_DONE(words.expect("["));
  ISOTRACE_TRY(const std::size_t index, read_index(words));
  ISOTRACE_TRY_DONE(words.expect("]"));
  return index;
}

/// x or x[3]
Result<std::optional<std::size_t>> read_elements(Words& words, std::string_view name) {
  ISOTRACE_TRY_DONE(words.expect(name));
  if (!words.take("[")) return std::optional<std::size_t>();
  ISOTRACE_TRY(const std::size_t index, read_index(words));
  ISOTRACE_TRY_DONE(words.expect("]"));
  return std::optional(index);
}

/// in [low, high]
Result<Done> read_range(Words& words, std::string& low, std::string& high) {
  ISOTRACE_TRY_DONE(words.expect("in"));
  ISOTRACE_TRY_DONE(words.expect("["));
  ISOTRACE_TRY(low, read_number(words));
  ISOTRACE_TRY_DONE(words.expect(","));
  ISOTRACE_TRY(high, read_number(words));
  return words.expect("]");
}

/// within E, which is not negative
Result<std::string> read_within(Words& words) {
  ISOTRACE_TRY_DONE(words.expect("within"));
  ISOTRACE_TRY(std::string text, read_number(words));
  if (*core::parse_rational(text) < 0) return words.malformed(text + " is negative");
  return text;
}

Result<std::string> read_file_name(Words& words) {
  ISOTRACE_TRY(const std::string_view text, words.word("a file name in quotes"));
  if (text.size() < 3 || text.front() != '"' || text.back() != '"') {
    return words.malformed("expected a file name in quotes");
  }
  return std::string(text.substr(1, text.size() - 2));
}

Result<NamedProperty> read_robust(Words& words) {
  NamedProperty made;
  made.kind = Kind::robust;
  ISOTRACE_TRY(made.file, read_file_name(words));
  ISOTRACE_TRY(made.within, read_within(words));
  if (words.take("label")) {
    ISOTRACE_TRY(made.output, read_index(words));
  }
  return made;
}

Result<NamedProperty> read_bounds(Words& words) {
  NamedProperty made;
  made.kind = Kind::bounds;
  ISOTRACE_TRY(made.output, read_elements(words, "y"));
  ISOTRACE_TRY_DONE(read_range(words, made.low, made.high));
  return made;
}

Result<NamedProperty> read_monotone(Words& words) {
  NamedProperty made;
  made.kind = Kind::monotone;
  ISOTRACE_TRY(made.output, read_element(words, "y"));
  made.upward = words.take("up");
  if (!made.upward && !words.take("down")) return words.malformed("expected up or down");
  ISOTRACE_TRY(made.input, read_element(words, "x"));
  made.within = "0";
  if (!words.at_end()) {
    ISOTRACE_TRY(made.within, read_within(words));
  }
  return made;
}

Result<NamedProperty> read_argmax(Words& words) {
  NamedProperty made;
  made.kind = words.take("is") ? Kind::argmax_is : Kind::argmax_not;
  if (made.kind == Kind::argmax_not && !words.take("not"))
    return words.malformed("expected is or not");
  ISOTRACE_TRY(made.output, read_index(words));
  return made;
}

Result<NamedProperty> read_order(Words& words) {
  NamedProperty made;
  made.kind = Kind::order;
  ISOTRACE_TRY(made.output, read_element(words, "y"));
  ISOTRACE_TRY_DONE(words.expect(">"));
  ISOTRACE_TRY(made.other, read_element(words, "y"));
  if (made.other == made.output) return words.malformed("an output beside itself");
  return made;
}

Result<NamedProperty> read_fair(Words& words) {
  NamedProperty made;
  ISOTRACE_TRY(made.input, read_element(words, "x"));
  made.kind = words.take("argmax") ? Kind::fair_argmax : Kind::fair_values;
  if (made.kind == Kind::fair_values) {
    ISOTRACE_TRY(made.within, read_within(words));
  }
  return made;
}

Result<NamedProperty> read_equivalent(Words& words) {
  NamedProperty made;
  made.kind = Kind::equivalent;
  ISOTRACE_TRY(made.file, read_file_name(words));
  ISOTRACE_TRY(made.within, read_within(words));
  return made;
}

Result<NamedProperty> read_probabilities(Words& words) {
  NamedProperty made;
  made.kind = Kind::probabilities;
  made.within = "1e-5";
  if (!words.at_end()) {
    ISOTRACE_TRY(made.within, read_within(words));
  }
  return made;
}

Result<NamedProperty> read_property(Words& words) {
  if (words.take("robust")) return read_robust(words);
  if (words.take("bounds")) return read_bounds(words);
  if (words.take("monotone")) return read_monotone(words);
  if (words.take("argmax")) return read_argmax(words);
  if (words.take("order")) return read_order(words);
  if (words.take("fair")) return read_fair(words);
  if (words.take("equivalent")) return read_equivalent(words);
  if (words.take("probabilities")) return read_probabilities(words);
  if (words.take("finite")) return NamedProperty{};
  return words.malformed("expected the name of a property");
}

Result<Done> read_line(Words& words, PropertyList& list) {
  if (words.take("domain")) {
    DomainRange range;
    ISOTRACE_TRY(range.input, read_elements(words, "x"));
    ISOTRACE_TRY_DONE(read_range(words, range.low, range.high));
    list.domain.push_back(std::move(range));
  } else {
    ISOTRACE_TRY(NamedProperty made, read_property(words));
    made.text = words.joined();
    list.properties.push_back(std::move(made));
  }
  if (!words.at_end()) return words.malformed("expected the end of the line");
  return Done{};
}

}  // namespace

bool NamedProperty::compares_two_runs() const {
  return kind == Kind::monotone || kind == Kind::fair_values || kind == Kind::fair_argmax ||
         kind == Kind::equivalent;
}

Result<PropertyList> parse_named_properties(std::string_view text) {
  PropertyList list;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    Words words(text.substr(0, end), number);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty()) continue;
    ISOTRACE_TRY_DONE(read_line(words, list));
  }
  return list;
}

bool is_named_property_file(std::string_view text) {
  bool in_comment = false;
  for (const char c : text) {
    if (c == '\n') {
      in_comment = false;
    } else if (!in_comment && (c == ';' || c == '(')) {
      return false;
    } else if (!in_comment && c == '#') {
      in_comment = true;
    } else if (!in_comment && !is_blank(c)) {
      return true;
    }
  }
  return false;
}

}  // namespace isotrace::proofs
