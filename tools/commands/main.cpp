// `isotrace`.
#include <isotrace/tools/commands/table.hpp>

int main(int argc, char** argv) {
  return isotrace::tools::run_program(isotrace::tools::isotrace_program(),
                                      isotrace::tools::find_function,
                                      std::vector<std::string>(argv + 1, argv + argc));
}
