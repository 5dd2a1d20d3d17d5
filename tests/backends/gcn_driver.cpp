// A library in the place of HIP's that runs AMD's code on the machine of gcn_machine.hpp: for tests
// of the way from the program's images to results. It looks into each image for the code object of
// the architecture whose listings it was given, and has no kernels that are not in it. No device,
// and never one to compute on.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>

#include <tests/backends/gcn_machine.hpp>

namespace isotrace::gcn {
namespace {

enum Status { success = 0, invalid_value = 1, no_binary = 209, not_found = 500, failure = 719 };

struct Function {
  const Code* code;
  const KernelCode* kernel;
};

std::uint64_t read_u64(const char* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

std::uint64_t fnv(const char* data, std::size_t size) {
  std::uint64_t value = 0xCBF29CE484222325;
  for (std::size_t i = 0; i < size; ++i) {
    value = (value ^ static_cast<std::uint8_t>(data[i])) * 0x100000001B3;
  }
  return value;
}

/// The listing of a code object of a bundle (amd_code.py), or nullptr.
const Code* find_code(const char* bundle) {
  constexpr std::string_view magic = "__CLANG_OFFLOAD_BUNDLE__";
  if (std::memcmp(bundle, magic.data(), magic.size()) != 0) return nullptr;
  std::string problem;
  const std::vector<Code>& listed = listed_code(problem);
  const char* at = bundle + magic.size();
  const std::uint64_t count = read_u64(at);
  at += 8;
  for (std::uint64_t i = 0; i < count && problem.empty(); ++i) {
    const std::uint64_t hash = fnv(bundle + read_u64(at), read_u64(at + 8));
    const auto found = std::ranges::find(listed, hash, &Code::hash);
    if (found != listed.end()) return &*found;
    at += 24 + read_u64(at + 16);
  }
  return nullptr;
}

}  // namespace
}  // namespace isotrace::gcn

using isotrace::gcn::Code;
using isotrace::gcn::Function;

extern "C" {
int hipInit(unsigned) { return isotrace::gcn::success; }
int hipGetDeviceCount(int* count) { return *count = 1, isotrace::gcn::success; }
int hipDeviceGetName(char* name, int size, int) {
  std::snprintf(name, static_cast<std::size_t>(size), "no device, AMD's code run by a test");
  return isotrace::gcn::success;
}
int hipDriverGetVersion(int* version) { return *version = 0, isotrace::gcn::success; }
int hipSetDevice(int) { return isotrace::gcn::success; }
int hipMalloc(void** address, std::size_t bytes) {
  *address = std::malloc(bytes);
  std::memset(*address, 0xFF, bytes);
  return isotrace::gcn::success;
}
int hipFree(void* address) { return std::free(address), isotrace::gcn::success; }
int hipMemcpyHtoD(void* to, void* from, std::size_t bytes) {
  return std::memcpy(to, from, bytes), isotrace::gcn::success;
}
int hipMemcpyDtoH(void* to, void* from, std::size_t bytes) {
  return std::memcpy(to, from, bytes), isotrace::gcn::success;
}
int hipModuleLoadData(void** module, const void* image) {
  const Code* const code = isotrace::gcn::find_code(static_cast<const char*>(image));
  *module = const_cast<Code*>(code);
  return code == nullptr ? isotrace::gcn::no_binary : isotrace::gcn::success;
}
int hipModuleGetFunction(void** function, void* module, const char* name) {
  static std::map<std::string, Function> functions;
  const auto* const code = static_cast<const Code*>(module);
  const auto kernel = code->kernels.find(std::string_view(name));
  if (kernel == code->kernels.end()) return isotrace::gcn::not_found;
  *function = &(functions[name] = {code, &kernel->second});
  return isotrace::gcn::success;
}
int hipModuleLaunchKernel(void* function, unsigned x, unsigned y, unsigned z, unsigned threads,
                          unsigned threads_y, unsigned threads_z, unsigned shared, void*,
                          void** parameters, void**) {
  const Function& f = *static_cast<const Function*>(function);
  const bool fits = threads == f.kernel->threads && threads_y == 1 && threads_z == 1 && shared == 0;
  if (!fits || x == 0 || y == 0 || z == 0 || y > 0xFFFF || z > 0xFFFF) {
    return isotrace::gcn::invalid_value;
  }
  const std::string problem = isotrace::gcn::run_kernel(
      *f.code, *f.kernel, {x, y, z, false}, static_cast<const std::uint8_t*>(parameters[0]),
      static_cast<const std::uint8_t*>(parameters[1]));
  if (!problem.empty()) std::cerr << problem << '\n';
  return problem.empty() ? isotrace::gcn::success : isotrace::gcn::failure;
}
int hipEventCreateWithFlags(void**, unsigned) { return isotrace::gcn::failure; }
int hipEventRecord(void*, void*) { return isotrace::gcn::failure; }
int hipEventSynchronize(void*) { return isotrace::gcn::failure; }
int hipEventElapsedTime(float*, void*, void*) { return isotrace::gcn::failure; }
}
