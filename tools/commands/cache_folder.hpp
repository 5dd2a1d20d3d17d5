// Where answers are kept between runs.
#pragma once

#include <string>

namespace isotrace::tools {

/// $XDG_CACHE_HOME/isotrace, else $HOME/.cache/isotrace, with what is around it made; empty if
/// neither is an absolute path.
std::string find_cache_folder();

}  // namespace isotrace::tools
