// Tensor files of strangers: what is read can be written in its own format, and reads back the
// same.
#include <cstdlib>
#include <iostream>

#include <isotrace/executor/tensor_file.hpp>

namespace isotrace::tests {
namespace {

void require(bool fine, const char* what) {
  if (fine) return;
  std::cerr << what << '\n';
  std::abort();
}

void run(core::ByteView bytes) {
  const auto file = executor::parse_tensors(bytes);
  if (!file) return;
  const auto written = executor::write_tensors(file->format, file->tensors);
  if (!written) return;  // a name that the format reads but does not write
  const auto again = executor::parse_tensors(*written);
  require(again.has_value(), "what was written cannot be read");
  require(again->tensors.size() == file->tensors.size(), "another number of tensors");
  for (std::size_t i = 0; i < file->tensors.size(); ++i) {
    require(again->tensors[i].name == file->tensors[i].name, "another name");
    require(core::identical(again->tensors[i].value, file->tensors[i].value), "another tensor");
  }
}

}  // namespace
}  // namespace isotrace::tests

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  isotrace::tests::run({data, size});
  return 0;
}
