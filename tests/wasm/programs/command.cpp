#include "tests/wasm/programs/command.hpp"

namespace isotrace::wasm::tests {

CommandRun::CommandRun(const EngineChoice& engine, const std::string& program,
                       const std::filesystem::path& files, wasi::Settings settings,
                       std::string given_input, HostLibrary* more)
    : input(std::move(given_input)) {
  auto world = tools::wasi::make_world({{{"/files", files.string()}}, 7});
  EXPECT_TRUE(world.has_value()) << core::describe(world.error());
  world->input = std::make_unique<wasi::tests::MemoryStream>(input);
  world->output = std::make_unique<wasi::tests::MemoryStream>(output);
  world->error = std::make_unique<wasi::tests::MemoryStream>(error);
  settings.arguments.insert(settings.arguments.begin(), program);
  wasi::Wasi host(std::move(settings), *std::move(world));
  std::vector<HostLibrary*> libraries = {&host};
  if (more != nullptr) libraries.push_back(more);
  Program instance(program + ".wasm", engine, libraries);
  const Execution& end = instance.run("_start");
  exited = end.status == Status::trapped && end.trap == Trap::exit;
  EXPECT_TRUE(exited || end.status == Status::finished) << trap_text(end.trap);
  exit_code = host.exit_code().value_or(0);
  steps = end.steps;
  root = instance.root();
}

}  // namespace isotrace::wasm::tests
