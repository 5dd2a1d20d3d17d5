// The explicit list of backends.
#include <isotrace/backends/make_backends.hpp>

namespace isotrace::backends {
namespace {

struct Entry {
  std::string_view name;
  core::Result<std::unique_ptr<Backend>> (*make)(const BackendOptions&);
};

constexpr Entry catalog[] = {
    {"reference", &make_reference_backend},
    {"cpu", &make_cpu_backend},
    {"cuda", &make_cuda_backend},
    {"hip", &make_hip_backend},
};

}  // namespace

std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  for (const Entry& entry : catalog) names.emplace_back(entry.name);
  return names;
}

core::Result<std::unique_ptr<Backend>> make_backend(std::string_view name,
                                                    const BackendOptions& options) {
  for (const Entry& entry : catalog) {
    if (entry.name == name) return entry.make(options);
  }
  return core::refuse(core::RefusalCode::backend_unknown, std::string(name));
}

}  // namespace isotrace::backends
