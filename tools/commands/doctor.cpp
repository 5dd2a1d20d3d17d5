// Checks this machine for what Isotrace uses. Nothing missing here makes a verdict wrong; it makes
// a command refuse.
#include <thread>

#include <isotrace/backends/backend.hpp>
#include <isotrace/core/blake3.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/find_program.hpp>

namespace isotrace::tools {
namespace {

struct Finding {
  std::string what;
  std::string state;  // "ok", "missing", "optional"
  std::string detail;
};

Finding program(const std::string& name, const std::string& used_for) {
  const auto path = find_program(name);
  return {name, path ? "ok" : "optional", path ? *path : "not installed; needed by " + used_for};
}

std::vector<Finding> examine() {
  std::vector<Finding> findings;
  const auto environment = core::check_float_environment();
  findings.push_back({"floating point", environment ? "ok" : "missing",
                      environment ? "binary32/64, nearest even, subnormals"
                                  : core::describe(environment.error())});
  findings.push_back(
      {"instruction set",
       __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? "ok" : "missing",
       std::string(__builtin_cpu_supports("avx512f") ? "avx512 " : "") +
           (__builtin_cpu_supports("avx2") ? "avx2 fma" : "needs x86-64-v3 (AVX2, FMA)")});
  findings.push_back(
      {"blake3", "ok", std::string(core::blake3_kernel_name(core::blake3_kernels().back()))});
  findings.push_back({"threads", "ok", std::to_string(std::thread::hardware_concurrency())});
  for (const std::string& name : backends::backend_names()) {
    const auto backend = backends::make_backend(name, {});
    findings.push_back({"backend " + name, backend ? "ok" : "optional",
                        backend ? (*backend)->info().device : core::describe(backend.error())});
  }
  findings.push_back(program("coqc", "`isotrace reconcile`"));
  findings.push_back(program("lean", "`isotrace reconcile` of bundles for Lean"));
  return findings;
}

}  // namespace

int doctor_command(const Context& context, const Arguments& /*arguments*/) {
  bool healthy = true;
  Json rows = Json::array();
  for (const Finding& finding : examine()) {
    healthy = healthy && finding.state != "missing";
    rows.push_back({{"what", finding.what}, {"state", finding.state}, {"detail", finding.detail}});
    if (!context.json)
      context.out << finding.state << "  " << finding.what << ": " << finding.detail << "\n";
  }
  if (context.json) context.print({{"healthy", healthy}, {"findings", std::move(rows)}});
  return healthy ? exit_yes : exit_environment;
}

}  // namespace isotrace::tools
