// safetensors: header length (u64), a JSON object {name: {dtype, shape, data_offsets}, ...}, then
// the elements, row-major and little-endian. Tensors must fill the rest of the file, each byte
// once, so that nothing can hide in it. The header is read as a stream of events: nothing is built
// for JSON that is not of this form.
#include <isotrace/executor/safetensors.hpp>

#include <algorithm>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include <isotrace/core/limits.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::RefusalCode;
using core::refuse;
using core::Result;

constexpr std::uint64_t header_bytes_max = 100'000'000;  // the format's own limit
constexpr std::size_t length_bytes = 8;
constexpr std::string_view metadata_key = "__metadata__";

struct Row {
  std::string_view name;
  Dtype dtype;
};
constexpr Row rows[] = {
    {"F64", Dtype::f64},      {"F32", Dtype::f32}, {"F16", Dtype::f16}, {"BF16", Dtype::bf16},
    {"I64", Dtype::i64},      {"I32", Dtype::i32}, {"I16", Dtype::i16}, {"I8", Dtype::i8},
    {"U64", Dtype::u64},      {"U32", Dtype::u32}, {"U16", Dtype::u16}, {"U8", Dtype::u8},
    {"BOOL", Dtype::boolean},
};

auto malformed(std::string where, std::string detail) {
  return refuse(RefusalCode::tensor_file_malformed, std::move(where), std::move(detail));
}

struct Entry {
  std::string name;
  std::optional<Dtype> dtype;
  std::optional<core::Shape> shape;
  std::optional<std::vector<std::uint64_t>> offsets;
};

/// Takes the events of the header's JSON; false ends the parse, `why` says why.
class HeaderReader {
 public:
  std::vector<Entry> entries;
  std::string why = "not JSON";

  bool start_object(std::size_t) {
    if (list_ != List::none || depth_ == 2) return fail("an object where none is due");
    if (depth_ == 1 && !in_metadata_) entries.push_back({name_, {}, {}, {}});
    ++depth_;
    return true;
  }
  bool key(std::string& key) {
    if (depth_ == 2) {
      if (in_metadata_) return true;
      field_ = key;
      return true;
    }
    if (!names_.insert(key).second) return fail("a name used twice");
    if (key.size() > core::limits::name_bytes_max) return fail("a name is too long");
    in_metadata_ = key == metadata_key;
    name_ = key;
    return true;
  }
  bool end_object() {
    if (--depth_ != 1 || in_metadata_) return true;
    const Entry& entry = entries.back();
    if (entry.dtype && entry.shape && entry.offsets) return true;
    return fail("a tensor without dtype, shape or data_offsets");
  }
  bool string(std::string& value) {
    if (depth_ == 2 && in_metadata_) return true;
    if (depth_ != 2 || list_ != List::none || field_ != "dtype" || entries.back().dtype) {
      return fail("a text where none is due");
    }
    const auto* row = std::find_if(std::begin(rows), std::end(rows),
                                   [&](const Row& r) { return r.name == value; });
    if (row == std::end(rows)) return fail("element type " + value.substr(0, 16));
    entries.back().dtype = row->dtype;
    return true;
  }
  bool start_array(std::size_t) {
    if (depth_ != 2 || in_metadata_ || list_ != List::none) {
      return fail("a list where none is due");
    }
    Entry& entry = entries.back();
    if (field_ == "shape" && !entry.shape) {
      entry.shape.emplace();
      list_ = List::shape;
    } else if (field_ == "data_offsets" && !entry.offsets) {
      entry.offsets.emplace();
      list_ = List::offsets;
    } else {
      return fail("a list where none is due");
    }
    return true;
  }
  bool number_unsigned(std::uint64_t value) {
    if (list_ == List::none) return fail("a number where none is due");
    if (list_ == List::offsets) {
      entries.back().offsets->push_back(value);
      return entries.back().offsets->size() <= 2 || fail("more than two offsets");
    }
    core::Shape& shape = *entries.back().shape;
    if (!std::in_range<std::int64_t>(value)) return fail("a size over 2^63");
    shape.push_back(static_cast<std::int64_t>(value));
    return shape.size() <= core::limits::tensor_rank_max || fail("rank over the limit");
  }
  bool end_array() {
    if (list_ == List::offsets && entries.back().offsets->size() != 2) {
      return fail("not two offsets");
    }
    list_ = List::none;
    return true;
  }
  bool number_integer(std::int64_t) { return fail("a negative number"); }
  bool number_float(double, const std::string&) { return fail("a number that is no integer"); }
  bool boolean(bool) { return fail("a truth value where none is due"); }
  bool null() { return fail("null where a value is due"); }
  bool binary(nlohmann::json::binary_t&) { return fail("binary data"); }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception&) {
    return fail("not JSON at byte " + std::to_string(at));
  }

 private:
  enum class List : std::uint8_t { none, shape, offsets };

  bool fail(std::string reason) {
    why = std::move(reason);
    return false;
  }

  std::size_t depth_ = 0;
  bool in_metadata_ = false;
  List list_ = List::none;
  std::string name_;
  std::string field_;
  std::set<std::string> names_;
};

std::optional<std::uint64_t> find_header_bytes(core::ByteView bytes) {
  if (bytes.size() <= length_bytes || bytes[length_bytes] != '{') return std::nullopt;
  const auto length = core::ByteReader(bytes).u64();
  if (!length || *length > bytes.size() - length_bytes) return std::nullopt;
  return *length;
}

/// Every byte behind the header belongs to exactly one tensor.
Result<core::Done> check_offsets(std::span<const Entry> entries, std::uint64_t bytes) {
  std::vector<const Entry*> by_place;
  for (const Entry& entry : entries) by_place.push_back(&entry);
  std::sort(by_place.begin(), by_place.end(),
            [](const Entry* a, const Entry* b) { return *a->offsets < *b->offsets; });
  std::uint64_t reached = 0;
  for (const Entry* entry : by_place) {
    const std::uint64_t begin = (*entry->offsets)[0];
    const std::uint64_t end = (*entry->offsets)[1];
    if (begin != reached || end < begin || end > bytes) {
      return malformed("tensor " + entry->name,
                       "its bytes overlap others, leave a gap or lie "
                       "outside the file");
    }
    reached = end;
  }
  if (reached != bytes) return malformed("safetensors", "bytes behind the last tensor");
  return core::Done{};
}

Result<core::Tensor> read_entry(const Entry& entry, core::ByteView data) {
  const auto begin = (*entry.offsets)[0];
  auto tensor = core::Tensor::from_bytes(*entry.dtype, *entry.shape,
                                         data.subspan(begin, (*entry.offsets)[1] - begin));
  if (tensor || tensor.error().code == RefusalCode::limit_exceeded) return tensor;
  return malformed(tensor.error().where, tensor.error().detail);
}

const Row* find_row(Dtype dtype) {
  const auto* row = std::find_if(std::begin(rows), std::end(rows),
                                 [dtype](const Row& r) { return r.dtype == dtype; });
  return row == std::end(rows) ? nullptr : row;
}

}  // namespace

bool is_safetensors(core::ByteView bytes) { return find_header_bytes(bytes).has_value(); }

Result<std::vector<NamedTensor>> parse_safetensors(core::ByteView bytes) {
  const auto length = find_header_bytes(bytes);
  if (!length) return malformed("safetensors", "no header");
  if (*length > header_bytes_max) {
    return refuse(RefusalCode::limit_exceeded, "safetensors header",
                  std::to_string(*length) + " bytes");
  }
  const std::string_view text = core::as_text(bytes.subspan(length_bytes, *length));
  const core::ByteView data = bytes.subspan(length_bytes + *length);
  HeaderReader header;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &header)) {
    return malformed("safetensors header", header.why);
  }
  ISOTRACE_TRY_DONE(check_offsets(header.entries, data.size()));
  std::vector<NamedTensor> tensors;
  for (Entry& entry : header.entries) {
    auto tensor = read_entry(entry, data);
    if (!tensor) return core::refuse_within("tensor " + entry.name, std::move(tensor).error());
    tensors.push_back({std::move(entry.name), *std::move(tensor)});
  }
  return tensors;
}

Result<core::Bytes> write_safetensors(std::span<const NamedTensor> tensors) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  std::uint64_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    const Row* row = find_row(tensor.value.dtype());
    if (row == nullptr) {
      return refuse(RefusalCode::operation_dtype_unsupported, "tensor " + tensor.name,
                    std::string(core::dtype_name(tensor.value.dtype())));
    }
    if (tensor.name == metadata_key) {
      return refuse(RefusalCode::value_out_of_range, "tensor " + tensor.name,
                    "safetensors keeps this name for itself");
    }
    const std::uint64_t end = offset + tensor.value.bytes().size();
    header[tensor.name] = {
        {"dtype", row->name}, {"shape", tensor.value.shape()}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    return refuse(RefusalCode::value_out_of_range, "safetensors", "a name that is not UTF-8");
  }
  text.append((8 - text.size() % 8) % 8, ' ');  // elements begin at a multiple of eight
  core::ByteWriter out;
  out.text(text);
  for (const NamedTensor& tensor : tensors) out.raw(tensor.value.bytes());
  return out.take();
}

}  // namespace isotrace::executor
