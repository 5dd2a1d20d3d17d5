#include <isotrace/wasm/module.hpp>

namespace isotrace::wasm {

std::string_view kind_name(ExternKind kind) {
  switch (kind) {
    case ExternKind::function: return "function";
    case ExternKind::table: return "table";
    case ExternKind::memory: return "memory";
    case ExternKind::global: return "global";
  }
  return "nothing";
}

}  // namespace isotrace::wasm
