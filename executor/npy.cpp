// .npy: magic, version, header length, a Python dict literal with descr, fortran_order and shape,
// then the elements (numpy/lib/format.py).
#include <isotrace/executor/npy.hpp>

#include <algorithm>
#include <charconv>
#include <set>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/import_onnx.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t header_bytes_max = 4096;

struct Row {
  std::string_view descr;
  Dtype dtype;
};
// NumPy has no bfloat16.
constexpr Row rows[] = {
    {"<f4", Dtype::f32}, {"<f8", Dtype::f64}, {"<f2", Dtype::f16}, {"|i1", Dtype::i8},
    {"|u1", Dtype::u8},  {"<i2", Dtype::i16}, {"<u2", Dtype::u16}, {"<i4", Dtype::i32},
    {"<u4", Dtype::u32}, {"<i8", Dtype::i64}, {"<u8", Dtype::u64}, {"|b1", Dtype::boolean},
};

auto refuse_npy(std::string detail) {
  return refuse(RefusalCode::tensor_file_malformed, ".npy header", std::move(detail));
}

/// Reads the dict literal. Each method returns false on anything unexpected.
class Header {
 public:
  explicit Header(std::string_view text) : text_(text) {}

  bool parse() {
    if (!take('{')) return false;
    while (!take('}')) {
      std::string_view key;
      if (!quoted(key) || !take(':') || !field(key)) return false;
      if (!take(',') && peek() != '}') return false;
    }
    skip_spaces();
    return text_.empty() && seen_.size() == 3;
  }

  std::string_view descr;
  bool fortran_order = false;
  Shape shape;

 private:
  void skip_spaces() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) {
      text_.remove_prefix(1);
    }
  }
  char peek() {
    skip_spaces();
    return text_.empty() ? '\0' : text_.front();
  }
  bool take(char c) {
    if (peek() != c || text_.empty()) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view expected) {
    skip_spaces();
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }
  bool quoted(std::string_view& value) {
    const char quote = peek();
    if ((quote != '\'' && quote != '"') || !take(quote)) return false;
    const std::size_t end = text_.find(quote);
    if (end == std::string_view::npos) return false;
    value = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return true;
  }
  bool boolean(bool& value) {
    value = word("True");
    return value || word("False");
  }
  bool size(std::int64_t& value) {
    skip_spaces();
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc{} || value < 0) return false;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return true;
  }
  /// "()", "(3,)", "(3, 4)": a tuple of one size needs its comma.
  bool tuple() {
    if (!take('(')) return false;
    bool comma = true;
    while (!take(')')) {
      std::int64_t value = 0;
      if (!comma || shape.size() == core::limits::tensor_rank_max || !size(value)) return false;
      shape.push_back(value);
      comma = take(',');
    }
    return shape.size() != 1 || comma;
  }
  bool field(std::string_view key) {
    if (!seen_.insert(key).second) return false;
    if (key == "descr") return quoted(descr);
    if (key == "fortran_order") return boolean(fortran_order);
    return key == "shape" && tuple();
  }

  std::string_view text_;
  std::set<std::string_view> seen_;
};

/// Header text and offset of the elements.
struct Frame {
  std::string_view header;
  core::ByteView data;
};

Result<Frame> read_frame(core::ByteView bytes) {
  core::ByteReader in(bytes.subspan(magic.size()));
  ISOTRACE_TRY(const std::uint8_t major, in.u8());
  ISOTRACE_TRY(const std::uint8_t minor, in.u8());
  if (major < 1 || major > 3 || minor != 0) {
    return refuse_npy("version " + std::to_string(major) + "." + std::to_string(minor));
  }
  std::uint32_t size = 0;
  if (major == 1) {
    ISOTRACE_TRY(size, in.u16());
  } else {
    ISOTRACE_TRY(size, in.u32());
  }
  if (size > header_bytes_max) return refuse_npy(std::to_string(size) + " bytes");
  ISOTRACE_TRY(const core::ByteView header, in.raw(size));
  return Frame{core::as_text(header), bytes.subspan(magic.size() + in.offset())};
}

}  // namespace

bool is_npy(core::ByteView bytes) { return core::as_text(bytes).starts_with(magic); }

Result<core::Tensor> parse_npy(core::ByteView bytes) {
  const auto frame = read_frame(bytes);
  if (!frame) {
    return refuse(RefusalCode::tensor_file_malformed, frame.error().where, frame.error().detail);
  }
  Header header(frame->header);
  if (!header.parse()) return refuse_npy("not the dict that NumPy writes");
  const auto* row = std::find_if(std::begin(rows), std::end(rows),
                                 [&](const Row& r) { return r.descr == header.descr; });
  if (row == std::end(rows)) return refuse_npy("element type " + std::string(header.descr));
  if (header.fortran_order && header.shape.size() > 1) return refuse_npy("Fortran order");
  auto tensor = core::Tensor::from_bytes(row->dtype, header.shape, frame->data);
  if (tensor || tensor.error().code == RefusalCode::limit_exceeded) return tensor;
  return refuse(RefusalCode::tensor_file_malformed, tensor.error().where, tensor.error().detail);
}

Result<core::Bytes> write_npy(const core::TensorView& tensor) {
  const auto* row = std::find_if(std::begin(rows), std::end(rows),
                                 [&](const Row& r) { return r.dtype == tensor.dtype(); });
  if (row == std::end(rows)) {
    return refuse(RefusalCode::operation_dtype_unsupported, ".npy",
                  std::string(core::dtype_name(tensor.dtype())));
  }
  std::string header =
      "{'descr': '" + std::string(row->descr) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < tensor.rank(); ++i) {
    header += std::to_string(tensor.dim(i)) + (tensor.rank() == 1      ? ","
                                               : i + 1 < tensor.rank() ? ", "
                                                                       : "");
  }
  header += "), }";
  // NumPy aligns the elements to 64 bytes with spaces and ends the header with a newline.
  constexpr std::size_t before = 10;
  header.append(63 - (before + header.size()) % 64, ' ');
  header += '\n';
  core::ByteWriter out;
  out.raw(core::as_bytes(magic)).u8(1).u8(0).u16(static_cast<std::uint16_t>(header.size()));
  out.raw(core::as_bytes(header)).raw(tensor.bytes());
  return out.take();
}

}  // namespace isotrace::executor
