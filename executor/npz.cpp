#include <isotrace/executor/npz.hpp>

#include <isotrace/executor/npy.hpp>
#include <isotrace/executor/tensor_file.hpp>
#include <isotrace/executor/zip.hpp>

namespace isotrace::executor {
namespace {

constexpr std::string_view suffix = ".npy";

core::Result<NamedTensor> read_member(const ZipMember& member) {
  if (!member.name.ends_with(suffix)) {
    return core::refuse(core::RefusalCode::tensor_file_malformed, "", "is no .npy");
  }
  ISOTRACE_TRY(const core::Bytes contents, read_zip_member(member));
  if (!is_npy(contents)) {
    return core::refuse(core::RefusalCode::tensor_file_malformed, "", "is no .npy");
  }
  ISOTRACE_TRY(core::Tensor tensor, parse_npy(contents));
  return NamedTensor{member.name.substr(0, member.name.size() - suffix.size()), std::move(tensor)};
}

}  // namespace

core::Result<std::vector<NamedTensor>> parse_npz(core::ByteView bytes) {
  ISOTRACE_TRY(const std::vector<ZipMember> members, parse_zip(bytes));
  std::vector<NamedTensor> tensors;
  for (const ZipMember& member : members) {
    auto tensor = read_member(member);
    if (!tensor) {
      return core::refuse_within("member " + member.name, std::move(tensor).error());
    }
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

core::Result<core::Bytes> write_npz(std::span<const NamedTensor> tensors) {
  ZipWriter zip;
  for (const NamedTensor& tensor : tensors) {
    ISOTRACE_TRY(const core::Bytes contents, write_npy(tensor.value));
    zip.add(tensor.name + std::string(suffix), contents);
  }
  return std::move(zip).finish();
}

}  // namespace isotrace::executor
