// Options that several commands share, word for word.
#pragma once

#include <isotrace/tools/commands/table.hpp>

namespace isotrace::tools {

using enum Arity;

inline constexpr OptionSpec backend_option{
    "--backend", "B",
    once,        "backend that executes; a plugin's shared library after plugin:",
    "reference", "reference|cpu|cuda|hip|plugin:FILE"};
inline constexpr OptionSpec program_backend_option{
    "--backend", "B",
    once,        "backend that executes (WebAssembly: reference or cpu, cpu unless given)",
    "reference", "reference|cpu|cuda|hip|plugin:FILE"};
inline constexpr OptionSpec engine_option{
    "--backend",
    "B",
    once,
    "backend that executes (WebAssembly: reference or cpu, cpu unless given); ort: "
    "ONNX Runtime, step by step, whose trace is a foreign one",
    "reference",
    "reference|cpu|cuda|hip|plugin:FILE|ort"};
inline constexpr OptionSpec onnx_runtime_option{
    "--ort", "DIR", once, "the folder node_modules with onnxruntime-node (else ISOTRACE_ORT)"};
inline constexpr OptionSpec fallback_option{
    "--allow-fallback", "", flag,
    "let the reference do what the backend refuses; trace and output say so"};
inline constexpr OptionSpec plugin_timeout_option{"--plugin-timeout", "S", once,
                                                  "seconds that a plugin has for each call", "60"};
inline constexpr OptionSpec plugin_memory_option{
    "--plugin-memory", "GIB", once, "private memory that a plugin's process may have", "8"};
inline constexpr OptionSpec plugin_access_option{
    "--plugin-access",
    "WHAT",
    once,
    "what a plugin's process may do: compute only, or what device drivers want",
    "compute",
    "compute|device"};
inline constexpr OptionSpec edition_option{
    "--edition", "E",      once, "WebAssembly that modules are read as (2.0 is without SIMD)",
    "2.0",       "1.0|2.0"};
inline constexpr OptionSpec threads_option{"--jobs", "N", once,
                                           "threads that compute; as many more may hash", "1"};
inline constexpr OptionSpec isa_option{
    "--isa", "ISA",        once, "instruction set of the cpu backend (default: the best)",
    "",      "avx2|avx512"};
inline constexpr OptionSpec input_option{"--input", "NAME=FILE", many,
                                         "input tensor: .npy, ONNX .pb, or member NAME of .npz, "
                                         ".safetensors; without NAME= the only input, "
                                         "or all members of a container"};
inline constexpr OptionSpec weights_option{
    "--weights", "FILE", once, "values of initializers by name (.safetensors, .npz), bit for bit"};
inline constexpr OptionSpec random_option{
    "--random", "SEED", once, "fill inputs that were not given with Philox numbers in [0,1)"};
inline constexpr OptionSpec memory_option{
    "--memory-max", "GIB", once, "refuse to keep more tensors alive than this many GiB", "8"};
inline constexpr OptionSpec timings_option{"--timings", "", flag,
                                           "print seconds too (output is then not reproducible)"};
inline constexpr OptionSpec properties_option{"--property", "FILE", many, "a VNN-LIB property"};
inline constexpr OptionSpec proofs_option{"--proof", "FILE", many,
                                          "a proof, in the order of properties"};
inline constexpr OptionSpec trace_option{"--trace", "FILE", once, "the trace"};

}  // namespace isotrace::tools
