// Whether the AMX kernels may be used. It takes more than a processor that has them: the operating
// system keeps tiles for processes that ask, and the path has to prove that it computes exactly.
#pragma once

#include <string_view>

namespace isotrace::backends::cpu {

/// What decides, in this order. A later one is only asked where the earlier ones said yes.
struct AmxProbe {
  bool (*is_present)();        ///< the processor
  bool (*is_enabled)();        ///< the operating system, for anyone
  bool (*ask_permission)();    ///< the operating system, for this process
  bool (*computes_exactly)();  ///< a product that uses all tiles, beside plain arithmetic
};

struct AmxState {
  bool usable = false;
  std::string_view why_not;  ///< empty if it is usable, or if the processor has none
};

AmxState decide_amx(const AmxProbe& probe);

/// Of this process; found out once.
const AmxState& find_amx();

}  // namespace isotrace::backends::cpu
