// Tensor files: TensorProto and .npy, told apart by .npy's magic (0x93 is no field that a
// TensorProto can begin with: its wire type 3 is a group).
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/npy.hpp>
#include <isotrace/executor/onnx_proto.hpp>

namespace isotrace::executor {

core::Result<core::Tensor> parse_tensor_file(core::ByteView bytes) {
  if (is_npy(bytes)) return parse_npy(bytes);
  auto proto = parse_tensor_proto(bytes);
  auto tensor = proto ? read_tensor_proto(*proto)
                      : core::Result<core::Tensor>(tl::make_unexpected(proto.error()));
  if (tensor || tensor.error().code != core::RefusalCode::onnx_malformed) return tensor;
  return core::refuse(core::RefusalCode::tensor_file_malformed, tensor.error().where,
                      tensor.error().detail);
}

}  // namespace isotrace::executor
