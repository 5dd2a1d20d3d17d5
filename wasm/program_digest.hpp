// The digest of a program: of the tables that steps read, made from a validated module, so that one
// step can be judged without decoding or validating anything (docs/formats/wasm-program.md).
#pragma once

#include <isotrace/wasm/store.hpp>

namespace isotrace::wasm {

/// The strings of a program as lists of records (witness/program.hpp); the module's bytes stay in
/// the module.
struct ProgramTables {
  std::vector<CodeRecord> instructions;
  std::vector<BranchRecord> targets;
  std::vector<FunctionRecord> functions;
  std::vector<std::uint32_t> segments;
  std::vector<std::uint64_t> references;
  std::vector<std::uint32_t> maxima;
};

/// The module must be validated.
ProgramTables make_program_tables(const Module& module);

/// The bytes of one string.
core::ByteView program_string(const Module& module, const ProgramTables& tables,
                              ProgramString which);

Program describe_program(const Module& module, const ProgramTables& tables,
                         const ProfileLimits& limits);

/// What state roots call the program. The module must be validated.
core::Digest program_digest(const Module& module, const ProfileLimits& limits = {});

/// A program digest names functions, tables, memories and globals by index, states by address:
/// refuses wasm_store_unsupported unless they are equal, as where the store holds one instance,
/// and what it imports came first, in the order of its imports and of the very types they state.
core::Result<core::Done> check_addresses(const Store& store);

}  // namespace isotrace::wasm
