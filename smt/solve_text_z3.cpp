#include <isotrace/smt/solve_text_z3.hpp>

#include <z3++.h>

namespace isotrace::smt {
namespace {

/// Names and exact values of the real constants that the model fixes.
std::string model_text(z3::context& context, const z3::model& model) {
  std::string text = "sat\n";
  for (unsigned i = 0; i < model.num_consts(); ++i) {
    const z3::func_decl constant = model.get_const_decl(i);
    if (!constant.range().is_real() && !constant.range().is_int()) continue;
    const z3::expr value = model.get_const_interp(constant);
    if (!value.is_numeral()) continue;
    // One call at a time: both texts live in the same buffer of Z3's.
    text += constant.name().str() + " ";
    text += Z3_get_numeral_string(context, value);
    text += "\n";
  }
  return text;
}

}  // namespace

std::string solve_text_z3(const std::string& smtlib, unsigned resource_units) {
  z3::context context;
  try {
    z3::solver solver(context, "QF_LRA");
    if (resource_units != 0) {
      z3::params parameters(context);
      parameters.set("rlimit", resource_units);
      solver.set(parameters);
    }
    solver.from_string(smtlib.c_str());
    switch (solver.check()) {
      case z3::sat: return model_text(context, solver.get_model());
      case z3::unsat: return "unsat\n";
      default: return "unknown " + solver.reason_unknown() + "\n";
    }
  } catch (const z3::exception& error) {
    const std::string message = error.msg();
    if (message.find("memory") != std::string::npos) return "unknown memory limit\n";
    return "error " + message + "\n";
  }
}

}  // namespace isotrace::smt
