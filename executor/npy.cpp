// .npy: magic, version, header length, a Python dict literal with descr, fortran_order and shape,
// then the elements (numpy/lib/format.py). Big-endian elements and Fortran order are converted: the
// tensor is the array's, whatever the layout of the file.
#include <isotrace/executor/npy.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <set>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/tensor_file.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using core::Tensor;

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t header_bytes_max = 4096;

struct Row {
  std::string_view code;  // of descr, behind the byte order
  Dtype dtype;
};
// NumPy has no bfloat16; its extension type for it (ml_dtypes) is stored as two plain bytes. Of
// 8-bit floats and 4-bit integers it has none.
constexpr Row rows[] = {
    {"f4", Dtype::f32},     {"f8", Dtype::f64}, {"f2", Dtype::f16}, {"V2", Dtype::bf16},
    {"i1", Dtype::i8},      {"u1", Dtype::u8},  {"i2", Dtype::i16}, {"u2", Dtype::u16},
    {"i4", Dtype::i32},     {"u4", Dtype::u32}, {"i8", Dtype::i64}, {"u8", Dtype::u64},
    {"b1", Dtype::boolean},
};

struct Element {
  Dtype dtype;
  bool big_endian;
};

/// "<f4", ">i8", "|u1": single bytes have no order, bytes without meaning may have none.
std::optional<Element> find_element(std::string_view descr) {
  if (descr.empty()) return std::nullopt;
  const char order = descr.front();
  for (const Row& row : rows) {
    if (row.code != descr.substr(1)) continue;
    const bool opaque = row.code.front() == 'V';
    const bool orderless = core::dtype_bytes(row.dtype) == 1;
    if (order == '|' && (orderless || opaque)) return Element{row.dtype, false};
    if (order == '<' && !orderless) return Element{row.dtype, false};
    if (order == '>' && !orderless && !opaque) return Element{row.dtype, true};
  }
  return std::nullopt;
}

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

void swap_bytes(Tensor& tensor) {
  const std::size_t width = core::dtype_bytes(tensor.dtype());
  const auto bytes = tensor.mutable_bytes();
  for (std::size_t at = 0; at < bytes.size(); at += width) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                 bytes.begin() + static_cast<std::ptrdiff_t>(at + width));
  }
}

/// The same array with the last index running fastest instead of the first.
Result<Tensor> to_row_major(const Tensor& stored) {
  ISOTRACE_TRY(Tensor tensor, Tensor::make(stored.dtype(), stored.shape()));
  const std::size_t width = core::dtype_bytes(stored.dtype());
  std::vector<std::size_t> index(stored.rank());
  std::vector<std::size_t> stride(stored.rank(), 1);
  for (std::size_t axis = 1; axis < stored.rank(); ++axis) {
    stride[axis] = stride[axis - 1] * static_cast<std::size_t>(stored.dim(axis - 1));
  }
  std::size_t from = 0;
  for (std::size_t to = 0; to < stored.elements(); ++to) {
    std::memcpy(tensor.mutable_bytes().data() + to * width, stored.bytes().data() + from * width,
                width);
    for (std::size_t axis = stored.rank(); axis-- > 0;) {
      from += stride[axis];
      if (++index[axis] < static_cast<std::size_t>(stored.dim(axis))) break;
      from -= stride[axis] * index[axis];
      index[axis] = 0;
    }
  }
  return tensor;
}

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

Result<Tensor> parse_npy(core::ByteView bytes) {
  const auto frame = read_frame(bytes);
  if (!frame) {
    return refuse(RefusalCode::tensor_file_malformed, frame.error().where, frame.error().detail);
  }
  Header header(frame->header);
  if (!header.parse()) return refuse_npy("not the dict that NumPy writes");
  const auto element = find_element(header.descr);
  if (!element) return refuse_npy("element type " + std::string(header.descr));
  auto tensor = Tensor::from_bytes(element->dtype, header.shape, frame->data);
  if (!tensor) {
    if (tensor.error().code == RefusalCode::limit_exceeded) return tensor;
    return refuse(RefusalCode::tensor_file_malformed, tensor.error().where, tensor.error().detail);
  }
  if (element->big_endian) swap_bytes(*tensor);
  if (header.fortran_order && tensor->rank() > 1) return to_row_major(*tensor);
  return tensor;
}

Result<core::Bytes> write_npy(const core::TensorView& tensor) {
  const auto* row = std::find_if(std::begin(rows), std::end(rows),
                                 [&](const Row& r) { return r.dtype == tensor.dtype(); });
  if (row == std::end(rows)) {
    return refuse(RefusalCode::operation_dtype_unsupported, ".npy",
                  std::string(core::dtype_name(tensor.dtype())));
  }
  const char order = core::dtype_bytes(tensor.dtype()) == 1 ? '|' : '<';
  std::string header = std::string("{'descr': '") + order + std::string(row->code) +
                       "', 'fortran_order': False, 'shape': (";
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
