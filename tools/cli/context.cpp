#include <isotrace/tools/cli/context.hpp>

#include <iostream>
#include <iterator>

#include <isotrace/tools/cli/printable.hpp>

namespace isotrace::tools {

core::Result<core::Bytes> Context::read(const std::string& path, std::uint64_t bytes_max) const {
  if (path != "-") return files.read(path, bytes_max);
  core::Bytes bytes;
  std::istreambuf_iterator<char> next(std::cin);
  for (; next != std::istreambuf_iterator<char>(); ++next) {
    if (bytes.size() == bytes_max) {
      return core::refuse(core::RefusalCode::file_too_large, "standard input",
                          "more than " + std::to_string(bytes_max) + " bytes");
    }
    bytes.push_back(static_cast<std::uint8_t>(*next));
  }
  return bytes;
}

core::Result<core::Done> Context::write(const std::string& path, core::ByteView bytes) const {
  if (path != "-") return files.write(path, bytes);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.flush();
  if (!out) return core::refuse(core::RefusalCode::file_write_failed, "standard output");
  return core::Done{};
}

void Context::print(const Json& object) const {
  // Names in a model may hold any bytes; invalid UTF-8 is replaced rather than thrown over.
  out << object.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

int exit_code_of(const core::Refusal& refusal) {
  return core::refusal_info(refusal.code).kind == core::RefusalClass::environment ? exit_environment
                                                                                  : exit_refused;
}

int exit_code_of(core::Verdict::Kind kind) {
  switch (kind) {
    case core::Verdict::Kind::accepted: return exit_yes;
    case core::Verdict::Kind::rejected: return exit_no;
    case core::Verdict::Kind::undecided: return exit_undecided;
  }
  return exit_undecided;
}

int report(const Context& context, const core::Refusal& refusal) {
  const core::RefusalInfo& info = core::refusal_info(refusal.code);
  context.err << "isotrace: refused: " << printable(core::describe(refusal)) << "\n  "
              << info.sentence << "\n  " << info.next << "\n";
  if (context.json) {
    context.print({{"refusal",
                    {{"code", static_cast<int>(refusal.code)},
                     {"name", info.name},
                     {"class", core::refusal_class_name(info.kind)},
                     {"where", refusal.where},
                     {"detail", refusal.detail},
                     {"next", info.next}}}});
  }
  return exit_code_of(refusal);
}

int report_usage(const Context& context, const std::string& why) {
  context.err << "isotrace: " << printable(why) << "\n";
  if (context.json) print_problem(context.out, "usage", why);
  return exit_usage;
}

void print_problem(std::ostream& out, const char* kind, const std::string& problem) {
  const Json object = {{kind, {{"problem", problem}}}};
  out << object.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

}  // namespace isotrace::tools
