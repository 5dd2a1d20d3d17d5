#include <isotrace/backends/cpu/math.hpp>

namespace isotrace::backends::cpu {

const MathFunctions& math_functions(Isa isa) {
  return isa == Isa::avx512 ? math_avx512() : math_avx2();
}

ArrayFunction MathFunctions::*find_math_function(core::Op op) {
  using core::Op;
  switch (op) {
    case Op::exp: return &MathFunctions::exp;
    case Op::log: return &MathFunctions::log;
    case Op::sin: return &MathFunctions::sin;
    case Op::cos: return &MathFunctions::cos;
    case Op::tan: return &MathFunctions::tan;
    case Op::asin: return &MathFunctions::asin;
    case Op::acos: return &MathFunctions::acos;
    case Op::atan: return &MathFunctions::atan;
    case Op::sinh: return &MathFunctions::sinh;
    case Op::cosh: return &MathFunctions::cosh;
    case Op::tanh: return &MathFunctions::tanh;
    case Op::asinh: return &MathFunctions::asinh;
    case Op::acosh: return &MathFunctions::acosh;
    case Op::atanh: return &MathFunctions::atanh;
    case Op::erf: return &MathFunctions::erf;
    case Op::sqrt: return &MathFunctions::sqrt;
    case Op::reciprocal: return &MathFunctions::reciprocal;
    case Op::sigmoid: return &MathFunctions::sigmoid;
    case Op::gelu: return &MathFunctions::gelu;
    case Op::softplus: return &MathFunctions::softplus;
    default: return nullptr;
  }
}

}  // namespace isotrace::backends::cpu
