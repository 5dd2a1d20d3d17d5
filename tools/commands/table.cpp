// One row per command and option. --help, the man page and the completions are made from these
// rows, so a new option is one row here and its use in the command's file.
#include <isotrace/tools/commands/table.hpp>

#include <array>

#include <isotrace/tools/commands/shared_options.hpp>

namespace isotrace::tools {
namespace {

constexpr OperandSpec program_operand[] = {{"PROGRAM", "ONNX model"}};
constexpr OperandSpec proved_operand[] = {{"PROGRAM", "ONNX model or WebAssembly module"}};
constexpr OperandSpec run_operands[] = {
    {"PROGRAM", "ONNX model or WebAssembly module"},
    {"ARGUMENT",
     "argument of the function that --invoke names; behind -- if it begins with - and a letter", 0,
     0}};
constexpr OperandSpec trace_operand[] = {{"TRACE", "trace file"}};
constexpr OperandSpec two_sides[] = {{"A", "trace file or ONNX model"},
                                     {"B", "the same kind of file (left out with --against)", 0}};
constexpr OperandSpec any_file[] = {
    {"FILE",
     "told apart by its bytes: model, module, tensors, trace, property, proof, witness, log of "
     "effects, certificate, policy, receipt, key, package; or the folder of a proof bundle"}};
constexpr OperandSpec proof_operand[] = {{"PROOF", "proof file"}};
constexpr OperandSpec export_operand[] = {{"FILE", "proof file, or trace (with --step)"}};
constexpr OperandSpec bundle_operand[] = {{"DIR", "proof bundle made by export"}};
constexpr OperandSpec certificate_operand[] = {{"CERT", "certificate"}};
constexpr OperandSpec certificate_operands[] = {
    {"CERT", "certificate; several signers' over one statement; any, and folders, with --each", 1,
     0}};
constexpr OperandSpec file_operand[] = {{"FILE", "file, for oms also a folder"}};
constexpr OperandSpec archive_operand[] = {{"ARCHIVE", "archive made by pack"}};
constexpr OperandSpec several_certificates[] = {{"CERT", "certificate", 1, 0}};
constexpr OperandSpec policy_operands[] = {
    {"ACTION", "what to do", 1, 1, "init|check|sign|explain"},
    {"FILE", "policy file (check, sign, explain)", 0}};
constexpr OperandSpec key_operands[] = {{"ACTION", "what to do", 1, 1, "rotate|revoke|export"}};
constexpr OperandSpec log_operands[] = {
    {"ACTION", "what to do", 1, 1, "init|add|checkpoint|prove|verify"},
    {"DIR", "the log's folder"},
    {"CERT", "certificates (add), certificate (prove)", 0, 0}};
constexpr OperandSpec suite_operands[] = {
    {"KIND", "kind of suite", 1, 1, "onnx|wasm|backend"},
    {"PATH",
     "one ONNX backend test, one script of wast2json (FILE.json), or a folder of either at any "
     "depth; backend: a plugin's shared library, or the name of a backend"}};
constexpr OperandSpec bench_operands[] = {
    {"WHAT", "what to measure", 1, 1, "tensors|gpu|wasm|proofs"}};
constexpr OperandSpec selftest_operand[] = {{"WHAT", "what to test", 1, 1, "math"}};
constexpr OperandSpec witness_operands[] = {
    {"PROGRAM", "WebAssembly module without imports, or the trace of a run of any module"},
    {"ARGUMENT",
     "argument of the module's function that --invoke names; behind -- if it begins with - and a "
     "letter",
     0, 0}};
constexpr OperandSpec two_parties[] = {
    {"ADDRESS", "of A, then of B: unix:PATH, tcp:PORT on this machine, tcp:HOST:PORT", 2, 2}};
constexpr OperandSpec code_operand[] = {{"CODE", "refusal number or name; none: list all", 0}};
constexpr OperandSpec shell_operand[] = {{"SHELL", "shell", 1, 1, "bash|zsh|fish"}};

constexpr OptionSpec ensure_option = {"--ensure", "PROPERTY", many,
                                      "a property by name, such as 'bounds y[0] in [0, 1]'"};

constexpr OptionSpec run_options[] = {
    input_option,
    random_option,
    weights_option,
    engine_option,
    fallback_option,
    plugin_timeout_option,
    plugin_memory_option,
    plugin_access_option,
    onnx_runtime_option,
    threads_option,
    isa_option,
    {"--trace", "FILE", once, "write the trace of the run"},
    {"--keep", "WHAT", once,
     "tensor contents stored in the trace; diverging: results of the first step that --expected "
     "does not have (of ort: all unless given)",
     "none", "all|diverging|none"},
    {"--expected", "TRACE", once, "the trace that this run should give (with --keep diverging)"},
    {"--no-embed", "", flag, "leave program and inputs out of the trace (replay then needs them)"},
    ensure_option,
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
    {"--effects-digest", "", flag,
     "WebAssembly: print the digest of what all steps read, write, set and decide"},
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
    "isotrace run model.onnx --random 7 --trace b.isotrace --keep diverging --expected a.isotrace",
    "isotrace run model.onnx --random 7 --backend ort --trace foreign.isotrace",
    "isotrace run module.wasm --invoke fib 30 --trace c.isotrace",
    "isotrace run program.wasm --arg words.txt --dir /data=texts --virtual --trace d.isotrace",
    "isotrace run c.isotrace.incomplete --resume"};

constexpr OptionSpec replay_options[] = {
    {"--from", "S", once, "first step judged", "0"},
    {"--to", "S", once, "last step judged (default: the last one)"},
    {"--effects", "FILE", once,
     "WebAssembly: write what these steps put on the stack and into memory, if they are accepted"},
    {"--effects-digest", "", flag,
     "WebAssembly: print the digest of what all steps read, write, set and decide, if they are "
     "accepted"},
    program_backend_option,
    fallback_option,
    plugin_timeout_option,
    plugin_memory_option,
    plugin_access_option,
    threads_option,
    isa_option,
    {"--program", "FILE", once, "the model or module, if the trace does not embed it"},
    input_option,
    weights_option,
    memory_option,
    timings_option,
};
constexpr std::string_view replay_examples[] = {
    "isotrace replay a.isotrace", "isotrace replay a.isotrace --from 3 --to 5 --backend cpu",
    "isotrace replay c.isotrace --from 1000000 --to 1000999 --effects log"};

constexpr OptionSpec compare_options[] = {
    {"--against", "B", once,
     "compare with a fresh run of A's program on this backend, or step by "
     "step with ONNX Runtime (ort)",
     "", "reference|cpu|cuda|hip|plugin:FILE|ort"},
    {"--program", "FILE", once, "the model or module, if a trace does not embed it"},
    input_option,
    random_option,
    weights_option,
    backend_option,
    fallback_option,
    plugin_timeout_option,
    plugin_memory_option,
    plugin_access_option,
    threads_option,
    isa_option,
    {"--bounds", "", flag,
     "two traces of one program, or ort: judge differences by bounds derived from each operation"},
    {"--bounds-ftz", "", flag, "subnormal numbers may become zero there"},
    {"--library-ulps", "K", once, "error that its elementary functions may have", "4"},
    onnx_runtime_option,
    {"--extract", "DIR", once, "write the divergent step: operands, both values, the reference's"},
    {"--junit", "FILE", once, "write a JUnit XML report"},
    memory_option,
};
constexpr std::string_view compare_examples[] = {
    "isotrace compare a.isotrace b.isotrace",
    "isotrace compare a.isotrace --against cpu --extract step",
    "isotrace compare a.isotrace --against ort --bounds --ort node_modules",
    "isotrace compare a.isotrace b.isotrace --bounds",
    "isotrace compare model.onnx optimised.onnx --input x=x.npy --junit compare.xml"};

constexpr OptionSpec invariance_options[] = {
    input_option,
    {"--seed", "N", once, "of the Philox numbers for inputs that were not given", "1"},
    {"--batch", "N", once, "rows of random inputs whose first dimension is open", "4"},
    {"--only", "CHECK", once, "one check alone; if it cannot be made, that is refused", "",
     "batch|threads|isa|backend"},
    {"--backend", "B", once,
     "check this backend instead of cpu: rows alone and in a batch, and its steps against the "
     "reference",
     "", "reference|cpu|cuda|hip|plugin:FILE"},
    plugin_timeout_option,
    plugin_memory_option,
    plugin_access_option,
    weights_option,
    memory_option,
};
constexpr std::string_view invariance_examples[] = {
    "isotrace check-invariance model.onnx",
    "isotrace check-invariance model.onnx --input x=x.npy --only batch --json"};

constexpr OperandSpec report_operands[] = {
    {"TRACE", "trace file, or FILE.incomplete of a run that was interrupted"},
    {"OTHER", "trace file to compare it with", 0}};
constexpr OptionSpec report_options[] = {
    {"--html", "FILE", once, "write the report as one HTML page that needs nothing else"},
    {"--rows", "N", once, "steps or checkpoints listed on the page, 1 to 100000", "1000"},
    {"--junit", "FILE", once, "write a JUnit XML report"},
    timings_option,
    {"--program", "FILE", once, "the model or module, if a trace does not embed it"},
    input_option,
    weights_option,
    {"--backend", "B", once, "backend that --timings measures, engine of WebAssembly", "cpu",
     "reference|cpu"},
    threads_option,
    isa_option,
    memory_option,
};
constexpr std::string_view report_examples[] = {
    "isotrace report a.isotrace --html a.html",
    "isotrace report a.isotrace b.isotrace --html difference.html --junit report.xml",
    "isotrace report a.isotrace --timings --html a.html"};

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

constexpr OptionSpec domain_option = {"--domain", "[I=]LOW:HIGH", many,
                                      "range of input I, or of all inputs that no other names"};
constexpr OptionSpec robust_option = {"--robust", "INPUT", once,
                                      "all inputs within --eps of this tensor get its label"};
constexpr OptionSpec eps_option = {"--eps", "E", once, "radius of --robust, for each element"};
constexpr OptionSpec label_option = {"--label", "L", once,
                                     "label of --robust (default: the model's own)"};

constexpr OptionSpec prove_options[] = {
    {"--property", "FILE", many,
     "VNN-LIB file, which describes the unsafe region, or properties by name, one a line"},
    ensure_option,
    domain_option,
    robust_option,
    eps_option,
    label_option,
    {"--out", "FILE", once,
     "write the proof or the counterexample; of several, number N goes to NAME.N.ENDING"},
    {"--result", "FILE", once,
     "write the answer as VNN-COMP does: unsat, sat with the counterexample, timeout, unknown or "
     "error"},
    {"--trace", "FILE", once, "write the trace of the counterexample's run on the reference"},
    {"--timeout", "S", once, "seconds before the answer is undecided", "3600"},
    {"--jobs", "N", once, "worker threads (the proof does not depend on them)", "2"},
    {"--semantics", "LEVEL", once,
     "any-order: every summation order; exact-order: this executor's; real: ideal reals (default: "
     "any-order, and exact-order where that leaves single inputs open)",
     "", "any-order|exact-order|real"},
    {"--lp-leaves", "N", once,
     "boxes with at most N open neurons that bounds leave open go to a linear program, whose "
     "Farkas "
     "coefficients the proof keeps (default: none)"},
    {"--search-memory", "MIB", once,
     "MiB that boxes and proof of one case may take (default: no limit)"},
    {"--checkpoint", "FILE", once,
     "keep the state of the search here; of several, number N in NAME.N.ENDING"},
    {"--checkpoint-every", "S", once, "seconds between two states", "30"},
    {"--resume", "", flag, "go on from the state that --checkpoint names, if it is there"},
    {"--plain-splits", "", flag,
     "split boxes and never clip them, as exports to Coq need it: slower on hard properties"},
    {"--no-smt", "", flag, "do not ask SMT solvers about models"},
    {"--func", "NAME", once, "of a WebAssembly module: the exported function that is proved about"},
    {"--never-traps", "", flag, "the function returns, whatever it is given"},
    {"--range", "LO:HI", once,
     "it returns, and the result is in the range (signed numbers if LO is below 0, else unsigned)"},
    {"--equivalent", "G[:FILE]", once,
     "it and the function G (of another module) both trap, or both return and leave the same"},
    {"--compare", "WHAT", once,
     "--equivalent: also memory and globals that one of them changes, but for frames below the "
     "stack pointer; these too; or results alone",
     "visible", "visible|state|results"},
    {"--post", "G", once,
     "it returns, and the function G of its parameters and results returns what is not 0"},
    {"--assume", "G", once, "only parameters count for which the function G returns what is not 0"},
    {"--unwind", "N", once,
     "rounds of a loop that are followed where nothing decides them (default: more and more)"},
    {"--memory", "M", once,
     "linear memory before the call: as the module's instantiation leaves it, or any bytes",
     "initial", "initial|arbitrary"},
    edition_option,
    {"--solver", "S", once, "who is asked: gates and clauses of our own (functions only), Z3, cvc5",
     "all", "all|gates|z3|cvc5"},
    {"--agree", "", flag, "all solvers must answer, and all the same"},
    {"--no-cache", "", flag, "do not keep answers of solvers in ~/.cache/isotrace, nor take any"},
    {"--dump-smt", "DIR", once, "save each query as SMT-LIB in the folder"},
    {"--explain", "", flag, "also say which engine did what"},
    {"--events", "FILE", once, "write one line of JSON, with times, for each run of an engine"},
    timings_option,
};
constexpr std::string_view prove_examples[] = {
    "isotrace prove program.wasm --func average --equivalent slow_average --out same.isoproof",
    "isotrace prove program.wasm --func clamp --post is_clamped --assume ordered",
    "isotrace prove model.onnx --property safe.vnnlib --out safe.isoproof",
    "isotrace prove model.onnx --property safe.vnnlib --timeout 60 --json --timings",
    "isotrace prove model.onnx --property safe.vnnlib --checkpoint safe.state --resume",
    "isotrace prove model.onnx --robust seven.npy --eps 0.02 --label 7",
    "isotrace prove model.onnx --domain 0:1 --ensure 'bounds y[0] in [-1, 1]' --ensure finite"};

constexpr OptionSpec check_options[] = {
    {"--model", "FILE", once, "also require that the proof is about this model or module"},
    {"--property", "FILE", once,
     "also require that the proof is about this property, or about one of those in the file"},
    ensure_option,
    domain_option,
    robust_option,
    eps_option,
    label_option,
};
constexpr std::string_view check_examples[] = {
    "isotrace check safe.isoproof",
    "isotrace check safe.isoproof --model model.onnx --domain 0:1 --ensure finite",
    "isotrace check safe.isoproof --model model.onnx --property safe.vnnlib"};

constexpr OptionSpec export_options[] = {
    {"--to", "TARGET", once, "proof assistant, queries for SMT solvers, or a VNN-COMP instance", "",
     "coq|lean|smtlib|vnncomp", true},
    {"--model", "FILE", once, "to vnncomp: the model that was proved, packed as it is"},
    {"--step", "N", once, "of a trace: that step N is recorded under its root"},
    {"--calls", "N", once,
     "of a trace of WebAssembly: that it ends with its last N calls of the host"},
    {"--tier", "TIER", once,
     "no axioms (the default); to coq: primitive integers, which are faster; to lean, of "
     "functions: compiled code is believed",
     "", "closed|primint|native"},
    {"--solver-proofs", "FORMAT", once, "to smtlib: also the proofs that cvc5 writes", "",
     "alethe|lfsc"},
    {"--out", "DIR", once, "folder of the bundle (made new)", "", "", true},
};
constexpr std::string_view export_examples[] = {
    "isotrace export safe.isoproof --to coq --out bundle",
    "isotrace export safe.isoproof --to lean --out bundle",
    "isotrace export safe.isoproof --to coq --tier primint --out bundle",
    "isotrace export function.isoproof --to lean --tier native --out bundle",
    "isotrace export safe.isoproof --to smtlib --out queries",
    "isotrace export safe.isoproof --to smtlib --solver-proofs alethe --out queries",
    "isotrace export safe.isoproof --to vnncomp --model model.onnx --out instance",
    "isotrace export run.isotrace --step 7 --to coq --out bundle"};

constexpr OptionSpec reconcile_options[] = {
    {"--proof", "FILE", once, "the proof that the bundle must be about (default: the one inside)"},
    {"--timeout", "S", once, "seconds for each file", "600"},
    {"--coqc", "PATH", once, "Coq compiler", "coqc"},
    {"--lean", "PATH", once, "Lean compiler (default: lean, if it is there)"},
    {"--root", "HEX", once, "root of the trace that a bundle about a step must name"},
    {"--tier", "TIER", once,
     "leave out theorems with more axioms than this (default: reals of Coq, closed of Lean)", "",
     "closed|primint|reals|native"},
};
constexpr std::string_view reconcile_examples[] = {
    "isotrace reconcile bundle --proof safe.isoproof", "isotrace reconcile bundle --tier closed"};

constexpr OptionSpec passphrase_option{"--passphrase-file", "FILE", once,
                                       "its first line opens or protects the private key"};
constexpr OptionSpec anchor_option{"--anchor", "FILE", once,
                                   "pinned policy, whose roots must have signed the policy"};

constexpr OptionSpec keygen_options[] = {
    passphrase_option,
    {"--out", "NAME", once, "writes NAME.key (private, owner only) and NAME.pub", "", "", true},
    {"--alg", "ALG", once, "signature algorithm", "ed25519", "ed25519|ecdsa-p256"},
};
constexpr std::string_view keygen_examples[] = {"isotrace keygen --out ci"};

constexpr OptionSpec certify_options[] = {
    {"--model", "PATH", once,
     "the certificate's subject: ONNX model, WebAssembly module, or a folder with one of them", "",
     "", true},
    properties_option,
    proofs_option,
    trace_option,
    {"--key", "FILE", once, "private key (PKCS#8 PEM)", "", "", true},
    passphrase_option,
    {"--evidence", "NAME=FILE", many, "anything else to bind, by its digest (model card, SBOM)"},
    {"--challenge", "TEXT", once, "a value from outside, which makes the certificate fresh"},
    {"--sample", "N", once, "execute only N steps of the trace again, which --challenge chooses"},
    {"--out", "FILE", once, "the certificate", "", "", true},
};
constexpr std::string_view certify_examples[] = {
    "isotrace certify --model m.onnx --property p.vnnlib --proof p.isoproof --trace a.isotrace "
    "--key ci.key "
    "--out m.cert.sigstore.json"};

constexpr OptionSpec verify_options[] = {
    {"--policy", "FILE", once, "who may vouch for what", "", "", true},
    anchor_option,
    {"--each", "", flag, "verify every certificate by itself, in one run"},
    {"--model", "PATH", many, "the subject: model, module or folder (several: --each)"},
    properties_option,
    proofs_option,
    trace_option,
    {"--evidence", "FILE", many, "other material that the certificate must bind"},
    {"--replay", "", flag, "re-execute the trace on the reference"},
    {"--check-proof", "", flag, "demand every proof; those given are checked in any case"},
    {"--log-proof", "FILE", many, "proof that a log holds the certificate (.tlog-proof)"},
    {"--timestamp", "FILE", many, "RFC 3161 response over the certificate's signature"},
    {"--report", "FILE", once, "write the digest report (canonical JSON, as --json prints it)"},
    {"--junit", "FILE", once, "write a JUnit XML report, one case for each check"},
    {"--sarif", "FILE", once, "write a SARIF 2.1.0 report"},
    {"--summary", "FILE", once, "write a Markdown summary"},
    {"--svr", "FILE", once, "write a signed in-toto SVR v0.2 about this verification"},
    {"--test-result", "FILE", once, "write a signed in-toto test-result v0.1 about it"},
    {"--sign-key", "FILE", once, "private key of who verifies, for these two"},
    passphrase_option,
    {"--at", "DATE", once, "judge validity at this UTC date (YYYY-MM-DD) instead of now"},
};
constexpr std::string_view verify_examples[] = {
    "isotrace verify m.cert.sigstore.json --policy policy.json --model m.onnx --property p.vnnlib "
    "--proof "
    "p.isoproof --trace a.isotrace",
    "isotrace verify --each sealed --policy policy.json --model a.onnx --model b.onnx --json"};

constexpr OptionSpec policy_options[] = {
    {"--key", "FILE", many, "public key to trust (init), private key to sign with (sign)"},
    {"--out", "FILE", once, "policy file to write (init, sign)"},
    {"--expires", "DATE", once, "UTC date from which it trusts nobody, YYYY-MM-DD (init)"},
    {"--threshold", "N", once, "distinct keys that must sign a certificate (init; default: 1)"},
    {"--root", "FILE", many, "public key that may sign the next policy (init)"},
    {"--root-threshold", "N", once, "distinct roots that must (init; default: 1)"},
    {"--log", "ORIGIN=FILE", many, "log to believe and its public key (init)"},
    {"--timestamper", "FILE", many, "X.509 certificate of an authority for trusted time (init)"},
    {"--evidence", "WHAT", many, "material that verification demands (init)", "",
     "property|proof|trace|log|timestamp"},
    {"--least-assurance", "LEVEL", once, "of every claim (init; default: reproduced)", "",
     "asserted|sampled|reproduced|proved"},
    {"--semantics", "ID", many, "semantics that may be vouched for (init; default: isonum-1)", "",
     "isonum-1|isowasm-1"},
    passphrase_option,
    anchor_option,
    {"--at", "DATE", once, "judge as of this UTC date instead of now"},
};
constexpr std::string_view policy_examples[] = {
    "isotrace policy init --key ci.pub --expires 2030-12-31 --out policy.json",
    "isotrace policy check policy.json",
    "isotrace policy sign next.json --key root.key --out next.signed.json",
    "isotrace policy explain policy.json"};

constexpr OptionSpec key_options[] = {
    {"--policy", "FILE", once, "the policy that changes (rotate, revoke)"},
    {"--key", "FILE", once, "public key: the old one, the one revoked, the one exported"},
    {"--new", "FILE", once, "public key that takes its roles (rotate)"},
    {"--until", "DATE", once, "UTC date from which the old key is refused (rotate; default: now)"},
    {"--since", "DATE", once, "from when on the key counts for nothing (revoke; default: now)"},
    {"--format", "F", once, "of the exported key (export)", "", "minisign|signify|ssh|vkey"},
    {"--name", "NAME", once, "user (ssh) or log (vkey) of the exported key"},
    {"--out", "FILE", once, "file to write"},
    anchor_option,
    {"--at", "DATE", once, "judge as of this UTC date instead of now"},
};
constexpr std::string_view key_examples[] = {
    "isotrace key rotate --policy policy.json --key old.pub --new new.pub --out next.json",
    "isotrace key revoke --policy policy.json --key ci.pub --since 2026-11-01 --out next.json",
    "isotrace key export --key ci.pub --format ssh --name ci@example.org --out ci.ssh.pub"};

constexpr OptionSpec log_options[] = {
    {"--origin", "NAME", once, "name of the log (init)"},
    {"--key", "FILE", once, "private key of the log (init, add)"},
    passphrase_option,
    {"--log-key", "FILE", once, "public key of the log (checkpoint, verify)"},
    {"--signer", "FILE", many, "public key of who signed the certificates (add, prove)"},
    {"--old", "FILE", once, "checkpoint seen before, which the log must contain"},
    {"--out", "FILE", once, "the proof (prove)"},
};
constexpr std::string_view log_examples[] = {
    "isotrace log init log --origin log.example.org/models --key log.key",
    "isotrace log add log m.cert.sigstore.json --key log.key --signer ci.pub",
    "isotrace log prove log m.cert.sigstore.json --signer ci.pub --out m.tlog-proof",
    "isotrace log verify log --log-key log.pub --old seen/checkpoint"};

constexpr OptionSpec sign_options[] = {
    {"--format", "F", once, "of the signature; oms: model signing of a file or folder", "",
     "minisign|oms|ssh", true},
    {"--key", "FILE", once, "private key: Ed25519, for oms P-256", "", "", true},
    passphrase_option,
    {"--comment", "TEXT", once, "signed comment (minisign)"},
    {"--namespace", "NAME", once, "what the signature is for (ssh)"},
    {"--out", "FILE", once, "the signature", "", "", true},
};
constexpr std::string_view sign_examples[] = {
    "isotrace sign m.cert.sigstore.json --format minisign --key ci.key --out m.minisig",
    "isotrace sign model-folder --format oms --key p256.key --out model.sig"};

constexpr OptionSpec pack_options[] = {
    {"--model", "PATH", many, "model: file or folder"},
    {"--property", "FILE", many, "VNN-LIB property"},
    {"--proof", "FILE", many, "proof"},
    {"--trace", "FILE", many, "trace"},
    {"--certificate", "FILE", many, "certificate"},
    {"--policy", "FILE", many, "policy"},
    {"--log-proof", "FILE", many, "proof that a log holds a certificate"},
    {"--timestamp", "FILE", many, "RFC 3161 response"},
    {"--out", "FILE", once, "the archive", "", "", true},
};
constexpr std::string_view pack_examples[] = {
    "isotrace pack --model m.onnx --trace a.isotrace --certificate m.cert.sigstore.json --policy "
    "policy.json --out m.isopack"};

constexpr OptionSpec unpack_options[] = {
    {"--out", "DIR", once, "folder that is made", "", "", true},
};
constexpr std::string_view unpack_examples[] = {"isotrace unpack m.isopack --out received"};

constexpr OptionSpec seal_options[] = {
    {"--key", "FILE", once, "private key that signed the certificates (Ed25519)", "", "", true},
    passphrase_option,
    {"--out", "DIR", once, "folder for NAME.sealed", "", "", true},
};
constexpr std::string_view seal_examples[] = {
    "isotrace seal certificates/*.cert.sigstore.json --key ci.key --out sealed"};

constexpr OptionSpec bundle_options[] = {
    {"--log-proof", "FILE", once, "proof that a log holds the certificate"},
    {"--log-key", "FILE", once, "public key of that log"},
    {"--signer", "FILE", once, "public key of who signed the certificate"},
    {"--timestamp", "FILE", once, "RFC 3161 response over its signature"},
    {"--out", "FILE", once, "the certificate with both inside, or with all signatures", "", "",
     true},
};
constexpr std::string_view bundle_examples[] = {
    "isotrace bundle m.cert.sigstore.json --timestamp m.tsr --out m.full.sigstore.json",
    "isotrace bundle by-ci.json by-lab.json --out m.dsse.json"};

constexpr OptionSpec timestamp_options[] = {
    {"--out", "FILE", once, "the request (DER)", "", "", true},
};
constexpr std::string_view timestamp_examples[] = {
    "isotrace timestamp m.cert.sigstore.json --out m.tsq"};

constexpr OptionSpec backends_options[] = {
    {"--backend", "B", many, "this backend only (default: all that are built in)", "",
     "reference|cpu|cuda|hip|plugin:FILE"},
    plugin_timeout_option,
    plugin_memory_option,
    plugin_access_option,
    {"--selftest", "", flag, "compare every operation of every backend with the reference"},
    {"--out", "FILE", once,
     "write a receipt of --selftest: device, versions, and a digest of results for every "
     "operation, "
     "element type and layout"},
    {"--matrix", "", flag, "operations and element types of every backend"},
    {"--operations", "", flag, "ONNX operations that models may use, and their operator sets"},
};
constexpr std::string_view backends_examples[] = {
    "isotrace backends", "isotrace backends --selftest --out receipt.json"};

constexpr OptionSpec bench_options[] = {
    {"--threads", "N", once, "threads of every library", "1"},
    isa_option,
    {"--only", "SECTION", once, "one section of the table", "",
     "gemm|int8|quantised|ternary|math|models|products|bytes|memory|engines|traces"},
    {"--model", "FILE", many, "measure this ONNX model in section models, not those made up"},
    {"--quick", "", flag, "fewer cases, less time for each: for a look, not for figures"},
    {"--kernels", "DIR", once,
     "wasm: modules that export run: (i32) -> (i32), and params.txt with lines of NAME ARGUMENT; "
     "without it wasm-kernels in the folder that ISOTRACE_DATA names"},
    {"--wabt", "PROGRAM", once, "wasm: wabt's interpreter", "wasm-interp"},
    {"--wasm3", "PROGRAM", once, "wasm: wasm3; absent without it"},
    {"--rounds", "N", once, "wasm: runs of each contender, whose median counts", "5"},
    {"--instances", "DIR", once,
     "proofs: a folder with instances.csv (onnx,vnnlib,timeout) or expected.csv "
     "(onnx,vnnlib,verdict,timeout), or such a list; .gz files are inflated"},
    {"--match", "TEXT", once, "proofs: only instances whose names contain it"},
    {"--timeout", "S", once, "proofs: seconds for each instance, if its own limit is longer",
     "3600"},
};
constexpr std::string_view bench_examples[] = {
    "isotrace bench tensors --only gemm",
    "ISOTRACE_ORT=node_modules isotrace bench tensors --only models --model model.onnx",
    "ISOTRACE_ORT=node_modules isotrace bench tensors --threads 2 --json",
    "isotrace bench gpu --only products",
    "isotrace bench wasm --kernels wasm-kernels --wasm3 ./wasm3",
    "isotrace bench wasm --only traces --rounds 1",
    "isotrace bench proofs --instances vnncomp/acasxu --timeout 116"};

constexpr OptionSpec conform_options[] = {
    {"--backend", "B", once, "backend that executes (default: onnx reference, wasm cpu)", "",
     "reference|cpu|cuda|hip|plugin:FILE"},
    plugin_timeout_option,
    plugin_memory_option,
    plugin_access_option,
    edition_option,
    {"--jobs", "N", once, "tests judged at a time", "1"},
    {"--only", "GLOB", once,
     "only tests whose path below PATH matches; backend: OPERATION/DTYPE/LAYOUT, 'Gemm/f32/*'"},
    {"--junit", "FILE", once, "write a JUnit XML report; refused tests count as skipped"},
    {"--failures", "", flag, "list only cases that did not pass"},
    {"--markdown", "", flag, "backend: print the capability matrix as a Markdown table"},
    {"--out", "FILE", once, "backend: write a receipt, as `backends --selftest` does"}};
constexpr std::string_view conform_examples[] = {
    "isotrace conform onnx /usr/share/libonnx-testdata/data/pytorch-converted",
    "isotrace conform onnx /usr/share/libonnx-testdata/data --only 'node/test_conv*' --junit "
    "r.xml",
    "isotrace conform wasm wg-1.0/ --edition 1.0 --failures",
    "isotrace conform backend ./libdevice.so --plugin-access device --markdown"};

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
    {"--step", "S", once, "the step: the first opcode that counts after S steps", "", "", true},
    {"--out", "FILE", once, "the witness", "", "", true},
    {"--invoke", "FUNCTION", once, "module: the exported function to call (default: _start)"},
    {"--edition", "E", once, "module: WebAssembly that it is read as (2.0 is without SIMD)", "2.0",
     "1.0|2.0"},
    {"--program", "FILE", once, "trace: the module, if the trace does not embed it"},
};
constexpr std::string_view witness_examples[] = {
    "isotrace witness module.wasm --invoke fib 30 --step 1000 --out a.isostep",
    "isotrace witness c.isotrace --step 1000000 --out b.isostep"};

constexpr OptionSpec serve_options[] = {
    {"--trace", "FILE", once, "the trace to answer for", "", "", true},
    {"--listen", "ADDRESS", once,
     "unix:PATH, tcp:PORT on this machine, tcp:HOST:PORT; port 0: a free one (default: "
     "unix:FILE.sock)"},
    {"--program", "FILE", once, "the model or module, if the trace does not embed it"},
    input_option,
    random_option,
    weights_option,
};
constexpr std::string_view serve_examples[] = {
    "isotrace serve --trace a.isotrace", "isotrace serve --trace a.isotrace --listen tcp:4000"};

constexpr OptionSpec referee_options[] = {
    {"--timeout", "S", once, "seconds that a party may take for one answer", "60"},
    {"--out", "FILE", once, "write the ruling as canonical JSON"},
    {"--key", "FILE", once, "sign it: FILE of --out becomes a DSSE envelope (PKCS#8 PEM)"},
    passphrase_option,
    memory_option,
};
constexpr std::string_view referee_examples[] = {
    "isotrace referee unix:a.isotrace.sock unix:b.isotrace.sock",
    "isotrace referee tcp:4000 tcp:4001 --timeout 10 --out ruling.json --json"};

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
    Row{{"report", "Report on a trace, or on two, as text and as a page", report_operands,
         report_options, report_examples},
        report_command},
    Row{{"inspect", "Show any artifact", any_file, inspect_options, inspect_examples},
        inspect_command},
    Row{{"prove", "Prove or refute a property", proved_operand, prove_options, prove_examples},
        prove_command},
    Row{{"check", "Check a proof with the independent checker", proof_operand, check_options,
         check_examples},
        check_command},
    Row{{"export", "Export a proof, or a step of a trace, to other provers", export_operand,
         export_options, export_examples},
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
    Row{{"verify", "Verify a certificate and everything it binds", certificate_operands,
         verify_options, verify_examples},
        verify_command},
    Row{{"policy", "Make, check, sign or explain a policy", policy_operands, policy_options,
         policy_examples},
        policy_command},
    Row{{"key", "Rotate or revoke a key of a policy, export a key", key_operands, key_options,
         key_examples},
        key_command},
    Row{{"log", "Keep a transparency log of certificates", log_operands, log_options, log_examples},
        log_command},
    Row{{"seal", "Sign many certificates with one signature", several_certificates, seal_options,
         seal_examples},
        seal_command},
    Row{{"timestamp", "Ask for trusted time: write an RFC 3161 request", certificate_operand,
         timestamp_options, timestamp_examples},
        timestamp_command},
    Row{{"bundle", "Put log proof, time stamp or more signatures into a certificate",
         several_certificates, bundle_options, bundle_examples},
        bundle_command},
    Row{{"sign", "Sign a file for minisign, ssh-keygen or OpenSSF model signing", file_operand,
         sign_options, sign_examples},
        sign_command},
    Row{{"pack",
         "Pack model, evidence and certificates into one archive",
         {},
         pack_options,
         pack_examples},
        pack_command},
    Row{{"unpack", "Unpack such an archive, strictly", archive_operand, unpack_options,
         unpack_examples},
        unpack_command},
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
    Row{{"serve",
         "Answer a referee's questions about a trace, until SIGTERM",
         {},
         serve_options,
         serve_examples},
        serve_command},
    Row{{"referee", "Judge between two parties that serve traces of one computation", two_parties,
         referee_options, referee_examples},
        referee_command},
    Row{{"explain", "Explain a refusal code", code_operand, {}, explain_examples}, explain_command},
    Row{{"doctor", "Check this machine for what Isotrace uses", {}, {}, doctor_examples},
        doctor_command},
    Row{{"completion", "Print a shell completion script", shell_operand, {}, completion_examples},
        completion_command},
    Row{{"man", "Print the man page", {}, {}, man_examples}, man_command},
    Row{{"version",
         "Print the versions of the tool and of its semantics",
         {},
         {},
         version_examples},
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
