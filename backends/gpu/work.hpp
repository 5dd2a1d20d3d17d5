// The steps that operations are made of, each one launch or a few: arrays in the memory of a
// device, and functions of them. What the reference computes in one loop is here a chain of such
// steps with the same roundings; NaN becomes canonical after each instead of once, which nothing
// in between can tell.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <isotrace/backends/gpu/device.hpp>
#include <isotrace/backends/gpu/kernels/elementwise.hpp>
#include <isotrace/backends/gpu/kernels/math_arguments.hpp>
#include <isotrace/backends/gpu/kernels/product.hpp>
#include <isotrace/backends/gpu/kernels/reduce.hpp>
#include <isotrace/core/program.hpp>

namespace isotrace::backends::gpu {

using Shape = core::Shape;
using Strides = std::vector<std::int64_t>;

/// A tensor on the device.
struct Array {
  core::Dtype dtype;
  Shape shape;
  std::size_t elements;
  std::shared_ptr<const Buffer> buffer;

  [[nodiscard]] std::size_t bytes() const { return elements * core::dtype_bytes(dtype); }
  template <class T>
  [[nodiscard]] T* data() const {
    return reinterpret_cast<T*>(buffer->address());
  }
  /// The same elements under another shape of as many.
  [[nodiscard]] Array reshaped(Shape other) const {
    return {dtype, std::move(other), elements, buffer};
  }
};

using Made = core::Result<Array>;

/// A correctly rounded function: its kernel, and what settles an element that the kernel leaves in
/// doubt.
struct Function {
  std::string_view kernel;
  float (*settle)(float);
  std::string_view wide_kernel;  ///< of f64
  double (*settle_wide)(double);
};
namespace functions {
extern const Function exp, expm1, log, log1p, tanh, erf;
}  // namespace functions
/// The function that an operation is, or nullptr.
const Function* find_function(core::Op op);

/// The type that elements of a type are computed in (kernels/numbers.hpp): f32, f64, i64 or u64.
core::Dtype wide_type(core::Dtype dtype);
/// Calls f with a number of this type, which is one of these four.
template <class F>
auto visit_wide(core::Dtype wide, F f) {
  switch (wide) {
    case core::Dtype::f32: return f(float{});
    case core::Dtype::f64: return f(double{});
    case core::Dtype::i64: return f(std::int64_t{});
    default: ISOTRACE_CHECK(wide == core::Dtype::u64, core::dtype_name(wide));
  }
  return f(std::uint64_t{});
}
/// The same for f32 and f64.
template <class F>
auto visit_real(core::Dtype wide, F f) {
  if (wide == core::Dtype::f32) return f(float{});
  ISOTRACE_CHECK(wide == core::Dtype::f64, core::dtype_name(wide));
  return f(double{});
}
/// "map_unary_f32": the kernel of a kind for numbers of a type.
std::string of_type(std::string_view kernel, core::Dtype wide);
/// "choose_4": the kernel of a kind for elements of the size of a type.
std::string of_size(std::string_view kernel, core::Dtype dtype);
/// Calls f with an unsigned integer of the size of the elements.
template <class F>
auto visit_size(core::Dtype dtype, F f) {
  switch (core::dtype_bytes(dtype)) {
    case 1: return f(std::uint8_t{});
    case 2: return f(std::uint16_t{});
    case 4: return f(std::uint32_t{});
    default: return f(std::uint64_t{});
  }
}

/// A parameter of a kernel that is a number of the type it computes in: a real number, rounded to
/// that type, or an integer.
struct Parameter {
  Parameter(double number) : real(number) {}  // NOLINT(google-explicit-constructor): a number
  static Parameter of_integer(std::int64_t number) {
    Parameter parameter(0);
    parameter.whole = number;
    return parameter;
  }
  template <class Number>
  [[nodiscard]] Number as() const {
    if constexpr (is_real<Number>) {
      return static_cast<Number>(real);
    } else {
      return static_cast<Number>(whole);
    }
  }
  double real;
  std::int64_t whole = 0;
};
/// What the maximum (or minimum) of no elements of a type is, in its wide type.
Parameter least_of(core::Dtype dtype);
Parameter greatest_of(core::Dtype dtype);

class Work {
 public:
  explicit Work(Device& device) : device_(device) {}
  [[nodiscard]] Device& device() const { return device_; }

  Made make(core::Dtype dtype, Shape shape);
  Made upload(const core::TensorView& tensor);
  core::Result<core::Tensor> download(const Array& array);
  /// core::tensor_digest of its elements, of which none leaves the device.
  core::Result<core::Digest> digest(const Array& array);

  /// In another type, as Cast does; `saturate` is for 8-bit floats.
  Made cast(const Array& x, core::Dtype to, bool saturate);
  /// The same, but x itself where it has the type already.
  Made convert(const Array& x, core::Dtype to) {
    return x.dtype == to ? Made(x) : cast(x, to, false);
  }
  Made widen(const Array& x) { return convert(x, wide_type(x.dtype)); }

  /// All but the functions, which are of f32 or f64, take any wide type, the same for all operands.
  /// Operands of several broadcast; all refuse backend_operation_unsupported where a broadcast has
  /// more axes than kernels count. Refused as operand_value_invalid: integers divided by zero.
  Made unary(Unary op, const Array& x, Parameter p = 0, Parameter q = 0);
  Made binary(Binary op, const Array& a, const Array& b, Parameter p = 0, Parameter q = 0);
  Made multiply_add(const Array& a, const Array& b, const Array& c);
  Made function(const Function& f, const Array& x);
  /// x^y, x of f32 or f64 and y of any number type.
  Made power(const Array& x, const Array& y);
  /// x^y of integers x (of i64 or u64), y of any number type. Refused as operand_value_invalid: a
  /// negative power of zero. Where y is not whole, x^y in f32 as an element of `narrow`, the type
  /// of x in the tensor.
  Made whole_power(const Array& x, const Array& y, core::Dtype narrow);
  /// boolean
  Made compare(Comparison op, const Array& a, const Array& b);
  /// condition ? a : b, of any type.
  Made choose(const Array& condition, const Array& a, const Array& b);
  /// A tensor without axes of a wide type.
  Made number(core::Dtype wide, Parameter value);

  /// Softmax, and LayerNormalization with its means and factors, of rows of f32 that lie together;
  /// nothing where they are longer than a kernel holds, or an element is in doubt.
  core::Result<std::optional<Array>> softmax_rows(const Array& x, std::uint64_t length);
  struct NormalisedRows {
    Array out;
    Array means;
    Array factors;
  };
  core::Result<std::optional<NormalisedRows>> normalise_rows(const Array& x, std::uint64_t length,
                                                             const Array& scale,
                                                             const std::optional<Array>& bias,
                                                             float epsilon);

  /// Over these axes (sorted), which keep size 1. `empty` is what comes of no elements; if it is
  /// left out, 1 for products, infinities for extremes, else 0.
  Made reduce(Reduction op, const Array& x, const std::vector<std::size_t>& axes,
              std::optional<Parameter> empty = {});

  /// to[start_to + ...] = x[start_from + ...] for every position of `sizes`.
  struct Copy {
    Shape sizes;
    Strides from;
    std::int64_t from_start = 0;
    Strides to;
    std::int64_t to_start = 0;
  };
  core::Result<core::Done> copy(const Array& x, const Copy& copy, const Array& to);
  /// A result of this shape, each element read from where the strides say.
  Made gather(const Array& x, Shape shape, const Strides& strides, std::int64_t start);
  /// A result of as many elements per axis as its table has entries (CopyByTables); `fill` holds
  /// one element.
  Made look_up(const Array& x, const std::vector<std::vector<std::int64_t>>& tables,
               core::ByteView fill);
  /// A result of this shape whose elements are numbered by `places` (CopyByPlaces): 0 is a zero,
  /// then come those of x, then those of y.
  Made pick(const Array& x, const Array& y, std::span<const std::int64_t> places, Shape shape);

  template <class Arguments>
  core::Result<core::Done> launch(std::string_view kernel, Grid grid, const Arguments& arguments) {
    static_assert(std::is_trivially_copyable_v<Arguments>);
    return device_.launch(kernel, grid,
                          {reinterpret_cast<const std::uint8_t*>(&arguments), sizeof(Arguments)});
  }
  /// A kernel for each of arguments.count elements.
  template <class Arguments>
  core::Result<core::Done> launch_each(std::string_view kernel, const Arguments& arguments) {
    if (arguments.count == 0) return core::Done{};
    constexpr std::uint64_t each = elements_each<Arguments>;
    ISOTRACE_TRY(const Grid grid, grid_for((arguments.count + each - 1) / each));
    return launch(kernel, grid, arguments);
  }
  /// One element of an array.
  template <class Number>
  core::Result<Number> read(const Array& array, std::uint64_t index) {
    Number value{};
    ISOTRACE_TRY_DONE(device_.download({reinterpret_cast<std::uint8_t*>(&value), sizeof(value)},
                                       array.buffer->address() + index * sizeof(value)));
    return value;
  }
  template <class Number>
  Made send(const std::vector<Number>& values) {
    return upload(core::Tensor::of<Number>({std::ssize(values)}, std::span<const Number>(values)));
  }
  /// Plain data that is no tensor, as bytes.
  template <class Plain>
  Made send_plain(const std::vector<Plain>& values) {
    static_assert(std::is_trivially_copyable_v<Plain>);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
    return send(std::vector<std::uint8_t>(bytes, bytes + values.size() * sizeof(Plain)));
  }

 private:
  static core::Result<Grid> grid_for(std::uint64_t count);
  template <class Number>
  Made reduce_rows(Reduction op, Array values, std::uint64_t rows, std::uint64_t length,
                   Number neutral);

  /// The memory in which a kernel lists the elements that it leaves in doubt.
  struct DoubtList {
    Array count;
    Array elements;
    [[nodiscard]] Doubts arguments() const;
  };
  core::Result<DoubtList> make_doubts();
  /// Numbers of the elements in doubt; nothing if there are more than a list holds.
  core::Result<std::optional<std::vector<std::uint64_t>>> read_doubts(const DoubtList& list);
  /// Writes settle(element) for the elements listed, or without a list for all.
  template <class Number>
  core::Result<core::Done> settle(const std::optional<std::vector<std::uint64_t>>& listed,
                                  const Array& out,
                                  const std::function<core::Result<Number>(std::uint64_t)>& answer);
  template <class Number>
  Made power_of(const Array& x, const Array& y);
  /// The same of out[i] = f(x[i]).
  template <class Number>
  core::Result<core::Done> settle_function(Number (*f)(Number), const Array& x,
                                           const DoubtList& doubts, const Array& out);

  Device& device_;
};

}  // namespace isotrace::backends::gpu
