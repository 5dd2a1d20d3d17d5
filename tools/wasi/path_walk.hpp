// Finds what a path of a program means below a folder, one name at a time and by descriptors alone:
// whatever others do to the disk meanwhile, no ".." and no link leads out of the folder.
#pragma once

#include <string>

#include <isotrace/tools/wasi/unique_descriptor.hpp>
#include <isotrace/wasm/wasi/errno.hpp>

namespace isotrace::tools::wasi {

/// An entry of a folder: `name` is one name, or "." for the folder itself.
struct Place {
  UniqueDescriptor folder;
  std::string name;
  bool must_be_folder = false;  ///< the path ended in '/'
};

/// The place of the last name of the path, which need not exist and is no link if links are to be
/// followed (unless it is changed into one meanwhile: open without following). Refuses not_capable
/// (an absolute path or link, or one above the folder), loop, and what the disk refuses.
wasm::wasi::Answer<Place> find_place(int folder, std::string_view path, bool follow_last);

}  // namespace isotrace::tools::wasi
