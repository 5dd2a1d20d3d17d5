#include <isotrace/tools/plugin_host/library.hpp>

#include <dlfcn.h>
#include <fcntl.h>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/tools/plugin_host/call.hpp>

namespace isotrace::tools {
namespace {

using backends::plugin::Answer;
using backends::plugin::Reply;

Reply broken(const std::string& why) { return {Answer::contract_broken, why, {}, {}}; }

/// The loader takes a name without '/' for one to search for, and replaces "$ORIGIN" and its kin.
std::string name_for_loader(const std::string& path) {
  if (path.find('$') != std::string::npos) {
    const int file = ::open(path.c_str(), O_RDONLY);
    return "/proc/self/fd/" + std::to_string(file);  // kept open: it may be loaded from later
  }
  return path.find('/') == std::string::npos ? "./" + path : path;
}

/// What the loader says last, without the path that it was given: that stands in the refusal.
std::string loader_error(const std::string& name) {
  std::string text = text_of(::dlerror(), backends::plugin::detail_bytes_max);
  return text.starts_with(name + ": ") ? text.substr(name.size() + 2) : text;
}

/// Calls of the plugin, with rounding as it is promised and exceptions kept from the loop here.
template <class Function>
std::int32_t call_plugin(const Function& function) {
  const core::FloatEnvironment environment;
  try {
    return function();
  } catch (...) {
    return -1;
  }
}

}  // namespace

Library::~Library() {
  if (opened_) {
    call_plugin([this] {
      backend_->close(instance_);
      return ISOTRACE_OK;
    });
  }
}

Reply Library::load(const std::string& path) {
  const std::string name = name_for_loader(path);
  void* const library = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return {Answer::unloadable, loader_error(name), {}, {}};
  const auto entry = reinterpret_cast<decltype(&isotrace_backend_entry)>(
      ::dlsym(library, "isotrace_backend_entry"));
  if (entry == nullptr) {
    return {Answer::malformed, "the library has no symbol isotrace_backend_entry", {}, {}};
  }
  call_plugin([&] {
    backend_ = entry(ISOTRACE_BACKEND_VERSION);
    return ISOTRACE_OK;
  });
  if (backend_ == nullptr) {
    return {Answer::version_unsupported,
            "the plugin does not speak version " + std::to_string(ISOTRACE_BACKEND_MAJOR) + "." +
                std::to_string(ISOTRACE_BACKEND_MINOR),
            {},
            {}};
  }
  const std::uint32_t version = backend_->version;
  if (version >> 16 != ISOTRACE_BACKEND_MAJOR) {
    return {Answer::version_unsupported,
            "the plugin has version " + std::to_string(version >> 16) + "." +
                std::to_string(version & 0xFFFF) + ", this program speaks " +
                std::to_string(ISOTRACE_BACKEND_MAJOR),
            {},
            {}};
  }
  if (backend_->struct_size < sizeof(isotrace_backend)) return broken("struct_size is too small");
  const isotrace_backend& table = *backend_;
  if (table.open == nullptr || table.close == nullptr || table.device == nullptr ||
      table.supports == nullptr || table.run == nullptr) {
    return broken("a function of the table is NULL");
  }
  return {};
}

Reply Library::describe() const {
  using backends::plugin::device_bytes_max;
  using backends::plugin::name_bytes_max;
  // One byte more than permitted, so that what is too long is not taken for something shorter.
  const std::string name = text_of(backend_->name, name_bytes_max + 1);
  const std::string version = text_of(backend_->plugin_version, name_bytes_max + 1);
  const std::string device = text_of(backend_->device(instance_), device_bytes_max + 1);
  if (name.size() > name_bytes_max) return broken("name: too long");
  if (version.size() > name_bytes_max) return broken("plugin_version: too long");
  if (device.size() > device_bytes_max) return broken("device: too long");
  return {Answer::ok, {}, {}, backends::plugin::Description{name, version, device}};
}

Reply Library::open(const std::string& path, std::uint64_t memory_bytes) {
  memory_bytes_ = memory_bytes;
  if (Reply loaded = load(path); loaded.answer != Answer::ok) return loaded;
  Explanation explanation;
  const isotrace_host host{sizeof host, ISOTRACE_BACKEND_VERSION, memory_bytes, &explanation,
                           &Explanation::take};
  const std::int32_t status = call_plugin([&] { return backend_->open(&host, &instance_); });
  opened_ = status == ISOTRACE_OK;
  if (opened_) return describe();
  const bool permitted =
      status == ISOTRACE_NO_DEVICE || status == ISOTRACE_NO_MEMORY || status == ISOTRACE_FAILED;
  if (!permitted) return broken("open returned status " + std::to_string(status));
  return {static_cast<Answer>(status), explanation.text(), {}, {}};
}

Reply Library::supports(const backends::plugin::Question& question) {
  const AbiQuestion asked(question);
  const std::int32_t status =
      call_plugin([&] { return backend_->supports(instance_, asked.get()); });
  if (status < ISOTRACE_OK || status > ISOTRACE_NO_CALL) {
    return broken("supports returned status " + std::to_string(status));
  }
  return {static_cast<Answer>(status), {}, {}, {}};
}

Reply Library::run(const backends::plugin::Request& request) {
  Call call(request, memory_bytes_);
  if (!call.map_operands()) return {Answer::no_memory, "operands", {}, {}};
  const std::int32_t status = call_plugin([&] { return backend_->run(instance_, call.get()); });
  return call.judge(status);
}

Reply Library::answer(const backends::plugin::Request& request) {
  return request.operands ? run(request) : supports(request.question);
}

}  // namespace isotrace::tools
