// Stated limits: input over a limit is refused before anything is allocated for it. Listed in
// docs/limits.md; a test compares the two.
#pragma once

#include <cstddef>
#include <cstdint>

namespace isotrace::core::limits {

inline constexpr std::uint64_t model_bytes_max = 4ULL << 30;         // an ONNX file
inline constexpr std::uint64_t trace_bytes_max = 64ULL << 30;        // a trace file
inline constexpr std::uint64_t proof_bytes_max = 4ULL << 30;         // a proof file
inline constexpr std::uint64_t property_bytes_max = 64ULL << 20;     // a property file
inline constexpr std::uint64_t certificate_bytes_max = 64ULL << 10;  // a certificate
inline constexpr std::uint64_t policy_bytes_max = 1ULL << 20;        // a policy
inline constexpr std::uint64_t key_bytes_max = 16ULL << 10;          // a key file
inline constexpr std::size_t signatures_max = 16;                    // of one text or envelope
inline constexpr std::uint64_t log_entries_max = 1ULL << 32;         // of one transparency log
inline constexpr std::uint64_t archive_bytes_max = 64ULL << 30;      // an archive for transfer
inline constexpr std::size_t archive_files_max = 4096;               // files in an archive
inline constexpr std::uint64_t tensor_bytes_max = 16ULL << 30;       // one tensor
inline constexpr std::size_t tensor_rank_max = 16;
inline constexpr std::size_t name_bytes_max = 4096;
inline constexpr std::size_t program_nodes_max = 1U << 20;
inline constexpr std::size_t program_values_max = 1U << 22;
inline constexpr std::size_t program_nesting_max = 16;  // programs inside programs
inline constexpr std::size_t sequence_tensors_max = 1U << 20;
inline constexpr std::size_t node_operands_max = 1U << 16;
inline constexpr std::size_t attribute_elements_max = 1U << 20;
inline constexpr std::size_t text_nesting_max = 256;  // JSON and VNN-LIB depth
inline constexpr std::size_t property_disjuncts_max = 1U << 16;
inline constexpr std::size_t proof_nodes_max = 1U << 26;
inline constexpr std::uint64_t search_state_bytes_max = 4ULL << 30;  // a saved state of a search
inline constexpr std::size_t smt_terms_max = 1U << 26;               // distinct terms of one query
inline constexpr std::uint64_t smt_query_bytes_max = 1ULL << 30;     // a query written as SMT-LIB
inline constexpr std::size_t cnf_clauses_max = 1U << 27;             // of a query, and of its proof
inline constexpr std::size_t unwind_max = 1U << 16;                  // iterations of a loop
inline constexpr std::uint64_t wasm_module_bytes_max = 1ULL << 30;
inline constexpr std::size_t wasm_entities_max = 1U << 20;      // entries of one index space
inline constexpr std::size_t wasm_parameters_max = 1000;        // and results, of one function type
inline constexpr std::size_t wasm_locals_max = 50'000;          // of one function
inline constexpr std::size_t wasm_memory_pages_max = 1U << 14;  // of 64 KiB
inline constexpr std::size_t wasm_table_elements_max = 1U << 20;
inline constexpr std::size_t wasm_frames_max = 1U << 16;        // calls that have not returned
inline constexpr std::size_t wasm_slots_max = 1U << 20;         // their locals and operands
inline constexpr std::uint64_t plugin_bytes_max = 4ULL << 30;   // a backend plugin's file
inline constexpr std::uint64_t witness_bytes_max = 4ULL << 30;  // a witness of one step

}  // namespace isotrace::core::limits
