// Reads the listing of a code object (amd_listing.py).
#include <charconv>
#include <fstream>
#include <sstream>

#include <tests/backends/gcn_machine.hpp>

namespace isotrace::gcn {
namespace {

const Executes& executes() {
  static const Executes all = [] {
    Executes made;
    add_vector_instructions(made);
    add_comparisons(made);
    add_scalar_instructions(made);
    add_memory_instructions(made);
    return made;
  }();
  return all;
}

/// Text between two of these characters that stand outside of brackets.
std::vector<std::string> split(const std::string& text, char between) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '[' || c == '(' ? 1 : c == ']' || c == ')' ? -1 : 0;
    if (c == between && depth == 0) {
      parts.emplace_back();
    } else if (c != ' ' || depth != 0 || !parts.back().empty()) {
      parts.back() += c;
    }
  }
  return parts;
}

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::uint64_t whole_number(const std::string& text) {
  return static_cast<std::uint64_t>(std::stoll(text, nullptr, 0));
}

/// "v7", "s[4:5]", "a0": the number of the first register.
bool read_register(const std::string& text, Operand& out) {
  if (text.size() < 2 || std::string_view("vsa").find(text[0]) == std::string_view::npos)
    return false;
  const std::size_t digits = text[1] == '[' ? 2 : 1;
  unsigned index = 0;
  const char* const begin = text.data() + digits;
  if (std::from_chars(begin, text.data() + text.size(), index).ptr == begin) return false;
  out.kind = text[0] == 's' ? Operand::Kind::scalar : Operand::Kind::vector;
  out.index = static_cast<std::uint16_t>(index + (text[0] == 'a' ? accumulators : 0));
  return true;
}

bool read_named(const std::string& text, Operand& out) {
  static const std::map<std::string, unsigned> named = {{"vcc", vcc},
                                                        {"vcc_lo", vcc},
                                                        {"vcc_hi", vcc + 1},
                                                        {"exec", exec},
                                                        {"exec_lo", exec},
                                                        {"exec_hi", exec + 1},
                                                        {"m0", m0},
                                                        {"null", null_register},
                                                        {"flat_scratch", 102},
                                                        {"flat_scratch_lo", 102},
                                                        {"flat_scratch_hi", 103}};
  const auto found = named.find(text);
  if (found == named.end()) return false;
  out.kind = Operand::Kind::scalar;
  out.index = static_cast<std::uint16_t>(found->second);
  return true;
}

/// Whole numbers as they stand; literals, which are printed in hexadecimal, are the upper half of
/// an f64.
bool read_constant(const std::string& text, Operand& out) {
  if (text.empty() || std::string_view("-0123456789").find(text[0]) == std::string_view::npos) {
    return false;
  }
  out.kind = Operand::Kind::constant;
  if (text.find('.') != std::string::npos) {
    const double number = std::stod(text);
    out.word = std::bit_cast<std::uint32_t>(static_cast<float>(number));
    out.whole = out.real = std::bit_cast<std::uint64_t>(number);
    return true;
  }
  out.whole = whole_number(text);
  out.word = static_cast<std::uint32_t>(out.whole);
  out.real = text.rfind("0x", 0) == 0 ? out.whole << 32 : out.whole;
  return true;
}

bool read_operand(std::string text, Operand& out) {
  if (text == "off") return true;
  if (text.size() > 1 && text[0] == '-' &&
      std::string_view("0123456789").find(text[1]) == std::string_view::npos) {
    out.negated = true;
    text.erase(0, 1);
  }
  if (text.size() > 2 && text.front() == '|') {
    out.absolute = true;
    text = text.substr(1, text.size() - 2);
  }
  if (text.rfind("sext(", 0) == 0) {
    out.sign_extended = true;
    text = text.substr(5, text.size() - 6);
  }
  return read_register(text, out) || read_named(text, out) || read_constant(text, out);
}

bool read_part(const std::string& text, Part& out) {
  static const std::map<std::string, Part> parts = {
      {"DWORD", {0, 32}},  {"BYTE_0", {0, 8}},  {"BYTE_1", {8, 8}},  {"BYTE_2", {16, 8}},
      {"BYTE_3", {24, 8}}, {"WORD_0", {0, 16}}, {"WORD_1", {16, 16}}};
  const auto found = parts.find(text);
  if (found == parts.end()) return false;
  out = found->second;
  return true;
}

/// "[0,1,1]"
void read_picks(const std::string& text, bool (&out)[3]) {
  for (std::size_t i = 0; i < 3 && 2 * i + 1 < text.size(); ++i) out[i] = text[2 * i + 1] == '1';
}

/// What follows operands: "offset:16", "glc", "op_sel:[1,0,0]".
bool read_modifier(const std::string& text, Instruction& out) {
  const std::size_t colon = text.find(':');
  const bool is_call = text.find('(') != std::string::npos;  // gpr_idx(DST)
  const std::string name = is_call ? text : text.substr(0, colon);
  const std::string value = is_call || colon == std::string::npos ? "" : text.substr(colon + 1);
  out.modifiers[name] = value;
  if (name == "offset" || name == "offset0")
    return out.offset = static_cast<std::int64_t>(whole_number(value)), true;
  if (name == "offset1")
    return out.second_offset = static_cast<std::int64_t>(whole_number(value)), true;
  if (name == "op_sel" || name == "op_sel_hi") {
    read_picks(value, name == "op_sel" ? out.picks_low : out.picks_high);
    return out.name.rfind("v_pk_", 0) == 0;
  }
  if (name == "neg_lo" || name == "neg_hi") {
    read_picks(value, name == "neg_lo" ? out.negates_low : out.negates_high);
    return out.name.rfind("v_pk_", 0) == 0 && out.name != "v_pk_mov_b32";
  }
  if (name == "src0_sel" || name == "src1_sel") {
    const std::size_t at = out.operands.size() - (name == "src0_sel" ? 2 : 1);
    return read_part(value, out.operands[at].part);
  }
  if (name == "dst_sel") return value == "DWORD";
  if (name == "dst_unused") return value == "UNUSED_PAD";
  return name == "glc" || name == "offen" || name.rfind("hwreg(", 0) == 0 || name == "gpr_idx(DST)";
}

/// "v_fma_f32 v7, -v5, v4, v3", and where the next instruction lies.
bool read_instruction(const std::string& text, Instruction& out) {
  const std::size_t space = text.find(' ');
  out.name = text.substr(0, space);
  for (const std::string_view encoding : {"_e32", "_e64", "_sdwa"}) {
    if (ends_with(out.name, encoding)) out.name.resize(out.name.size() - encoding.size());
  }
  const auto known = executes().find(out.name);
  if (known == executes().end()) return false;
  out.execute = known->second;
  if (space == std::string::npos || out.name.rfind("s_waitcnt", 0) == 0) return true;
  std::vector<std::string> modifiers;
  for (const std::string& piece : split(text.substr(space + 1), ',')) {
    const std::vector<std::string> words = split(piece, ' ');
    Operand operand;
    std::size_t first = 0;
    if (read_operand(words[0], operand)) {
      out.operands.push_back(operand);
      first = 1;
    }
    modifiers.insert(modifiers.end(), words.begin() + static_cast<std::ptrdiff_t>(first),
                     words.end());
  }
  for (const std::string& modifier : modifiers) {
    if (!modifier.empty() && !read_modifier(modifier, out)) return false;
  }
  return true;
}

/// Branches name the distance in words from the next instruction.
void find_targets(Code& code, const std::map<std::uint64_t, std::size_t>& places,
                  std::string& problem) {
  for (Instruction& in : code.instructions) {
    if (in.name != "s_branch" && in.name.rfind("s_cbranch_", 0) != 0) continue;
    const auto words = static_cast<std::int16_t>(in.operands[0].word);
    const auto found =
        places.find(in.address + static_cast<std::uint64_t>(std::int64_t{words} * 4));
    if (found == places.end()) {
      problem = "a branch to nowhere";
    } else {
      in.target = found->second;
    }
  }
}

void read_segment(std::istringstream& line, Code& code) {
  std::uint64_t address = 0;
  std::string digits;
  line >> std::hex >> address >> digits;
  if (code.image.size() < address + digits.size() / 2)
    code.image.resize(address + digits.size() / 2);
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    code.image[address + i / 2] =
        static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16));
  }
}

}  // namespace

Code read_code(const std::string& path, std::string& problem) {
  Code code;
  std::map<std::uint64_t, std::size_t> places;
  std::map<std::string, std::uint64_t> entries;
  std::ifstream file(path);
  if (!file) problem = "no " + path;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string kind;
    line >> kind;
    if (kind == "lanes") {
      line >> code.lanes;
    } else if (kind == "hash") {
      line >> code.hash;
    } else if (kind == "segment") {
      read_segment(line, code);
    } else if (kind == "kernel") {
      std::string name;
      KernelCode k;
      std::uint64_t entry = 0;
      line >> name >> entry >> k.threads >> k.shared >> k.own >> k.arguments >> k.arguments_size >>
          k.origin_offset >> k.resources >> k.properties;
      entries[name] = entry;
      code.kernels[name] = k;
    } else {
      std::uint64_t size = 0;
      line >> size;
      const std::uint64_t address = std::stoull(kind);
      Instruction in;
      in.address = address + size;
      const std::string what = text.substr(static_cast<std::size_t>(line.tellg()) + 1);
      if (!read_instruction(what, in) && problem.empty()) problem = "not understood: " + what;
      places[address] = code.instructions.size();
      code.instructions.push_back(std::move(in));
    }
  }
  find_targets(code, places, problem);
  for (auto& [name, kernel] : code.kernels) kernel.entry = places.at(entries.at(name));
  return code;
}

}  // namespace isotrace::gcn
