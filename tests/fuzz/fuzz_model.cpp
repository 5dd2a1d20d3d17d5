// Models and tensors of strangers: a whole conformance test (import, inference, execution,
// judgement) from fuzzed bytes, on the reference and on the cpu backend, which must agree. The
// input is a list of parts, each u32 length and bytes: the model, then input_0, input_1, ..., then
// as many outputs as are left after the model's inputs (seed_corpus.py).
#include <cstdlib>
#include <iostream>
#include <map>

#include <isotrace/executor/conform.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/infer_shapes.hpp>

namespace isotrace::tests {
namespace {

constexpr executor::ExecuteLimits small_limits = {.bytes_max = 1 << 22, .work_max = 1 << 20};

std::vector<core::ByteView> split_parts(core::ByteView bytes) {
  std::vector<core::ByteView> parts;
  core::ByteReader in(bytes);
  for (;;) {
    const auto size = in.u32();
    if (!size) return parts;
    const auto part = in.raw(std::min<std::size_t>(*size, bytes.size() - in.offset()));
    if (!part) return parts;
    parts.push_back(*part);
  }
}

class PartFiles final : public core::Files {
 public:
  core::Result<core::Bytes> read(const std::string& path, std::uint64_t /*bytes_max*/) override {
    const auto found = files_.find(path);
    if (found == files_.end()) return core::refuse(core::RefusalCode::file_not_found, path);
    return core::Bytes(found->second.begin(), found->second.end());
  }
  core::Result<std::unique_ptr<core::PendingFile>> begin(const std::string& path) override {
    return core::refuse(core::RefusalCode::file_write_failed, path);
  }
  void put(const std::string& path, core::ByteView bytes) { files_[path] = bytes; }

 private:
  std::map<std::string, core::ByteView> files_;
};

void require(bool fine, const char* what) {
  if (fine) return;
  std::cerr << what << '\n';
  std::abort();
}

/// The same outputs, or the same refusal.
void compare_backends(const executor::ConformanceCase& loaded) {
  static const auto reference = *backends::make_backend("reference", {});
  static const auto cpu = *backends::make_backend("cpu", {});
  for (const auto& data : loaded.data) {
    const auto a = executor::execute(loaded.program, data.inputs, *reference, {}, small_limits);
    const auto b = executor::execute(loaded.program, data.inputs, *cpu, {}, small_limits);
    require(a.has_value() == b.has_value(), "one backend refuses what the other executes");
    if (!a) continue;
    for (std::size_t i = 0; i < a->size(); ++i) {
      require(core::identical((*a)[i].value, (*b)[i].value), "backends give different bits");
    }
    static_cast<void>(executor::find_mismatch(data.expected, *a));
  }
}

void run(core::ByteView bytes) {
  const auto parts = split_parts(bytes);
  if (parts.empty()) return;
  const auto program = executor::import_onnx(parts[0]);
  if (!program) return;
  static_cast<void>(executor::infer_shapes(*program));
  PartFiles files;
  files.put("fuzz/model.onnx", parts[0]);
  const std::size_t inputs = program->inputs.size();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const bool input = i <= inputs;
    files.put("fuzz/test_data_set_0/" + std::string(input ? "input_" : "output_") +
                  std::to_string(input ? i - 1 : i - 1 - inputs) + ".pb",
              parts[i]);
  }
  if (const auto loaded = executor::load_conformance(files, "fuzz")) compare_backends(*loaded);
}

}  // namespace
}  // namespace isotrace::tests

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  isotrace::tests::run({data, size});
  return 0;
}
