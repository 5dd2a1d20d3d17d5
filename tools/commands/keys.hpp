// Keys as commands name them.
#pragma once

#include <isotrace/signing/signing_key.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

core::Result<certificates::PublicKey> load_public_key(const Context& context,
                                                      const std::string& path);
/// A private key, opened with the passphrase of --passphrase-file if that is given.
core::Result<signing::SigningKey> load_signing_key(const Context& context,
                                                   const Arguments& arguments,
                                                   const std::string& path);

/// A text that is wiped when it goes.
class Secret {
 public:
  explicit Secret(std::string text) : text_(std::move(text)) {}
  ~Secret();
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) {}
  Secret& operator=(Secret&&) = delete;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  [[nodiscard]] std::string_view view() const { return text_; }

 private:
  std::string text_;
};

/// The first line of --passphrase-file ("-": standard input), or nothing without the option.
/// Refuses value_out_of_range for an empty or overlong one.
core::Result<std::optional<Secret>> load_passphrase(const Context& context,
                                                    const Arguments& arguments);

}  // namespace isotrace::tools
