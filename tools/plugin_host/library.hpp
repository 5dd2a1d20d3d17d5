// A plugin's shared library, loaded into this process. What it does wrong as far as this process
// can see becomes an answer; what ends the process, the run sees.
#pragma once

#include <string>

#include <isotrace/backends/plugin/isotrace_backend.h>
#include <isotrace/backends/plugin/wire.hpp>

namespace isotrace::tools {

class Library {
 public:
  Library() = default;
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  /// Loads it and opens its device; the reply describes it, or says why not. Call once, first.
  backends::plugin::Reply open(const std::string& path, std::uint64_t memory_bytes);
  backends::plugin::Reply answer(const backends::plugin::Request& request);

 private:
  backends::plugin::Reply load(const std::string& path);
  backends::plugin::Reply describe() const;
  backends::plugin::Reply supports(const backends::plugin::Question& question);
  backends::plugin::Reply run(const backends::plugin::Request& request);

  const isotrace_backend* backend_ = nullptr;
  void* instance_ = nullptr;
  bool opened_ = false;
  std::uint64_t memory_bytes_ = 0;
};

}  // namespace isotrace::tools
