// What a refusal quotes from a file, for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace isotrace::tools {

/// The text with `\xNN` for each byte of what is no valid UTF-8, and of what could drive the
/// terminal it is printed on, end the line or reorder it: control characters, new lines, marks of
/// direction and of no width. All other text stays as it is.
std::string printable(std::string_view text);

/// A name among other words: as it is if it is one word of ASCII, otherwise in quotes and
/// printable, so that no part of it can be taken for what stands beside it.
std::string name_text(std::string_view name);

}  // namespace isotrace::tools
