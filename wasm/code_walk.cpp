#include <isotrace/wasm/code_walk.hpp>

#include <algorithm>

#include <isotrace/core/check.hpp>

namespace isotrace::wasm {
namespace {

std::uint32_t count_of(const std::vector<ValueType>& types) {
  return static_cast<std::uint32_t>(types.size());
}

}  // namespace

CodeWalk::CodeWalk(const Module& module, const Function& function)
    : module_(module),
      function_(function),
      reader_(module.bytes, function.body.begin, function.body.end + 1),
      height_(count_of(module.type_of(function).parameters) + function.locals_count) {
  const std::uint32_t results = count_of(module.type_of(function).results);
  open_.push_back({Opcode::block, function.body.end + 1, results, height_, 0, results, true});
}

bool CodeWalk::next() {
  if (begun_) apply();
  begun_ = true;
  if (reader_.at_end()) return false;
  const auto read = read_instruction(reader_, module_.edition, now_);
  ISOTRACE_CHECK(read.has_value(), now_.offset);
  return true;
}

void CodeWalk::apply() {
  switch (now_.opcode) {
    case Opcode::block:
    case Opcode::loop:
    case Opcode::if_: open_block(); break;
    case Opcode::else_: {
      OpenCode& block = open_.back();
      block.opcode = Opcode::else_;
      height_ = block.height + block.parameters;
      reached_ = block.reached;
      break;
    }
    case Opcode::end: {
      height_ = open_.back().height + open_.back().results;
      reached_ = open_.back().reached;
      open_.pop_back();
      break;
    }
    case Opcode::br:
    case Opcode::br_table:
    case Opcode::return_:
    case Opcode::unreachable: reached_ = false; break;
    default:
      if (!reached_) break;
      const StackEffect change = effect();
      height_ = height_ - change.pops + change.pushes;
      break;
  }
}

void CodeWalk::open_block() {
  OpenCode block{.opcode = now_.opcode, .reached = reached_};
  if (now_.block.kind == BlockType::Kind::value) block.results = 1;
  if (now_.block.kind == BlockType::Kind::index) {
    block.parameters = count_of(module_.types[now_.block.index].parameters);
    block.results = count_of(module_.types[now_.block.index].results);
  }
  if (now_.opcode == Opcode::if_ && reached_) --height_;
  block.height = height_ - block.parameters;
  const bool loops = now_.opcode == Opcode::loop;
  block.arity = loops ? block.parameters : block.results;
  const auto control = std::ranges::lower_bound(module_.controls.begin() + function_.controls_begin,
                                                module_.controls.begin() + function_.controls_end,
                                                now_.offset, {}, &Control::begin);
  block.continuation = loops ? now_.offset : control->end + 1;
  open_.push_back(block);
}

StackEffect CodeWalk::effect_of(const FunctionType& type, std::uint32_t more_pops) const {
  return {count_of(type.parameters) + more_pops, count_of(type.results)};
}

StackEffect CodeWalk::effect() const {
  const std::string_view signature = now_.info->signature;
  if (const std::size_t colon = signature.find(':'); colon != std::string_view::npos) {
    return {static_cast<std::uint32_t>(colon),
            static_cast<std::uint32_t>(signature.size() - colon - 1)};
  }
  switch (now_.opcode) {
    case Opcode::nop:
    case Opcode::elem_drop: return {0, 0};
    case Opcode::call: return effect_of(module_.type_of(module_.functions[now_.first]), 0);
    case Opcode::call_indirect: return effect_of(module_.types[now_.first], 1);
    case Opcode::br_if:
    case Opcode::drop:
    case Opcode::local_set:
    case Opcode::global_set: return {1, 0};
    case Opcode::select:
    case Opcode::select_typed: return {3, 1};
    case Opcode::local_tee:
    case Opcode::ref_is_null:
    case Opcode::table_get: return {1, 1};
    case Opcode::local_get:
    case Opcode::global_get:
    case Opcode::ref_null:
    case Opcode::ref_func:
    case Opcode::table_size: return {0, 1};
    case Opcode::table_set: return {2, 0};
    case Opcode::table_grow: return {2, 1};
    default:  // validated: table.init, table.copy, table.fill
      return {3, 0};
  }
}

std::vector<OpenCode> open_code_at(const Module& module, const Function& function,
                                   std::uint32_t pc) {
  CodeWalk walk(module, function);
  while (walk.next()) {
    if (walk.now().offset == pc) return {walk.open().begin(), walk.open().end()};
  }
  ISOTRACE_CHECK(false, pc);
  return {};
}

}  // namespace isotrace::wasm
