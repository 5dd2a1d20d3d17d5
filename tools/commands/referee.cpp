// referee: judges between two parties that `serve`.
#include <algorithm>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/dsse.hpp>
#include <isotrace/core/blake3.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/referee/judge.hpp>
#include <isotrace/referee/remote.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/keys.hpp>
#include <isotrace/tools/commands/terminal_text.hpp>

namespace isotrace::tools {
namespace {

using referee::Finding;
using referee::Place;
using referee::Ruling;

constexpr std::string_view ruling_media_type = "application/vnd.isotrace.ruling+json";
constexpr std::uint64_t timeout_seconds_max = 86'400;

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json root_json(const core::Digest& root) {
  return root == core::Digest{} ? Json(nullptr) : Json(root.hex());
}

Json place_json(const std::optional<Place>& place) {
  if (!place) return nullptr;
  const bool counts = place->kind == "step" || place->kind == "state";
  return {{"leaf", place->leaf},
          {"kind", place->kind},
          {"step", counts ? Json(place->step) : Json(nullptr)},
          {"operation", text_or_null(place->operation)},
          {"agreed", text_or_null(place->agreed)},
          {"expected", text_or_null(place->expected)},
          {"a", text_or_null(place->stated_a)},
          {"b", text_or_null(place->stated_b)}};
}

/// What the host answered: results, trap, and what it wrote into memory.
Json answer_json(const trace::HostCallRecord& call) {
  constexpr std::size_t shown_max = 64;
  Json writes = Json::array();
  for (const trace::HostWrite& write : call.writes) {
    const auto shown = core::ByteView(write.bytes).first(std::min(write.bytes.size(), shown_max));
    writes.push_back({{"address", write.address},
                      {"size", write.bytes.size()},
                      {"blake3", core::blake3(write.bytes).hex()},
                      {"begins", core::to_hex(shown)}});
  }
  return {{"results", call.results}, {"trap", call.trap}, {"writes", std::move(writes)}};
}

Json host_json(const std::optional<referee::HostDispute>& host) {
  if (!host) return nullptr;
  return {{"call", host->call},
          {"function", text_or_null(host->function)},
          {"arguments", host->arguments},
          {"a", answer_json(host->a)},
          {"b", answer_json(host->b)}};
}

std::string answer_text(const trace::HostCallRecord& call) {
  const Json answer = answer_json(call);
  std::string text = "results " + answer["results"].dump();
  if (call.trap != 0) text += ", trap " + std::to_string(call.trap);
  for (const Json& write : answer["writes"]) {
    text += ", " + write["size"].dump() + " bytes at " + write["address"].dump() + ": " +
            write["begins"].get<std::string>();
  }
  return text;
}

Json wrong_json(const Ruling& ruling) {
  Json wrong = Json::array();
  if (ruling.a.at_fault()) wrong.emplace_back("a");
  if (ruling.b.at_fault()) wrong.emplace_back("b");
  return wrong;
}

Json party_json(const core::Digest& root, const Finding& finding) {
  return {{"root", root_json(root)},
          {"standing", standing_name(finding.standing)},
          {"reason", text_or_null(finding.reason)}};
}

/// What the ruling says, without what another hearing could have otherwise: addresses and costs.
Json ruling_json(const Ruling& ruling) {
  return {{"verdict", verdict_name(ruling.verdict)},
          {"reason", text_or_null(ruling.reason)},
          {"atFault", wrong_json(ruling)},
          {"a", party_json(ruling.root_a, ruling.a)},
          {"b", party_json(ruling.root_b, ruling.b)},
          {"place", place_json(ruling.place)},
          {"host", host_json(ruling.host)}};
}

/// Keys in ascending order, no white space: one text for one ruling.
std::string canonical_text(const Ruling& ruling) {
  nlohmann::json object = ruling_json(ruling);
  object["type"] = "isotrace.ruling.v1";
  return object.dump();
}

/// The ruling as it is, or with --key inside a DSSE envelope.
core::Result<std::string> file_text(const Context& context, const Arguments& arguments,
                                    const Ruling& ruling) {
  const std::string payload = canonical_text(ruling);
  if (!arguments.has("--key")) return payload + "\n";
  ISOTRACE_TRY(const signing::SigningKey key,
               load_signing_key(context, arguments, arguments.value("--key")));
  const core::ByteView bytes = core::as_bytes(payload);
  const core::Bytes signature = key.sign(certificates::dsse_pae(ruling_media_type, bytes));
  const nlohmann::json envelope = {{"payload", certificates::write_base64(bytes)},
                                   {"payloadType", ruling_media_type},
                                   {"signatures",
                                    {{{"keyid", key.public_key().keyid().hex()},
                                      {"sig", certificates::write_base64(signature)}}}}};
  return envelope.dump() + "\n";
}

void print_party(std::ostream& out, const char* name, const Finding& finding) {
  out << "  " << name << " " << standing_name(finding.standing);
  if (!finding.reason.empty()) out << ": " << finding.reason;
  out << "\n";
}

int exit_code(Ruling::Verdict verdict) {
  switch (verdict) {
    case Ruling::Verdict::agree: return exit_yes;
    case Ruling::Verdict::host:
    case Ruling::Verdict::undecided: return exit_undecided;
    default: return exit_no;
  }
}

void print_text(const Context& context, const Ruling& ruling, std::uint64_t bytes) {
  std::ostream& out = context.out;
  out << verdict_name(ruling.verdict);
  if (ruling.verdict == Ruling::Verdict::agree) {
    out << ": root " << ruling.root_a.hex() << "\n";
  } else {
    if (exit_code(ruling.verdict) == exit_undecided) out << ": " << ruling.reason;
    if (const auto& place = ruling.place; place && place->kind != "identity") {
      out << ": parted at leaf " << place->leaf << ", " << place->kind;
      if (place->kind != "outputs") out << " " << place->step;
      if (!place->operation.empty()) out << " (" << place->operation << ")";
    }
    out << "\n";
    print_party(out, "A", ruling.a);
    print_party(out, "B", ruling.b);
    if (ruling.host) {
      out << "  host call " << ruling.host->call << ", " << terminal_text(ruling.host->function)
          << Json(ruling.host->arguments).dump() << "\n    A was answered "
          << answer_text(ruling.host->a) << "\n    B was answered " << answer_text(ruling.host->b)
          << "\n";
    }
  }
  out << "rounds " << ruling.rounds << ", operations " << ruling.operations << ", bytes " << bytes
      << "\n";
}

/// --timeout; nothing if it is no number of seconds from 1 to a day.
std::optional<std::chrono::seconds> load_timeout(const Arguments& arguments) {
  const auto seconds = parse_count(arguments.value("--timeout"));
  if (!seconds || *seconds == 0 || *seconds > timeout_seconds_max) return std::nullopt;
  return std::chrono::seconds(*seconds);
}

}  // namespace

int referee_command(const Context& context, const Arguments& arguments) {
  const auto a = referee::parse_address(arguments.operand(0));
  const auto b = referee::parse_address(arguments.operand(1));
  if (!a || !b) {
    return report_usage(context, "referee: '" + arguments.operand(a ? 1 : 0) +
                                     "' is no address: unix:PATH, tcp:PORT or tcp:HOST:PORT");
  }
  const auto timeout = load_timeout(arguments);
  if (!timeout) return report_usage(context, "referee: --timeout takes 1 to 86400 seconds");
  if (arguments.has("--key") && !arguments.has("--out")) {
    return report_usage(context, "referee: --key signs what --out writes");
  }
  ISOTRACE_OR_REPORT(context, const executor::ExecuteLimits execute, load_limits(arguments));
  ISOTRACE_OR_REPORT(context, const auto reference, backends::make_backend("reference", {}));
  referee::Connections connections;
  const referee::RemoteLimits remote{.timeout = *timeout, .bytes_max = 2 * execute.bytes_max};
  const auto party_a = connections.find_party(*a, remote);
  const auto party_b = connections.find_party(*b, remote);
  const Ruling ruling =
      referee::judge(*party_a, *party_b, *reference,
                     {.evidence_bytes_max = execute.bytes_max, .execute = execute});
  if (arguments.has("--out")) {
    ISOTRACE_OR_REPORT(context, const std::string text, file_text(context, arguments, ruling));
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                       context.write(arguments.value("--out"), core::as_bytes(text)));
  }
  const std::uint64_t bytes = party_a->bytes_moved() + party_b->bytes_moved();
  if (context.json) {
    Json object = ruling_json(ruling);
    object["rounds"] = ruling.rounds;
    object["operations"] = ruling.operations;
    object["bytes"] = bytes;
    context.print(object);
  } else {
    print_text(context, ruling, bytes);
  }
  return exit_code(ruling.verdict);
}

}  // namespace isotrace::tools
