#include "lean_code_text.hpp"

#include <array>

#include "code_layout.hpp"
#include "coq_numbers.hpp"
#include "lean_division.hpp"
#include "memory_runs.hpp"

namespace isotrace::proofs {
namespace {

constexpr std::array<std::string_view, 3> count_names = {".clz", ".ctz", ".popcnt"};
constexpr std::array<std::string_view, 15> binary_names = {".add",
                                                           ".sub",
                                                           ".mul",
                                                           "",
                                                           "",
                                                           "",
                                                           "",
                                                           ".and",
                                                           ".or",
                                                           ".xor",
                                                           "(.move .shl)",
                                                           "(.move .shr_s)",
                                                           "(.move .shr_u)",
                                                           "(.move .rotl)",
                                                           "(.move .rotr)"};
constexpr std::array<std::string_view, 10> relation_names = {
    "false .eq", "false .ne", "true .lt",  "false .lt", "true .gt",
    "false .gt", "true .le",  "false .le", "true .ge",  "false .ge"};

constexpr std::uint64_t page_bytes = 65536;

std::string number(std::uint64_t value) { return " " + std::to_string(value); }

std::string width_text(bool wide) { return wide ? " .i64" : " .i32"; }

std::string widths_text(const std::vector<unsigned>& widths) {
  return coq_list(widths, ", ", lean_width);
}

std::string code_text(const std::vector<CodeNode>& code, std::size_t indent);

std::string block_text(const CodeNode& node, std::size_t indent) {
  return number(node.takes) + number(node.leaves) + "\n" + std::string(indent + 2, ' ') +
         code_text(node.body, indent + 2);
}

std::string table_text(const CodeNode& node) {
  std::string text = ".br_table [";
  for (std::size_t i = 0; i + 1 < node.depths.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(node.depths[i]);
  return text + "]" + number(node.depths.back());
}

std::string entries_text(const CodeNode& node) {
  return ".call_indirect " +
         coq_list(node.table, ", ", [](const std::optional<std::uint32_t>& function) {
           return function ? ".some " + std::to_string(*function) : std::string(".none");
         });
}

std::string node_text(const CodeNode& node, std::size_t indent) {
  switch (node.kind) {
    case CodeKind::constant: return ".const" + width_text(node.wide) + number(node.constant);
    case CodeKind::unary:
      return node.index == 3
                 ? ".eqz"
                 : ".unary" + width_text(node.wide) + " " + std::string(count_names.at(node.index));
    case CodeKind::binary:
      if (is_lean_division(node)) {
        return ".divide" + width_text(node.wide) + " " + std::string(lean_division_flags(node));
      }
      return ".binary" + width_text(node.wide) + " " + std::string(binary_names.at(node.index));
    case CodeKind::compare: return ".compare " + std::string(relation_names.at(node.index));
    case CodeKind::extend:
      return ".resize" + number(node.index) + width_text(node.wide) +
             (node.with_sign ? " true" : " false");
    case CodeKind::nop: return ".nop";
    case CodeKind::drop: return ".drop";
    case CodeKind::select: return ".select";
    case CodeKind::local_get: return ".local_get" + number(node.index);
    case CodeKind::local_set: return ".local_set" + number(node.index);
    case CodeKind::local_tee: return ".local_tee" + number(node.index);
    case CodeKind::global_get: return ".global_get" + number(node.index);
    case CodeKind::global_set: return ".global_set" + number(node.index);
    case CodeKind::load:
      return ".load" + width_text(node.wide) + number(node.bytes) +
             (node.with_sign ? " true" : " false") + number(node.offset);
    case CodeKind::store: return ".store" + number(node.bytes) + number(node.offset);
    case CodeKind::memory_size: return ".memory_size";
    case CodeKind::memory_fill: return ".memory_fill";
    case CodeKind::memory_copy: return ".memory_copy";
    case CodeKind::block: return ".block" + block_text(node, indent);
    case CodeKind::loop: return ".loop" + block_text(node, indent);
    case CodeKind::if_:
      return ".if_" + block_text(node, indent) + "\n" + std::string(indent + 2, ' ') +
             code_text(node.no, indent + 2);
    case CodeKind::br: return ".br" + number(node.index);
    case CodeKind::br_if: return ".br_if" + number(node.index);
    case CodeKind::br_table: return table_text(node);
    case CodeKind::return_: return ".return_";
    case CodeKind::call: return ".call" + number(node.index);
    case CodeKind::call_indirect: return entries_text(node);
    case CodeKind::unreachable: return ".unreachable";
  }
  return "";
}

std::string code_text(const std::vector<CodeNode>& code, std::size_t indent) {
  return lay_out_code(code, indent, ",", node_text);
}

std::string function_text(const CodeFunction& function) {
  return "/- function " + std::to_string(function.index) + " of the module -/\n    ⟨" +
         widths_text(function.parameters) + ", " + widths_text(function.results) + ", " +
         widths_text(function.locals) + ",\n     " + code_text(function.body, 5) + "⟩";
}

}  // namespace

std::string lean_width(unsigned width) { return width == 64 ? ".i64" : ".i32"; }

std::string lean_module(const CodeModule& module) {
  const auto global_text = [](const std::pair<unsigned, std::uint64_t>& global) {
    return "(" + lean_width(global.first) + ", " + std::to_string(global.second) + ")";
  };
  const auto run_text = [](const auto& run) {
    return "⟨" + std::to_string(run.first) + ", " + std::to_string(run.second.size()) + ", 0x" +
           core::to_hex(run.second) + "⟩";
  };
  return "⟨" + coq_list(module.functions, ",\n    ", function_text) + ",\n   " +
         coq_list(module.globals, ", ", global_text) + ",\n   " +
         coq_list(find_memory_runs(module.image), ",\n    ", run_text) + ", " +
         std::to_string(module.memory_bytes / page_bytes) + "⟩";
}

}  // namespace isotrace::proofs
