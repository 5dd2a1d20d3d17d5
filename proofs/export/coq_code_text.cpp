#include "coq_code_text.hpp"

#include <array>

#include "code_layout.hpp"
#include "coq_numbers.hpp"
#include "memory_runs.hpp"

namespace isotrace::proofs {
namespace {

constexpr std::array<std::string_view, 4> unary_names = {"Clz", "Ctz", "Popcnt", "Eqz"};
constexpr std::array<std::string_view, 15> binary_names = {
    "Plus",   "Minus",   "Times", "DivS", "DivU", "RemS", "RemU", "AndBits",
    "OrBits", "XorBits", "Shl",   "ShrS", "ShrU", "Rotl", "Rotr"};
constexpr std::array<std::string_view, 10> relation_names = {"Eq",  "Ne",  "LtS", "LtU", "GtS",
                                                             "GtU", "LeS", "LeU", "GeS", "GeU"};

std::string number(std::uint64_t value) { return " " + std::to_string(value); }

std::string widths_text(const std::vector<unsigned>& widths) {
  return coq_list(widths, "; ", coq_width);
}

std::string code_text(const std::vector<CodeNode>& code, std::size_t indent);

std::string width_text(bool wide) { return wide ? " I64" : " I32"; }

std::string block_text(const CodeNode& node, std::size_t indent) {
  return number(node.takes) + number(node.leaves) + "\n" + std::string(indent + 2, ' ') +
         code_text(node.body, indent + 2);
}

std::string table_text(const CodeNode& node) {
  const std::vector<std::uint32_t> depths(node.depths.begin(), node.depths.end() - 1);
  return "BrTable " +
         coq_list(depths, "; ", [](std::uint32_t depth) { return std::to_string(depth); }) +
         number(node.depths.back());
}

std::string indirect_text(const CodeNode& node) {
  return "call_indirect" + number(node.takes) + number(node.leaves) + " " +
         coq_list(node.table, "; ", [](const std::optional<std::uint32_t>& function) {
           return function ? "Some" + number(*function) : std::string("None");
         });
}

std::string node_text(const CodeNode& node, std::size_t indent) {
  const std::string wide = width_text(node.wide);
  switch (node.kind) {
    case CodeKind::constant: return "Const" + wide + number(node.constant);
    case CodeKind::unary: return "Unary" + wide + " " + std::string(unary_names[node.index]);
    case CodeKind::binary: return "Binary" + wide + " " + std::string(binary_names[node.index]);
    case CodeKind::compare: return "Compare" + wide + " " + std::string(relation_names[node.index]);
    case CodeKind::extend:
      return "Extend" + width_text(node.from_wide) + wide + number(node.index) +
             (node.with_sign ? " true" : " false");
    case CodeKind::nop: return "Nop";
    case CodeKind::unreachable: return "Unreachable";
    case CodeKind::drop: return "Discard";
    case CodeKind::select: return "Select";
    case CodeKind::local_get: return "LocalGet" + number(node.index);
    case CodeKind::local_set: return "LocalSet" + number(node.index);
    case CodeKind::local_tee: return "LocalTee" + number(node.index);
    case CodeKind::global_get: return "GlobalGet" + number(node.index);
    case CodeKind::global_set: return "GlobalSet" + number(node.index);
    case CodeKind::load:
      return "LoadBytes" + wide + number(node.bytes) + (node.with_sign ? " true" : " false") +
             number(node.offset);
    case CodeKind::store: return "StoreBytes" + wide + number(node.bytes) + number(node.offset);
    case CodeKind::memory_size: return "MemorySize";
    case CodeKind::memory_fill: return "MemoryFill";
    case CodeKind::memory_copy: return "MemoryCopy";
    case CodeKind::block: return "Block" + block_text(node, indent);
    case CodeKind::loop: return "Loop" + block_text(node, indent);
    case CodeKind::if_:
      return "If" + block_text(node, indent) + "\n" + std::string(indent + 2, ' ') +
             code_text(node.no, indent + 2);
    case CodeKind::br: return "Br" + number(node.index);
    case CodeKind::br_if: return "BrIf" + number(node.index);
    case CodeKind::br_table: return table_text(node);
    case CodeKind::return_: return "Return";
    case CodeKind::call: return "Call" + number(node.index);
    case CodeKind::call_indirect: return indirect_text(node);
  }
  return "";
}

std::string code_text(const std::vector<CodeNode>& code, std::size_t indent) {
  return lay_out_code(code, indent, ";", node_text);
}

std::string function_text(const CodeFunction& function) {
  return "(* function " + std::to_string(function.index) + " of the module *)\n   Function " +
         widths_text(function.parameters) + " " + widths_text(function.results) + " " +
         widths_text(function.locals) + "\n    " + code_text(function.body, 4);
}

std::string image_text(const obligation::MemoryImage& image) {
  const MemoryRuns runs = find_memory_runs(image);
  if (runs.empty()) return "Zeros";
  return "(image_of\n   " +
         coq_list(runs, ";\n    ",
                  [](const auto& run) {
                    return "(" + std::to_string(run.first) + ", 0x1" + core::to_hex(run.second) +
                           ")%N";
                  }) +
         ")";
}

}  // namespace

std::string coq_width(unsigned width) { return width == 64 ? "I64" : "I32"; }

std::string coq_module(const CodeModule& module) {
  const auto global_text = [](const std::pair<unsigned, std::uint64_t>& global) {
    return "(" + coq_width(global.first) + ", " + std::to_string(global.second) + "%N)";
  };
  return "MakeModule\n  " + coq_list(module.functions, ";\n   ", function_text) + "\n  " +
         coq_list(module.globals, "; ", global_text) + "\n  " + image_text(module.image) + " " +
         std::to_string(module.memory_bytes);
}

}  // namespace isotrace::proofs
