// The commands of `isotrace`: each parses nothing but its own option values, calls one function of
// one room, and prints the result. Returns the exit code.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

int run_command(const Context& context, const Arguments& arguments);
int replay_command(const Context& context, const Arguments& arguments);
int compare_command(const Context& context, const Arguments& arguments);
int report_command(const Context& context, const Arguments& arguments);
int inspect_command(const Context& context, const Arguments& arguments);
int prove_command(const Context& context, const Arguments& arguments);
int check_command(const Context& context, const Arguments& arguments);
int check_invariance_command(const Context& context, const Arguments& arguments);
int export_command(const Context& context, const Arguments& arguments);
int reconcile_command(const Context& context, const Arguments& arguments);
int keygen_command(const Context& context, const Arguments& arguments);
int certify_command(const Context& context, const Arguments& arguments);
int verify_command(const Context& context, const Arguments& arguments);
int key_command(const Context& context, const Arguments& arguments);
int log_command(const Context& context, const Arguments& arguments);
int seal_command(const Context& context, const Arguments& arguments);
int timestamp_command(const Context& context, const Arguments& arguments);
int bundle_command(const Context& context, const Arguments& arguments);
int sign_command(const Context& context, const Arguments& arguments);
int pack_command(const Context& context, const Arguments& arguments);
int unpack_command(const Context& context, const Arguments& arguments);
int policy_command(const Context& context, const Arguments& arguments);
int backends_command(const Context& context, const Arguments& arguments);
int bench_command(const Context& context, const Arguments& arguments);
int conform_command(const Context& context, const Arguments& arguments);
int selftest_command(const Context& context, const Arguments& arguments);
int explain_command(const Context& context, const Arguments& arguments);
int doctor_command(const Context& context, const Arguments& arguments);
int completion_command(const Context& context, const Arguments& arguments);
int man_command(const Context& context, const Arguments& arguments);
int referee_command(const Context& context, const Arguments& arguments);
int serve_command(const Context& context, const Arguments& arguments);
int witness_command(const Context& context, const Arguments& arguments);
int version_command(const Context& context, const Arguments& arguments);

}  // namespace isotrace::tools
