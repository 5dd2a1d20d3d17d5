// Files of which commands read parts.
#pragma once

#include <memory>
#include <string>

#include <isotrace/wasm/record/random_access.hpp>

namespace isotrace::tools {

/// nullptr if the path names no regular file that can be opened.
std::unique_ptr<wasm::RandomAccess> open_file(const std::string& path);

}  // namespace isotrace::tools
