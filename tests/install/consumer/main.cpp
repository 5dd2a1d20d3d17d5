// A program outside the tree: reads the trace named on its command line through the installed
// library.
#include <cstdio>

#include <isotrace/core/file.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/trace/reader.hpp>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  isotrace::core::PosixFiles files;
  const auto bytes = files.read(argv[1], 1U << 30);
  if (!bytes) return 4;
  const auto trace = isotrace::trace::parse_trace(*bytes);
  if (!trace) return 3;
  std::printf("%s\n", trace->root.hex().c_str());
  return isotrace::proofs::parse_proof(*bytes) ? 1 : 0;  // a trace is not a proof
}
