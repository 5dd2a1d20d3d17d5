#include <isotrace/backends/capability.hpp>

#include <algorithm>
#include <array>

#include <isotrace/backends/backend.hpp>

namespace isotrace::backends {
namespace {

using core::Dtype;
using core::Op;

using DtypeSet = std::uint32_t;  // bit n: the type with number n
constexpr DtypeSet set_of(Dtype dtype) { return 1U << static_cast<unsigned>(dtype); }
template <class... Rest>
constexpr DtypeSet set_of(Dtype first, Rest... rest) {
  return set_of(first) | set_of(rest...);
}

/// Types whose functions are defined as correctly rounded in f32.
constexpr DtypeSet singles = set_of(Dtype::f32, Dtype::f16, Dtype::bf16);
constexpr DtypeSet floats = set_of(Dtype::f32, Dtype::f64, Dtype::f16, Dtype::bf16);
constexpr DtypeSet signed_integers = set_of(Dtype::i8, Dtype::i16, Dtype::i32, Dtype::i64);
constexpr DtypeSet integers =
    signed_integers | set_of(Dtype::u8, Dtype::u16, Dtype::u32, Dtype::u64);
constexpr DtypeSet numbers = floats | integers;
constexpr DtypeSet contracted = floats | set_of(Dtype::i32, Dtype::u32, Dtype::i64, Dtype::u64);
constexpr DtypeSet all_types = numbers | set_of(Dtype::boolean);

/// What an operation takes. Operands, one letter each: T the data type, I i32 or i64,
/// C boolean; lower case may be left out; * any number of T.
struct Signature {
  Op op;
  std::string_view operands;
  DtypeSet data;
};

constexpr Signature signatures[] = {
    {Op::add, "TT", numbers},
    {Op::sub, "TT", numbers},
    {Op::mul, "TT", numbers},
    {Op::div, "TT", numbers},
    {Op::neg, "T", floats | signed_integers},
    {Op::abs, "T", numbers},
    {Op::reciprocal, "T", floats},
    {Op::sqrt, "T", floats},
    {Op::floor, "T", floats},
    {Op::ceil, "T", floats},
    {Op::max, "*", numbers},
    {Op::min, "*", numbers},
    {Op::sum, "*", numbers},
    {Op::clip, "Ttt", numbers},
    {Op::cast, "T", all_types},
    {Op::where, "CTT", all_types},
    {Op::equal, "TT", all_types},
    {Op::less, "TT", numbers},
    {Op::greater, "TT", numbers},
    {Op::logical_not, "T", set_of(Dtype::boolean)},
    {Op::relu, "T", numbers},
    {Op::leaky_relu, "T", floats},
    {Op::prelu, "TT", numbers},
    {Op::elu, "T", singles},
    {Op::selu, "T", singles},
    {Op::sigmoid, "T", singles},
    {Op::hard_sigmoid, "T", floats},
    {Op::softplus, "T", singles},
    {Op::softsign, "T", floats},
    {Op::tanh, "T", singles},
    {Op::exp, "T", singles},
    {Op::log, "T", singles},
    {Op::softmax, "T", singles},
    {Op::log_softmax, "T", singles},
    {Op::batch_normalization, "TTTTT", floats},
    {Op::layer_normalization, "TTt", floats},
    {Op::matmul, "TT", contracted},
    {Op::gemm, "TTt", contracted},
    {Op::conv, "TTt", floats},
    {Op::conv_transpose, "TTt", floats},
    {Op::max_pool, "T", numbers},
    {Op::average_pool, "T", floats},
    {Op::global_max_pool, "T", numbers},
    {Op::global_average_pool, "T", floats},
    {Op::reduce_sum, "Ti", numbers},
    {Op::reduce_mean, "Ti", numbers},
    {Op::reduce_max, "Ti", all_types},
    {Op::reduce_min, "Ti", all_types},
    {Op::arg_max, "T", numbers},
    {Op::identity, "T", all_types},
    {Op::reshape, "TI", all_types},
    {Op::flatten, "T", all_types},
    {Op::transpose, "T", all_types},
    {Op::squeeze, "Ti", all_types},
    {Op::unsqueeze, "TI", all_types},
    {Op::concat, "*", all_types},
    {Op::split, "Ti", all_types},
    {Op::slice, "TIIii", all_types},
    {Op::gather, "TI", all_types},
    {Op::pad, "TIti", all_types},
    {Op::expand, "TI", all_types},
    {Op::shape, "T", all_types},
    {Op::constant_of_shape, "IT", all_types},
};

static_assert(std::size(signatures) == [] {
  std::size_t operations = 0;
#define ISOTRACE_OP(number, name, onnx, imin, imax, omin, omax, attributes, label) ++operations;
#include <isotrace/core/ops.def>
#undef ISOTRACE_OP
  return operations;
}());

const Signature& find_signature(Op op) {
  const auto* row = std::find_if(std::begin(signatures), std::end(signatures),
                                 [op](const Signature& s) { return s.op == op; });
  ISOTRACE_CHECK(row != std::end(signatures), static_cast<int>(op));
  return *row;
}

/// Whether one operand has the type that a letter asks for.
bool fits_letter(char letter, Dtype dtype, Dtype data) {
  switch (letter) {
    case 'T':
    case 't': return dtype == data;
    case 'I':
    case 'i': return dtype == Dtype::i32 || dtype == Dtype::i64;
    default: return dtype == Dtype::boolean;
  }
}

/// Whether the operands are those of the signature for this data type, some optional ones left out.
bool fits(std::string_view letters, std::span<const Dtype> operands, Dtype data) {
  if (letters == "*") {
    return std::all_of(operands.begin(), operands.end(), [&](Dtype d) { return d == data; });
  }
  if (letters.empty()) return operands.empty();
  const bool optional = letters[0] >= 'a';
  if (!operands.empty() && fits_letter(letters[0], operands[0], data) &&
      fits(letters.substr(1), operands.subspan(1), data)) {
    return true;
  }
  return optional && fits(letters.substr(1), operands, data);
}

using SupportFunction = Support (*)(Op, Dtype);

CapabilityMatrix make_matrix(SupportFunction support) {
  CapabilityMatrix matrix;
  for (const core::OpInfo& info : core::all_ops()) {
    for (std::uint8_t number = 1; const auto dtype = core::dtype_from_number(number); ++number) {
      const bool defined = (find_signature(info.op).data & set_of(*dtype)) != 0;
      matrix.push_back({info.op, *dtype, defined ? support(info.op, *dtype) : Support::refused});
    }
  }
  return matrix;
}

Support reference_support(Op, Dtype) { return Support::reference_loop; }

Support cpu_support(Op op, Dtype dtype) {
  const bool packed = op == Op::matmul || op == Op::gemm || op == Op::conv;
  return packed && dtype == Dtype::f32 ? Support::simd : Support::reference_loop;
}

std::string dtypes_text(std::span<const Dtype> dtypes) {
  std::string text;
  for (const Dtype dtype : dtypes) {
    if (!text.empty()) text += ' ';
    text += core::dtype_name(dtype);
  }
  return text;
}

}  // namespace

std::string_view support_name(Support support) {
  switch (support) {
    case Support::refused: return "refused";
    case Support::reference_loop: return "reference_loop";
    case Support::simd: return "simd";
  }
  ISOTRACE_CHECK(false, static_cast<int>(support));
}

core::Result<CapabilityMatrix> capability_matrix(std::string_view backend) {
  if (backend == "reference") return make_matrix(&reference_support);
  if (backend == "cpu") return make_matrix(&cpu_support);
  return core::refuse(core::RefusalCode::backend_unknown, std::string(backend));
}

core::Result<Support> find_support(const CapabilityMatrix& matrix, const core::Node& node,
                                   std::span<const Dtype> operand_dtypes) {
  const core::OpInfo& info = core::op_info(node.op);
  bool operation_served = false;
  for (const Capability& entry : matrix) {
    if (entry.op != node.op || entry.support == Support::refused) continue;
    operation_served = true;
    if (fits(find_signature(node.op).operands, operand_dtypes, entry.dtype)) return entry.support;
  }
  if (!operation_served) {
    return core::refuse(core::RefusalCode::backend_operation_unsupported, std::string(info.name));
  }
  return core::refuse(core::RefusalCode::operation_dtype_unsupported, std::string(info.name),
                      dtypes_text(operand_dtypes));
}

}  // namespace isotrace::backends
