#include <isotrace/tools/cli/program.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <new>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <unistd.h>

#include <isotrace/core/digest.hpp>
#include <isotrace/tools/cli/help.hpp>
#include <isotrace/tools/cli/printable.hpp>
#include <isotrace/tools/cli/written_files.hpp>

namespace isotrace::tools {
namespace {

constexpr int exit_internal_error = 70;

bool is_help(const std::string& word) { return word == "--help" || word == "-h"; }

/// Whether --help stands among the words, before a "--".
bool asks_for_help(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::any_of(words.begin(), end, is_help);
}

/// Whether --json stands among the words, before a "--": also where the rest cannot be understood.
bool asks_for_json(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::find(words.begin(), end, "--json") != end;
}

int usage_error(const ProgramSpec& program, const std::vector<std::string>& words,
                const std::string& what) {
  std::cerr << program.name << ": " << printable(what) << "; see `" << program.name << " --help`\n";
  if (asks_for_json(words)) print_problem(std::cout, "usage", what);
  return exit_usage;
}

/// OpenSSL is set up before anything else, so that want of memory cannot surprise it halfway, and
/// without its configuration file: no variable of the environment says which algorithms there are.
void prepare_openssl() {
  OPENSSL_init_crypto(
      OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ATEXIT,
      nullptr);
  ERR_clear_error();
  static_cast<void>(core::sha256({}));
}

/// The buffer that libc would allocate when the first answer is printed.
void prepare_output() {
  static std::array<char, BUFSIZ> buffer;
  const int mode = isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF;
  std::setvbuf(stdout, buffer.data(), mode, buffer.size());
}

int run_command_line(const ProgramSpec& program, FindFunction find_function,
                     const std::vector<std::string>& words) {
  if (words.empty() || is_help(words[0]) || words[0] == "help") {
    (words.empty() ? std::cerr : std::cout) << program_help(program);
    return words.empty() ? exit_usage : exit_yes;
  }
  const std::string name = words[0] == "--version" ? "version" : words[0];
  const CommandSpec* command = find_command(program, name);
  if (command == nullptr)
    return usage_error(program, words, "there is no command \"" + name + "\"");
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (asks_for_help(rest)) {
    std::cout << command_help(program, *command);
    return exit_yes;
  }
  const ParsedArguments parsed = parse_arguments(program, *command, rest);
  if (!parsed.arguments) return usage_error(program, words, name + ": " + parsed.error);
  const std::string clash = find_clash(*command, *parsed.arguments);
  if (!clash.empty()) return usage_error(program, words, name + ": " + clash);
  core::PosixFiles files;
  const Context context{.out = std::cout,
                        .err = std::cerr,
                        .files = files,
                        .json = parsed.arguments->has("--json"),
                        .progress = isatty(STDERR_FILENO) == 1 && !parsed.arguments->has("--quiet"),
                        .timings = parsed.arguments->has("--timings")};
  return find_function(name)(context, *parsed.arguments);
}

}  // namespace

int run_program(const ProgramSpec& program, FindFunction find_function,
                const std::vector<std::string>& words) {
  try {
    prepare_openssl();
    prepare_output();
    // A file over the limit of `ulimit -f` is a write that failed, not the end of the process.
    std::signal(SIGXFSZ, SIG_IGN);
    const int code = run_command_line(program, find_function, words);
    std::cout.flush();
    // Output that could not be written is not an answer: a full disk must not look like success.
    if (std::cout) return code;
    std::cerr << program.name << ": standard output could not be written\n";
    return exit_environment;
  } catch (const std::bad_alloc&) {
    std::cerr << program.name << ": there is not enough memory\n";
    // Of constant size: nothing here may want memory again.
    if (asks_for_json(words)) {
      std::fputs("{\n  \"failure\": {\n    \"problem\": \"there is not enough memory\"\n  }\n}\n",
                 stdout);
    }
    return exit_environment;
  } catch (const std::exception& error) {
    std::cerr << program.name << ": internal error: " << error.what() << "\n";
    if (asks_for_json(words)) print_problem(std::cout, "failure", error.what());
    return exit_internal_error;
  }
}

}  // namespace isotrace::tools
