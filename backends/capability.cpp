#include <isotrace/backends/capability.hpp>

#include <algorithm>
#include <array>

#include <isotrace/backends/backend.hpp>
#include <isotrace/backends/cpu/math.hpp>
#include <isotrace/backends/gpu/operations.hpp>

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

constexpr DtypeSet float8s =
    set_of(Dtype::f8e4m3fn, Dtype::f8e4m3fnuz, Dtype::f8e5m2, Dtype::f8e5m2fnuz);
constexpr DtypeSet scales = set_of(Dtype::f32, Dtype::f16, Dtype::bf16);
/// Types whose functions are defined as correctly rounded in f32.
constexpr DtypeSet singles = scales | float8s;
constexpr DtypeSet floats = singles | set_of(Dtype::f64);
constexpr DtypeSet signed_integers = set_of(Dtype::i8, Dtype::i16, Dtype::i32, Dtype::i64);
constexpr DtypeSet unsigned_integers = set_of(Dtype::u8, Dtype::u16, Dtype::u32, Dtype::u64);
constexpr DtypeSet integers = signed_integers | unsigned_integers;
constexpr DtypeSet numbers = floats | integers;
constexpr DtypeSet contracted = floats | set_of(Dtype::i32, Dtype::u32, Dtype::i64, Dtype::u64);
constexpr DtypeSet booleans = set_of(Dtype::boolean);
constexpr DtypeSet ordered = numbers | booleans;
/// Types of less than 8 bits.
constexpr DtypeSet tiny = set_of(Dtype::i4, Dtype::u4, Dtype::i2, Dtype::u2, Dtype::f4e2m1);
constexpr DtypeSet all_types = ordered | tiny;
constexpr DtypeSet indices = set_of(Dtype::i32, Dtype::i64);
constexpr DtypeSet bytes = set_of(Dtype::i8, Dtype::u8);
constexpr DtypeSet quantised = tiny | bytes | float8s | set_of(Dtype::i16, Dtype::u16);

/// What an operation takes. Operands, one letter each: T the data type, I i32 or i64, C boolean,
/// N any number type, F any floating-point type, S f32, A a scale, R a scale or i32, K a quantised
/// type, B i8 or u8, J i32, L a sequence of T, W T or a sequence of T, V these or an optional of
/// either; lower case may be left out; * any number of T.
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
    {Op::bit_cast, "T", all_types},
    {Op::where, "CTT", all_types},
    {Op::equal, "TT", ordered},
    {Op::less, "TT", numbers},
    {Op::greater, "TT", numbers},
    {Op::logical_not, "T", booleans},
    {Op::logical_and, "TT", booleans},
    {Op::logical_or, "TT", booleans},
    {Op::logical_xor, "TT", booleans},
    {Op::less_or_equal, "TT", numbers},
    {Op::greater_or_equal, "TT", numbers},
    {Op::mod, "TT", numbers},
    {Op::sign, "T", numbers},
    {Op::round, "T", floats},
    {Op::is_nan, "T", floats},
    {Op::is_inf, "T", floats},
    {Op::bit_shift, "TT", unsigned_integers},
    {Op::bitwise_and, "TT", integers},
    {Op::bitwise_or, "TT", integers},
    {Op::bitwise_xor, "TT", integers},
    {Op::bitwise_not, "T", integers},
    {Op::mean, "*", floats},
    {Op::relu, "T", numbers},
    {Op::leaky_relu, "T", floats},
    {Op::prelu, "TT", numbers},
    {Op::elu, "T", floats},
    {Op::selu, "T", floats},
    {Op::sigmoid, "T", floats},
    {Op::hard_sigmoid, "T", floats},
    {Op::softplus, "T", floats},
    {Op::softsign, "T", floats},
    {Op::tanh, "T", floats},
    {Op::exp, "T", floats},
    {Op::log, "T", floats},
    {Op::softmax, "T", floats},
    {Op::log_softmax, "T", floats},
    {Op::batch_normalization, "TTTTT", floats},
    {Op::layer_normalization, "TTt", floats},
    {Op::instance_normalization, "TTT", floats},
    {Op::group_normalization, "TTT", floats},
    {Op::mean_variance_normalization, "T", floats},
    {Op::lp_normalization, "T", floats},
    {Op::lrn, "T", floats},
    {Op::thresholded_relu, "T", floats},
    {Op::shrink, "T", numbers},
    {Op::celu, "T", floats},
    {Op::hard_swish, "T", floats},
    {Op::mish, "T", floats},
    {Op::gelu, "T", floats},
    {Op::hardmax, "T", floats},
    {Op::matmul, "TT", contracted},
    {Op::gemm, "TTt", contracted},
    {Op::conv, "TTt", floats},
    {Op::conv_transpose, "TTt", floats},
    {Op::rnn, "TTTtit", floats},
    {Op::gru, "TTTtit", floats},
    {Op::lstm, "TTTtittt", floats},
    {Op::deform_conv, "TTTtt", floats},
    {Op::max_pool, "T", numbers},
    {Op::average_pool, "T", floats},
    {Op::global_max_pool, "T", numbers},
    {Op::global_average_pool, "T", floats},
    {Op::lp_pool, "T", floats},
    {Op::global_lp_pool, "T", floats},
    {Op::max_unpool, "TIi", numbers},
    {Op::max_roi_pool, "TT", floats},
    {Op::roi_align, "TTI", floats},
    {Op::col2im, "TII", numbers},
    {Op::reduce_sum, "Ti", numbers},
    {Op::reduce_mean, "Ti", numbers},
    {Op::reduce_max, "Ti", ordered},
    {Op::reduce_min, "Ti", ordered},
    {Op::arg_max, "T", numbers},
    {Op::arg_min, "T", numbers},
    {Op::reduce_prod, "Ti", numbers},
    {Op::reduce_l1, "Ti", numbers},
    {Op::reduce_l2, "Ti", numbers},
    {Op::reduce_log_sum, "Ti", numbers},
    {Op::reduce_log_sum_exp, "Ti", numbers},
    {Op::reduce_sum_square, "Ti", numbers},
    {Op::cum_sum, "TI", numbers},
    {Op::cum_prod, "TI", numbers},
    {Op::top_k, "TI", numbers},
    {Op::identity, "V", all_types},
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
    {Op::sin, "T", floats},
    {Op::cos, "T", floats},
    {Op::tan, "T", floats},
    {Op::asin, "T", floats},
    {Op::acos, "T", floats},
    {Op::atan, "T", floats},
    {Op::sinh, "T", floats},
    {Op::cosh, "T", floats},
    {Op::asinh, "T", floats},
    {Op::acosh, "T", floats},
    {Op::atanh, "T", floats},
    {Op::erf, "T", floats},
    {Op::pow, "TN", numbers},
    {Op::resize, "Tfsi", all_types},
    {Op::grid_sample, "TF", numbers},
    {Op::affine_grid, "TI", floats},
    {Op::non_max_suppression, "TTitt", set_of(Dtype::f32)},
    {Op::tile, "TI", all_types},
    {Op::depth_to_space, "T", all_types},
    {Op::space_to_depth, "T", all_types},
    {Op::gather_elements, "TI", all_types},
    {Op::gather_nd, "TI", all_types},
    {Op::scatter_elements, "TIT", all_types},
    {Op::scatter_nd, "TIT", all_types},
    {Op::tensor_scatter, "TTi", all_types},
    {Op::one_hot, "NNT", all_types},
    {Op::eye_like, "T", all_types},
    {Op::trilu, "Ti", all_types},
    {Op::range, "TTT", numbers},
    {Op::compress, "TC", all_types},
    {Op::non_zero, "T", all_types},
    {Op::unique, "T", all_types},
    {Op::reverse_sequence, "TI", all_types},
    {Op::size, "T", all_types},
    {Op::center_crop_pad, "TI", all_types},
    {Op::sequence_construct, "*", all_types},
    {Op::sequence_empty, "", all_types},
    {Op::sequence_at, "LI", all_types},
    {Op::sequence_insert, "LTi", all_types},
    {Op::sequence_erase, "Li", all_types},
    {Op::sequence_length, "L", all_types},
    {Op::split_to_sequence, "Ti", all_types},
    {Op::concat_from_sequence, "L", all_types},
    {Op::optional, "w", all_types},
    {Op::optional_get_element, "V", all_types},
    {Op::optional_has_element, "v", all_types},
    {Op::quantize_linear, "TRk", scales | set_of(Dtype::i32)},
    {Op::dequantize_linear, "TAt", quantised | set_of(Dtype::i32)},
    {Op::dynamic_quantize_linear, "T", set_of(Dtype::f32)},
    {Op::matmul_integer, "TBtb", bytes},
    {Op::conv_integer, "TBtb", bytes},
    {Op::qlinear_matmul, "TATBABAB", bytes},
    {Op::qlinear_conv, "TATBABABj", bytes},
    {Op::einsum, "*", numbers},
    {Op::det, "T", floats},
    {Op::dft, "Tii", floats},
    {Op::stft, "TIti", floats},
    {Op::hann_window, "T", indices},
    {Op::hamming_window, "T", indices},
    {Op::blackman_window, "T", indices},
    {Op::mel_weight_matrix, "IIITT", floats},
    {Op::negative_log_likelihood_loss, "TIt", floats},
    {Op::tfidf_vectorizer, "T", indices},
    {Op::dropout, "TNC", floats},
};

static_assert(std::size(signatures) == [] {
  std::size_t operations = 0;
#define ISOTRACE_OP(number, name, onnx, imin, imax, omin, omax, attributes, label) ++operations;
#define ISOTRACE_CONTROL(...)
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

bool may_be_left_out(char letter) { return letter >= 'a'; }
char upper_case(char letter) {
  return may_be_left_out(letter) ? static_cast<char>(letter - 'a' + 'A') : letter;
}

/// The types of tensors that an operand with this upper-case letter may have.
DtypeSet types_of_letter(char letter, Dtype data) {
  switch (letter) {
    case 'T': return set_of(data);
    case 'I': return indices;
    case 'C': return booleans;
    case 'N': return numbers | tiny;
    case 'F': return floats;
    case 'S': return set_of(Dtype::f32);
    case 'A': return scales;
    case 'R': return scales | set_of(Dtype::i32);
    case 'K': return quantised;
    case 'B': return bytes;
    case 'J': return set_of(Dtype::i32);
    default: ISOTRACE_CHECK(false, letter);
  }
}

/// Whether one operand has the type that a letter of either case asks for.
bool fits_letter(char letter, Dtype dtype, Dtype data) {
  const char upper = upper_case(letter);
  switch (upper) {
    case 'L': return dtype == core::sequence_of(data);
    case 'W': return core::element_of(dtype) == data && !core::is_optional(dtype);
    case 'V': return core::element_of(dtype) == data;
    default: break;
  }
  return !core::is_structured(dtype) && (types_of_letter(upper, data) & set_of(dtype)) != 0;
}

/// Whether the operands are those of the signature for this data type, some optional ones left out.
bool fits(std::string_view letters, std::span<const Dtype> operands, Dtype data) {
  if (letters == "*") {
    return std::all_of(operands.begin(), operands.end(), [&](Dtype d) { return d == data; });
  }
  if (letters.empty()) return operands.empty();
  if (!operands.empty() && fits_letter(letters[0], operands[0], data) &&
      fits(letters.substr(1), operands.subspan(1), data)) {
    return true;
  }
  return may_be_left_out(letters[0]) && fits(letters.substr(1), operands, data);
}

using SupportFunction = Support (*)(Op, Dtype);

CapabilityMatrix make_matrix(SupportFunction support) {
  CapabilityMatrix matrix;
  for (const core::OpInfo& info : core::all_ops()) {
    if (info.control) continue;
    for (std::uint8_t number = 1; const auto dtype = core::dtype_from_number(number); ++number) {
      const bool defined = (find_signature(info.op).data & set_of(*dtype)) != 0;
      matrix.push_back({info.op, *dtype, defined ? support(info.op, *dtype) : Support::refused});
    }
  }
  return matrix;
}

Support reference_support(Op, Dtype) { return Support::reference_loop; }

// Operations of the cpu backend with code of its own, by the data types that it serves.
constexpr Op cpu_f32[] = {Op::add,
                          Op::sub,
                          Op::mul,
                          Op::div,
                          Op::neg,
                          Op::abs,
                          Op::reciprocal,
                          Op::sqrt,
                          Op::floor,
                          Op::ceil,
                          Op::max,
                          Op::min,
                          Op::sum,
                          Op::clip,
                          Op::where,
                          Op::relu,
                          Op::leaky_relu,
                          Op::hard_sigmoid,
                          Op::softsign,
                          Op::softmax,
                          Op::log_softmax,
                          Op::matmul,
                          Op::gemm,
                          Op::conv,
                          Op::max_pool,
                          Op::average_pool,
                          Op::global_max_pool,
                          Op::reduce_sum,
                          Op::reduce_mean,
                          Op::reduce_max,
                          Op::reduce_min,
                          Op::batch_normalization,
                          Op::layer_normalization,
                          Op::global_average_pool,
                          Op::quantize_linear,
                          Op::dynamic_quantize_linear,
                          Op::rnn,
                          Op::gru,
                          Op::lstm};
constexpr Op cpu_bytes[] = {Op::matmul_integer, Op::qlinear_matmul, Op::conv_integer,
                            Op::qlinear_conv, Op::dequantize_linear};
constexpr Op cpu_casts[] = {Op::cast};
constexpr Op cpu_all_types[] = {Op::transpose, Op::split,  Op::expand, Op::slice,
                                Op::concat,    Op::gather, Op::pad,    Op::constant_of_shape};

struct OwnCode {
  std::span<const Op> ops;
  DtypeSet types;
};
constexpr OwnCode cpu_code[] = {
    {cpu_f32, set_of(Dtype::f32)},
    {cpu_bytes, bytes},
    {cpu_casts, scales | bytes | booleans | set_of(Dtype::i16, Dtype::u16, Dtype::i32)},
    {cpu_all_types, all_types}};

Support cpu_support(Op op, Dtype dtype) {
  if (dtype == Dtype::f32 && cpu::find_math_function(op) != nullptr) return Support::simd;
  for (const OwnCode& code : cpu_code) {
    const bool own = std::find(code.ops.begin(), code.ops.end(), op) != code.ops.end();
    if (own && (code.types & set_of(dtype)) != 0) return Support::simd;
  }
  return Support::reference_loop;
}

/// Changes of shape reach no backend where the executor knows them (docs/backends.md); alone, and
/// tensors made of a shape or three numbers, they move nothing that a device would have to.
/// Sequences and optionals are the host's. How many elements the last three find decides shapes,
/// which the host must know.
constexpr Op host_operations[] = {Op::identity,
                                  Op::reshape,
                                  Op::flatten,
                                  Op::squeeze,
                                  Op::unsqueeze,
                                  Op::shape,
                                  Op::size,
                                  Op::eye_like,
                                  Op::range,
                                  Op::sequence_construct,
                                  Op::sequence_empty,
                                  Op::sequence_at,
                                  Op::sequence_insert,
                                  Op::sequence_erase,
                                  Op::sequence_length,
                                  Op::split_to_sequence,
                                  Op::concat_from_sequence,
                                  Op::optional,
                                  Op::optional_get_element,
                                  Op::optional_has_element,
                                  Op::non_zero,
                                  Op::unique,
                                  Op::non_max_suppression};

Support gpu_support(Op op, Dtype dtype) {
  if (gpu::is_on_device(op, dtype)) return Support::device;
  const bool host = std::ranges::find(host_operations, op) != std::end(host_operations);
  return host ? Support::reference_loop : Support::refused;
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
    case Support::device: return "device";
    case Support::plugin: return "plugin";
  }
  ISOTRACE_CHECK(false, static_cast<int>(support));
}

core::Result<CapabilityMatrix> capability_matrix(std::string_view backend) {
  if (backend == "reference") return make_matrix(&reference_support);
  if (backend == "cpu") return make_matrix(&cpu_support);
  if (backend == "cuda" || backend == "hip") return make_matrix(&gpu_support);
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
