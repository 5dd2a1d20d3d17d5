// One row per command and option. --help, the man page and the completions are made from these
// rows, so a new option is one row here and its use in the command's file.
#include <isotrace/tools/commands/table.hpp>

#include <array>

namespace isotrace::tools {
namespace {

using enum Arity;

// Options that several commands share, word for word.
constexpr OptionSpec backend_option{"--backend",    "B", once, "backend that executes", "reference",
                                    "reference|cpu"};
constexpr OptionSpec program_backend_option{
    "--backend",    "B", once, "backend that executes (WebAssembly: cpu unless given)", "reference",
    "reference|cpu"};
constexpr OptionSpec edition_option{
    "--edition", "E",      once, "WebAssembly that modules are read as (2.0 is without SIMD)",
    "2.0",       "1.0|2.0"};
constexpr OptionSpec threads_option{"--jobs", "N", once,
                                    "threads that compute; as many more may hash", "1"};
constexpr OptionSpec isa_option{"--isa", "ISA",
                                once,    "instruction set of the cpu backend (default: the best)",
                                "",      "avx2|avx512"};
constexpr OptionSpec input_option{"--input", "NAME=FILE", many,
                                  "input tensor: .npy, ONNX .pb, or member NAME of .npz, "
                                  ".safetensors; without NAME= the only input, "
                                  "or all members of a container"};
constexpr OptionSpec weights_option{
    "--weights", "FILE", once, "values of initializers by name (.safetensors, .npz), bit for bit"};
constexpr OptionSpec random_option{"--random", "SEED", once,
                                   "fill inputs that were not given with Philox numbers in [0,1)"};
constexpr OptionSpec memory_option{"--memory-max", "GIB", once,
                                   "refuse to keep more tensors alive than this many GiB", "8"};
constexpr OptionSpec timings_option{"--timings", "", flag,
                                    "print seconds too (output is then not reproducible)"};
constexpr OptionSpec model_option{"--model", "FILE", once, "the ONNX model"};
constexpr OptionSpec property_option{"--property", "FILE", once, "the VNN-LIB property"};
constexpr OptionSpec proof_option{"--proof", "FILE", once, "the proof"};
constexpr OptionSpec trace_option{"--trace", "FILE", once, "the trace"};

constexpr OperandSpec program_operand[] = {{"PROGRAM", "ONNX model"}};
constexpr OperandSpec run_operands[] = {
    {"PROGRAM", "ONNX model or WebAssembly module"},
    {"ARGUMENT",
     "argument of the function that --invoke names; behind -- if it begins with - and a letter", 0,
     0}};
constexpr OperandSpec trace_operand[] = {{"TRACE", "trace file"}};
constexpr OperandSpec two_sides[] = {{"A", "trace file or ONNX model"},
                                     {"B", "the same kind of file (left out with --against)", 0}};
constexpr OperandSpec any_file[] = {
    {"FILE", "model, trace, proof, property, key, policy or certificate"}};
constexpr OperandSpec proof_operand[] = {{"PROOF", "proof file"}};
constexpr OperandSpec bundle_operand[] = {{"DIR", "proof bundle made by export"}};
constexpr OperandSpec certificate_operand[] = {{"CERT", "certificate"}};
constexpr OperandSpec policy_operands[] = {{"ACTION", "what to do", 1, 1, "init|check"},
                                           {"FILE", "policy file (check)", 0}};
constexpr OperandSpec suite_operands[] = {
    {"KIND", "kind of suite", 1, 1, "onnx|wasm"},
    {"DIR",
     "one ONNX backend test, one script of wast2json (FILE.json), or a folder of either at any "
     "depth"}};
constexpr OperandSpec bench_operands[] = {{"WHAT", "what to measure", 1, 1, "tensors|wasm"}};
constexpr OperandSpec selftest_operand[] = {{"WHAT", "what to test", 1, 1, "math"}};
constexpr OperandSpec witness_operands[] = {
    {"PROGRAM", "WebAssembly module"},
    {"ARGUMENT", "integer for the function; behind -- if it begins with -", 0, 0}};
constexpr OperandSpec code_operand[] = {{"CODE", "refusal number or name; none: list all", 0}};
constexpr OperandSpec shell_operand[] = {{"SHELL", "shell", 1, 1, "bash|zsh|fish"}};

constexpr OptionSpec run_options[] = {
    input_option,
    random_option,
    weights_option,
    program_backend_option,
    threads_option,
    isa_option,
    {"--trace", "FILE", once, "write the trace of the run"},
    {"--keep", "WHAT", once, "tensor contents stored in the trace", "none", "all|none"},
    {"--no-embed", "", flag, "leave program and inputs out of the trace (replay then needs them)"},
    {"--output", "DIR", once, "write every output as DIR/NAME.npy"},
    {"--out", "FILE", once,
     "write all outputs to FILE: .npz, .safetensors; a single one: .npy, .pb"},
    {"--print", "", flag, "print the outputs as arrays, large ones in part"},
    {"--print-all", "", flag, "print every element: decimal, hex float, bits"},
    memory_option,
    {"--invoke", "FUNCTION", once, "WebAssembly: the exported function to call (default: _start)"},
    edition_option,
    {"--arg", "TEXT", many, "WebAssembly: argument of the program, behind its name"},
    {"--env", "NAME=VALUE", many, "WebAssembly: variable of the program's environment"},
    {"--dir", "GUEST=HOST", many, "WebAssembly: folder that the program may use, by that name"},
    {"--virtual", "", flag, "WebAssembly: fixed clocks and seeded randomness"},
    {"--seed", "N", once, "WebAssembly: seed of --virtual", "0"},
    {"--effects", "FILE", once,
     "WebAssembly: write what every step puts on the stack and into memory (on the reference)"},
    {"--resume", "", flag,
     "PROGRAM is FILE.incomplete, a recording of a WebAssembly run that was interrupted: finish "
     "it"},
    {"--max-steps", "N", once,
     "WebAssembly: halt after N steps; the trace stays FILE.incomplete (exit code 5)"},
    timings_option,
};
constexpr std::string_view run_examples[] = {
    "isotrace run model.onnx --input x=x.npy --trace a.isotrace",
    "isotrace run model.onnx --weights w.safetensors --input inputs.npz --out outputs.npz --print",
    "isotrace run model.onnx --random 7 --backend cpu --jobs 2 --trace b.isotrace --json",
    "isotrace run module.wasm --invoke fib 30 --trace c.isotrace",
    "isotrace run program.wasm --arg words.txt --dir /data=texts --virtual --trace d.isotrace",
    "isotrace run c.isotrace.incomplete --resume"};

constexpr OptionSpec replay_options[] = {
    {"--from", "S", once, "first step judged", "0"},
    {"--to", "S", once, "last step judged (default: the last one)"},
    program_backend_option,
    threads_option,
    isa_option,
    {"--program", "FILE", once, "the model or module, if the trace does not embed it"},
    input_option,
    weights_option,
    memory_option,
    timings_option,
};
constexpr std::string_view replay_examples[] = {
    "isotrace replay a.isotrace", "isotrace replay a.isotrace --from 3 --to 5 --backend cpu"};

constexpr OptionSpec compare_options[] = {
    {"--against", "B", once,
     "compare with a fresh run of A's program on this backend, or step by "
     "step with ONNX Runtime (ort)",
     "", "reference|cpu|ort"},
    {"--program", "FILE", once, "the model or module, if a trace does not embed it"},
    input_option,
    random_option,
    weights_option,
    backend_option,
    threads_option,
    isa_option,
    {"--bounds", "", flag, "with ort: judge differences by bounds derived from each operation"},
    {"--bounds-ftz", "", flag, "subnormal numbers may become zero there"},
    {"--library-ulps", "K", once, "error that its elementary functions may have", "4"},
    {"--ort", "DIR", once, "the folder node_modules with onnxruntime-node (else ISOTRACE_ORT)"},
    {"--extract", "DIR", once, "write the divergent step: operands, both values, the reference's"},
    {"--junit", "FILE", once, "write a JUnit XML report"},
    memory_option,
};
constexpr std::string_view compare_examples[] = {
    "isotrace compare a.isotrace b.isotrace",
    "isotrace compare a.isotrace --against cpu --extract step",
    "isotrace compare a.isotrace --against ort --bounds --ort node_modules",
    "isotrace compare model.onnx optimised.onnx --input x=x.npy --junit compare.xml"};

constexpr OptionSpec invariance_options[] = {
    input_option,
    {"--seed", "N", once, "of the Philox numbers for inputs that were not given", "1"},
    {"--batch", "N", once, "rows of random inputs whose first dimension is open", "4"},
    {"--only", "CHECK", once, "one check alone; if it cannot be made, that is refused", "",
     "batch|threads|isa"},
    weights_option,
    memory_option,
};
constexpr std::string_view invariance_examples[] = {
    "isotrace check-invariance model.onnx",
    "isotrace check-invariance model.onnx --input x=x.npy --only batch --json"};

constexpr OptionSpec inspect_options[] = {
    {"--step", "S", once, "one step of a trace"},
    {"--memory", "ADDRESS[:LENGTH]", once, "WebAssembly: bytes of memory before the step"},
    {"--last-write", "ADDRESS", once, "WebAssembly: the last step before it that wrote the byte"},
    {"--program", "FILE", once, "the module, if the trace does not embed it"},
    {"--backend", "B", once, "engine that goes to the step", "cpu", "reference|cpu"},
};
constexpr std::string_view inspect_examples[] = {
    "isotrace inspect model.onnx", "isotrace inspect a.isotrace --step 4 --json",
    "isotrace inspect c.isotrace --step 1000000 --memory 0x400:32 --last-write 0x400"};

constexpr OptionSpec prove_options[] = {
    {"--property", "FILE", once, "VNN-LIB property: the file describes the unsafe region", "", "",
     true},
    {"--out", "FILE", once, "write the proof, or the counterexample with its trace digest"},
    {"--timeout", "S", once, "seconds before the answer is undecided", "3600"},
    {"--jobs", "N", once, "worker threads (the proof does not depend on them)", "2"},
    {"--semantics", "LEVEL", once,
     "any-order: every summation order; exact-order: this executor's; real: ideal reals",
     "any-order", "any-order|exact-order|real"},
    {"--no-smt", "", flag, "do not ask the SMT solver"},
    timings_option,
};
constexpr std::string_view prove_examples[] = {
    "isotrace prove model.onnx --property safe.vnnlib --out safe.isoproof",
    "isotrace prove model.onnx --property safe.vnnlib --timeout 60 --json --timings"};

constexpr OptionSpec check_options[] = {
    {"--model", "FILE", once, "also require that the proof is about this model"},
    {"--property", "FILE", once, "also require that the proof is about this property"},
};
constexpr std::string_view check_examples[] = {
    "isotrace check safe.isoproof",
    "isotrace check safe.isoproof --model model.onnx --property safe.vnnlib"};

constexpr OptionSpec export_options[] = {
    {"--to", "TARGET", once, "proof assistant", "", "coq", true},
    {"--out", "DIR", once, "folder of the bundle (made new)", "", "", true},
};
constexpr std::string_view export_examples[] = {
    "isotrace export safe.isoproof --to coq --out bundle"};

constexpr OptionSpec reconcile_options[] = {
    {"--proof", "FILE", once, "the proof that the bundle must be about (default: the one inside)"},
    {"--timeout", "S", once, "seconds for each file", "600"},
    {"--coqc", "PATH", once, "Coq compiler", "coqc"},
};
constexpr std::string_view reconcile_examples[] = {
    "isotrace reconcile bundle --proof safe.isoproof"};

constexpr OptionSpec keygen_options[] = {
    {"--out", "NAME", once, "writes NAME.key (private, owner only) and NAME.pub", "", "", true},
    {"--alg", "ALG", once, "signature algorithm", "ed25519", "ed25519|ecdsa-p256"},
};
constexpr std::string_view keygen_examples[] = {"isotrace keygen --out ci"};

constexpr OptionSpec certify_options[] = {
    {"--model", "FILE", once, "the ONNX model: the certificate's subject", "", "", true},
    property_option,
    proof_option,
    trace_option,
    {"--key", "FILE", once, "private key (PKCS#8 PEM)", "", "", true},
    {"--out", "FILE", once, "the certificate", "", "", true},
};
constexpr std::string_view certify_examples[] = {
    "isotrace certify --model m.onnx --property p.vnnlib --proof p.isoproof --trace a.isotrace "
    "--key ci.key "
    "--out m.cert.sigstore.json"};

constexpr OptionSpec verify_options[] = {
    {"--policy", "FILE", once, "who may vouch for what", "", "", true},
    model_option,
    property_option,
    proof_option,
    trace_option,
    {"--replay", "", flag, "re-execute the trace on the reference"},
    {"--at", "DATE", once, "judge validity at this UTC date (YYYY-MM-DD) instead of now"},
};
constexpr std::string_view verify_examples[] = {
    "isotrace verify m.cert.sigstore.json --policy policy.json --model m.onnx --property p.vnnlib "
    "--proof "
    "p.isoproof --trace a.isotrace"};

constexpr OptionSpec policy_options[] = {
    {"--key", "FILE", many, "public key to trust (init)"},
    {"--out", "FILE", once, "policy file to write (init)"},
    {"--expires", "DATE", once, "last day of validity, YYYY-MM-DD (init)"},
    {"--at", "DATE", once, "judge as of this UTC date instead of now"},
};
constexpr std::string_view policy_examples[] = {
    "isotrace policy init --key ci.pub --expires 2030-12-31 --out policy.json",
    "isotrace policy check policy.json"};

constexpr OptionSpec backends_options[] = {
    {"--selftest", "", flag, "compare every operation of every backend with the reference"},
    {"--matrix", "", flag, "operations and element types of every backend"},
    {"--operations", "", flag, "ONNX operations that models may use, and their operator sets"},
};
constexpr std::string_view backends_examples[] = {"isotrace backends",
                                                  "isotrace backends --selftest"};

constexpr OptionSpec bench_options[] = {
    {"--threads", "N", once, "threads of every library", "1"},
    isa_option,
    {"--only", "SECTION", once, "one section of the table", "",
     "gemm|int8|quantised|ternary|math|models"},
    {"--model", "FILE", many, "measure this ONNX model in section models, not those made up"},
    {"--quick", "", flag, "fewer cases, less time for each: for a look, not for figures"},
    {"--kernels", "DIR", once,
     "wasm: modules that export run: (i32) -> (i32), and params.txt with lines of NAME ARGUMENT; "
     "without it wasm-kernels in the folder that ISOTRACE_DATA names"},
    {"--wabt", "PROGRAM", once, "wasm: wabt's interpreter", "wasm-interp"},
    {"--wasm3", "PROGRAM", once, "wasm: wasm3; absent without it"},
    {"--rounds", "N", once, "wasm: runs of each contender, whose median counts", "5"},
};
constexpr std::string_view bench_examples[] = {
    "isotrace bench tensors --only gemm",
    "ISOTRACE_ORT=node_modules isotrace bench tensors --only models --model model.onnx",
    "ISOTRACE_ORT=node_modules isotrace bench tensors --threads 2 --json",
    "isotrace bench wasm --kernels wasm-kernels --wasm3 ./wasm3"};

constexpr OptionSpec conform_options[] = {
    {"--backend", "B", once, "backend that executes (default: onnx reference, wasm cpu)", "",
     "reference|cpu"},
    edition_option,
    {"--jobs", "N", once, "tests judged at a time", "1"},
    {"--only", "GLOB", once, "only tests whose path below DIR matches"},
    {"--junit", "FILE", once, "write a JUnit XML report; refused tests count as skipped"},
    {"--failures", "", flag, "list only cases that did not pass"}};
constexpr std::string_view conform_examples[] = {
    "isotrace conform onnx /usr/share/libonnx-testdata/data/pytorch-converted",
    "isotrace conform onnx /usr/share/libonnx-testdata/data --only 'node/test_conv*' --junit "
    "r.xml",
    "isotrace conform wasm wg-1.0/ --edition 1.0 --failures"};

constexpr OptionSpec selftest_options[] = {
    {"--exhaustive", "FUNC", once,
     "all 2^32 arguments of one function of one argument, or of all (a CPU minute each)"},
    {"--samples", "N", once, "random arguments of every function, beside the fixed ones", "20000"},
    {"--jobs", "N", once, "worker threads of --exhaustive", "1"},
    timings_option,
};
constexpr std::string_view selftest_examples[] = {
    "isotrace selftest math", "isotrace selftest math --exhaustive exp --jobs 2 --timings"};

constexpr OptionSpec witness_options[] = {
    {"--invoke", "FUNCTION", once, "the exported function to call", "", "", true},
    {"--step", "S", once, "the step: the first opcode that counts after S steps", "", "", true},
    {"--out", "FILE", once, "the witness", "", "", true},
    {"--edition", "E", once, "WebAssembly that the module is read as (2.0 is without SIMD)", "2.0",
     "1.0|2.0"},
};
constexpr std::string_view witness_examples[] = {
    "isotrace witness module.wasm --invoke fib 30 --step 1000 --out a.isostep"};

constexpr std::string_view explain_examples[] = {"isotrace explain 1203",
                                                 "isotrace explain trace_truncated"};
constexpr std::string_view doctor_examples[] = {"isotrace doctor"};
constexpr std::string_view completion_examples[] = {
    "isotrace completion bash > /etc/bash_completion.d/isotrace"};
constexpr std::string_view man_examples[] = {"isotrace man | man -l -"};
constexpr std::string_view version_examples[] = {"isotrace version"};

constexpr OptionSpec shared_options[] = {
    {"--json", "", flag, "print exactly one JSON object"},
    {"--quiet", "", flag, "no progress on standard error"},
};

struct Row {
  CommandSpec spec;
  CommandFunction function;
};

constexpr std::array rows = {
    Row{{"run", "Execute a program and record its trace", run_operands, run_options, run_examples},
        run_command},
    Row{{"replay", "Re-execute a trace and judge it", trace_operand, replay_options,
         replay_examples},
        replay_command},
    Row{{"compare", "Find the first divergence of two traces or models", two_sides, compare_options,
         compare_examples},
        compare_command},
    Row{{"check-invariance", "Check that batch, threads and instruction set change no bit",
         program_operand, invariance_options, invariance_examples},
        check_invariance_command},
    Row{{"inspect", "Show any artifact", any_file, inspect_options, inspect_examples},
        inspect_command},
    Row{{"prove", "Prove or refute a property", program_operand, prove_options, prove_examples},
        prove_command},
    Row{{"check", "Check a proof with the independent checker", proof_operand, check_options,
         check_examples},
        check_command},
    Row{{"export", "Export a proof to a proof assistant", proof_operand, export_options,
         export_examples},
        export_command},
    Row{{"reconcile", "Replay an exported bundle and reconcile it with its proof", bundle_operand,
         reconcile_options, reconcile_examples},
        reconcile_command},
    Row{{"keygen", "Make a signing key", {}, keygen_options, keygen_examples}, keygen_command},
    Row{{"certify",
         "Sign a certificate over model, property, proof and trace",
         {},
         certify_options,
         certify_examples},
        certify_command},
    Row{{"verify", "Verify a certificate and everything it binds", certificate_operand,
         verify_options, verify_examples},
        verify_command},
    Row{{"policy", "Make or check a policy", policy_operands, policy_options, policy_examples},
        policy_command},
    Row{{"backends", "List backends and what they can do", {}, backends_options, backends_examples},
        backends_command},
    Row{{"bench", "Measure speeds beside other libraries", bench_operands, bench_options,
         bench_examples},
        bench_command},
    Row{{"conform", "Run a conformance suite", suite_operands, conform_options, conform_examples},
        conform_command},
    Row{{"selftest", "Compare the elementary functions with MPFR", selftest_operand,
         selftest_options, selftest_examples},
        selftest_command},
    Row{{"witness", "Write the witness of one step of a WebAssembly module", witness_operands,
         witness_options, witness_examples},
        witness_command},
    Row{{"explain", "Explain a refusal code", code_operand, {}, explain_examples}, explain_command},
    Row{{"doctor", "Check this machine for what Isotrace uses", {}, {}, doctor_examples},
        doctor_command},
    Row{{"completion", "Print a shell completion script", shell_operand, {}, completion_examples},
        completion_command},
    Row{{"man", "Print the man page", {}, {}, man_examples}, man_command},
    Row{{"version", "Print versions of tool, semantics and formats", {}, {}, version_examples},
        version_command},
};

constexpr auto specs = [] {
  std::array<CommandSpec, rows.size()> out{};
  for (std::size_t i = 0; i < rows.size(); ++i) out[i] = rows[i].spec;
  return out;
}();

}  // namespace

const ProgramSpec& isotrace_program() {
  static constexpr ProgramSpec program{
      "isotrace", "deterministic replay and verification of ML models", specs, shared_options};
  return program;
}

CommandFunction find_function(std::string_view command) {
  for (const Row& row : rows) {
    if (row.spec.name == command) return row.function;
  }
  return nullptr;
}

}  // namespace isotrace::tools
