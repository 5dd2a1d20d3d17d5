// `isotrace-verify`: the trusted base alone. It links core, trace, wasm/witness, proofs/checker and
// certificates and nothing else of Isotrace; a test looks at the link (tools/dev/trusted_base.py).
#include <isotrace/tools/cli/program.hpp>
#include <isotrace/tools/verify/commands.hpp>

namespace {

using namespace isotrace::tools;

constexpr OperandSpec trace_operand[] = {{"FILE", "trace", 1, 0}};
constexpr OperandSpec proof_operand[] = {{"FILE", "proof", 1, 0}};
constexpr OperandSpec step_operand[] = {{"FILE", "witness of one step", 1, 0}};
constexpr OperandSpec certificate_operand[] = {
    {"FILE", "certificates over one statement, with --each over any, also folders of them", 1, 0}};

constexpr OptionSpec certificate_options[] = {
    {"--policy", "FILE", Arity::once, "who may vouch for what", "", "", true},
    {"--each", "", Arity::flag, "verify every certificate by itself, in one run"},
    {"--model", "PATH", Arity::many, "the subject: model, module or folder (several: --each)"},
    {"--property", "FILE", Arity::many, "a VNN-LIB property"},
    {"--proof", "FILE", Arity::many, "a proof"},
    {"--trace", "FILE", Arity::once, "the trace"},
    {"--evidence", "FILE", Arity::many, "other material that the certificate must bind"},
    {"--anchor", "FILE", Arity::once, "pinned policy, whose roots must have signed the policy"},
    {"--log-proof", "FILE", Arity::many, "proof that a log holds the certificate (.tlog-proof)"},
    {"--timestamp", "FILE", Arity::many, "RFC 3161 response over the certificate's signature"},
    {"--at", "DATE", Arity::once, "judge validity at this UTC date (YYYY-MM-DD) instead of now"},
};

constexpr std::string_view trace_examples[] = {"isotrace-verify trace a.isotrace"};
constexpr std::string_view proof_examples[] = {"isotrace-verify proof p.isoproof --json"};
constexpr std::string_view step_examples[] = {"isotrace-verify step a.isostep"};
constexpr std::string_view certificate_examples[] = {
    "isotrace-verify certificate m.cert.sigstore.json --policy policy.json --model m.onnx"};

constexpr CommandSpec commands[] = {
    {"trace", "Recompute every digest and the root of traces", trace_operand, {}, trace_examples},
    {"proof", "Check proofs", proof_operand, {}, proof_examples},
    {"step", "Judge witnesses of single steps of WebAssembly", step_operand, {}, step_examples},
    {"certificate", "Verify a certificate and the evidence given", certificate_operand,
     certificate_options, certificate_examples},
};

constexpr OptionSpec shared[] = {{"--json", "", Arity::flag, "print exactly one JSON object"}};

constexpr ProgramSpec program{"isotrace-verify", "checks traces, proofs, steps and certificates",
                              commands, shared};

CommandFunction find_function(std::string_view command) {
  if (command == "trace") return verify_traces;
  if (command == "step") return verify_steps;
  return command == "proof" ? verify_proofs : verify_one_certificate;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program(program, find_function, std::vector<std::string>(argv + 1, argv + argc));
}
