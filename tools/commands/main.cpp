// `isotrace`.
#include <malloc.h>

#include <isotrace/tools/bench/model_side.hpp>
#include <isotrace/tools/commands/table.hpp>

int main(int argc, char** argv) {
  // Messages of traces come and go by the thousand: what they leave is not given back each time.
  constexpr int kept_bytes = 64 << 20;
  mallopt(M_TRIM_THRESHOLD, kept_bytes);
  // Not a command: how `bench tensors` starts this program once more.
  if (argc > 1 && argv[1] == isotrace::tools::bench::model_side_word) {
    return isotrace::tools::bench::serve_model({argv + 2, argv + argc});
  }
  return isotrace::tools::run_program(isotrace::tools::isotrace_program(),
                                      isotrace::tools::find_function,
                                      std::vector<std::string>(argv + 1, argv + argc));
}
