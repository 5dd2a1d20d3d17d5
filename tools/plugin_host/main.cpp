// isotrace-plugin-host PLUGIN MEMORY ACCESS: the process that a backend plugin lives in. Started by
// backends/plugin/process.cpp with a socket and two files of shared memory as descriptors 3 to 5;
// of no use to anybody else. It answers requests until the socket is closed.
#include <charconv>
#include <cstdio>
#include <cstring>

#include <isotrace/backends/plugin/channel.hpp>
#include <isotrace/tools/plugin_host/confine.hpp>
#include <isotrace/tools/plugin_host/library.hpp>

namespace isotrace::tools {
namespace {

using namespace backends::plugin;

enum Exit : int { exit_done = 0, exit_usage = 2, exit_channel = 3 };

int serve(const std::string& path, std::uint64_t memory_bytes, backends::PluginAccess access) {
  Channel channel{Descriptor(channel_descriptor)};
  const auto say = [&](const Reply& reply) {
    return channel.send(write_reply(reply), nullptr).has_value();
  };
  if (!confine(memory_bytes, access)) {
    say({Answer::sandbox_failed, "limits or seccomp", {}, {}});
    return exit_done;
  }
  Library library;
  const Reply opened = library.open(path, memory_bytes);
  if (!say(opened)) return exit_channel;
  if (opened.answer != Answer::ok) return exit_done;
  for (;;) {
    const auto message = channel.receive(nullptr);
    if (!message) return exit_done;
    const auto request = parse_request(*message);
    if (!request || !say(library.answer(*request))) return exit_channel;
  }
}

int run_host(int count, char** words) {
  std::uint64_t memory_bytes = 0;
  const char* const end = count == 4 ? words[2] + std::strlen(words[2]) : nullptr;
  const bool number = end != nullptr && std::from_chars(words[2], end, memory_bytes).ptr == end;
  const std::string access = count == 4 ? words[3] : "";
  if (!number || (access != "compute" && access != "device")) {
    std::fputs("isotrace-plugin-host is started by isotrace, for --backend plugin:FILE\n", stderr);
    return exit_usage;
  }
  return serve(
      words[1], memory_bytes,
      access == "device" ? backends::PluginAccess::device : backends::PluginAccess::compute);
}

}  // namespace
}  // namespace isotrace::tools

int main(int count, char** words) { return isotrace::tools::run_host(count, words); }
