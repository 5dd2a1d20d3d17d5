#include <isotrace/backends/plugin/elf.hpp>

#include <elf.h>

#include <cstring>

namespace isotrace::backends::plugin {

core::Result<core::Done> check_shared_library(core::ByteView bytes) {
  const auto malformed = [](const std::string& why) {
    return core::refuse(core::RefusalCode::plugin_malformed, "ELF header", why);
  };
  Elf64_Ehdr header;
  if (bytes.size() < SELFMAG || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) {
    return malformed("not an ELF file");
  }
  if (bytes.size() < sizeof header) return malformed("the file ends within it");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return malformed("not of 64 bits, little-endian");
  }
  if (header.e_machine != EM_X86_64) {
    return malformed("for machine " + std::to_string(header.e_machine) + ", not x86-64 (" +
                     std::to_string(EM_X86_64) + ")");
  }
  if (header.e_type != ET_DYN) return malformed("not a shared library");
  return core::Done{};
}

}  // namespace isotrace::backends::plugin
