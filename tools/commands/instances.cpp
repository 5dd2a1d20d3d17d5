#include <isotrace/tools/commands/instances.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <sstream>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/gzip.hpp>
#include <isotrace/tools/commands/inputs.hpp>

namespace isotrace::tools {
namespace {

using core::Result;

constexpr std::string_view zipped = ".gz";
/// A year is forever; more would overflow clocks.
constexpr double seconds_max = 31'536'000;

std::optional<double> parse_seconds(std::string_view text) {
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value) || value < 0) return std::nullopt;
  return std::min(value, seconds_max);
}

/// Without the spaces that some lists have around commas, and the end of a line of DOS.
std::string trimmed(const std::string& text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// One line; fields are separated by commas.
std::optional<Instance> parse_instance(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream rest(line);
  for (std::string field; std::getline(rest, field, ',');) fields.push_back(trimmed(field));
  if (fields.size() < 3 || fields.size() > 4) return std::nullopt;
  const auto timeout = parse_seconds(fields.back());
  if (!timeout) return std::nullopt;
  return Instance{fields[0], fields[1], fields.size() == 4 ? fields[2] : "", *timeout};
}

/// Lists name x.onnx.gz where only x.onnx lies, and x.onnx where only x.onnx.gz lies.
std::string find_instance_file(const std::string& path) {
  const bool packed = path.ends_with(zipped);
  const std::string other =
      packed ? path.substr(0, path.size() - zipped.size()) : path + std::string(zipped);
  std::error_code failed;
  const bool is_other =
      !std::filesystem::exists(path, failed) && std::filesystem::exists(other, failed);
  return is_other ? other : path;
}

}  // namespace

Result<InstanceList> read_instances(const Context& context, const std::string& path) {
  constexpr std::uint64_t bytes_max = core::limits::property_bytes_max;
  const bool is_list = path.ends_with(".csv");
  const std::string parent = std::filesystem::path(path).parent_path().string();
  InstanceList list{!is_list ? path : parent.empty() ? "." : parent, {}};
  auto bytes = context.read(is_list ? path : path + "/expected.csv", bytes_max);
  if (!bytes && !is_list) bytes = context.read(path + "/instances.csv", bytes_max);
  if (!bytes) return tl::make_unexpected(std::move(bytes).error());
  std::istringstream lines{std::string(core::as_text(*bytes))};
  for (std::string line; std::getline(lines, line);) {
    if (trimmed(line).empty()) continue;
    auto instance = parse_instance(line);
    if (!instance) {
      return core::refuse(core::RefusalCode::text_not_number, path,
                          "not onnx,vnnlib[,verdict],timeout: " + line.substr(0, 80));
    }
    list.rows.push_back(*std::move(instance));
  }
  return list;
}

Result<core::Bytes> read_instance_file(const Context& context, const std::string& path,
                                       std::uint64_t bytes_max) {
  const std::string found = find_instance_file(path);
  ISOTRACE_TRY(core::Bytes bytes, context.read(found, bytes_max));
  if (!executor::is_gzip(bytes)) return bytes;
  auto inflated = executor::gunzip(bytes, bytes_max);
  if (!inflated) return core::refuse_within(found, std::move(inflated).error());
  return inflated;
}

Result<core::Program> load_instance_model(const Context& context, const std::string& path) {
  const std::string found = find_instance_file(path);
  if (!found.ends_with(zipped)) return load_program(context, found);
  ISOTRACE_TRY(const core::Bytes bytes,
               read_instance_file(context, found, core::limits::model_bytes_max));
  return load_program(context, found, executor::ModelInMemory(bytes), {});
}

}  // namespace isotrace::tools
