#include <isotrace/wasm/other_processor.hpp>

namespace isotrace::wasm {

OtherProcessor::OtherProcessor() {
  CPU_ZERO(&allowed_);
  // Fails where there are more processors than the set has room for: then nothing is allowed.
  if (::sched_getaffinity(0, sizeof allowed_, &allowed_) != 0) CPU_ZERO(&allowed_);
}

void OtherProcessor::leave(int processor) const {
  if (processor < 0 || processor >= CPU_SETSIZE || processor != current()) return;
  cpu_set_t others = allowed_;
  CPU_CLR(static_cast<unsigned>(processor), &others);
  if (CPU_COUNT(&others) == 0) return;
  static_cast<void>(::sched_setaffinity(0, sizeof others, &others));  // it may stay, too
}

}  // namespace isotrace::wasm
