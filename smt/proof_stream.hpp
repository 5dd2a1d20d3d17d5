// A file that lives in memory: CaDiCaL writes its proof there, and what else follows is written
// between its steps. Trust: none.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <new>
#include <span>

#include <isotrace/core/bytes.hpp>
#include <isotrace/smt/leb128.hpp>

namespace isotrace::smt {

class ProofStream {
 public:
  ProofStream() : stream_(::open_memstream(&data_, &size_)) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }
  ~ProofStream() {
    if (stream_ != nullptr) std::fclose(stream_);
    std::free(data_);
  }
  ProofStream(const ProofStream&) = delete;
  ProofStream& operator=(const ProofStream&) = delete;

  [[nodiscard]] std::FILE* stream() const { return stream_; }
  /// A step as CaDiCaL writes them: the clause follows from those before it by unit propagation.
  void add(std::span<const int> clause) {
    core::Bytes bytes = {'a'};
    for (const int literal : clause) {
      const auto variable = static_cast<std::uint64_t>(std::abs(literal));
      append_leb128(bytes, 2 * variable + (literal < 0 ? 1 : 0));
    }
    bytes.push_back(0);
    if (std::fwrite(bytes.data(), 1, bytes.size(), stream_) != bytes.size()) throw std::bad_alloc();
  }
  /// What was written. Nothing may be written after.
  core::ByteView bytes() {
    if (stream_ != nullptr && std::fclose(stream_) != 0) throw std::bad_alloc();
    stream_ = nullptr;
    return {reinterpret_cast<const std::uint8_t*>(data_), size_};
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* stream_;
};

}  // namespace isotrace::smt
