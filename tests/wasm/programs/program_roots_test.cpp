// The final states of the programs, as roots that must never change. Written anew by
//   ISOTRACE_GOLDEN=write build/release/bin/wasm_programs_test --gtest_filter='*Roots*'
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <isotrace/executor/wasi_nn.hpp>

#include "tests/wasm/programs/command.hpp"

namespace isotrace::wasm::tests {
namespace {

struct Run {
  std::string program;
  std::string function;
  std::vector<Slot> arguments;
};

const std::vector<Run> runs = {
    {"hungarian", "solve", {10}},
    {"hungarian", "solve", {100}},
    {"interpreter", "count_primes", {20'000}},
    {"interpreter", "longest_collatz", {3000}},
    {"network", "classify", {0}},
    {"sha256", "hash", {65'536}},
    {"sudoku", "solve", {0, 2}},
    {"sudoku", "solve", {1, 2}},
    {"sudoku", "solve", {2, 3}},
};

void write_root(std::ostream& text, std::uint64_t steps, const core::Digest& root) {
  text << ": steps " << steps << " root " << root.hex() << "\n";
}

std::string roots_text(const EngineChoice& engine) {
  std::ostringstream text;
  const auto backend = backends::make_backend("reference", {});
  executor::WasiNn nn(**backend);
  const CommandRun classify(engine, "classify", ISOTRACE_FIXTURES "/controller",
                            {{"/files/controller.onnx", "0.25", "0.75", "0.5"}, {}}, "", &nn);
  text << "classify";
  write_root(text, classify.steps, classify.root);
  const wasi::tests::TemporaryFolder folder;
  const CommandRun files(engine, "files", folder.path(), {{"/files"}, {}});
  text << "files";
  write_root(text, files.steps, files.root);
  for (const Run& run : runs) {
    Program program(run.program + ".wasm", engine);
    const std::uint64_t steps = program.run(run.function, run.arguments).steps;
    text << run.program << " " << run.function;
    for (const Slot argument : run.arguments) text << " " << argument;
    write_root(text, steps, program.root());
  }
  const wasi::tests::TemporaryFolder nothing;
  const CommandRun words(engine, "words", nothing.path(), {{}, {"TOP=5"}},
                         "The quick brown fox jumps over the lazy dog.\n");
  text << "words";
  write_root(text, words.steps, words.root);
  return text.str();
}

struct ProgramRoots : testing::TestWithParam<EngineChoice> {};
INSTANTIATE_TEST_SUITE_P(Engines, ProgramRoots, testing::ValuesIn(all_engines()), engine_name);

TEST_P(ProgramRoots, final_states_have_the_roots_that_are_written_down) {
  const std::string path = programs_folder() + "/ROOTS";
  const std::string text = roots_text(GetParam());
  const char* golden = std::getenv("ISOTRACE_GOLDEN");
  if (golden != nullptr && std::string_view(golden) == "write") {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream in(path, std::ios::binary);
  const std::string written{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text, written);
}

}  // namespace
}  // namespace isotrace::wasm::tests
