// The steps that operations are made of, each one launch or a few: arrays in the memory of a
// device, and functions of them. What the reference computes in one loop is here a chain of such
// steps with the same roundings; NaN becomes canonical after each instead of once, which nothing
// in between can tell.
#pragma once

#include <vector>

#include <isotrace/backends/gpu/device.hpp>
#include <isotrace/backends/gpu/kernels/elementwise.hpp>
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
};
namespace functions {
extern const Function exp, expm1, log, log1p, tanh, erf;
}  // namespace functions
/// The function that an operation is, or nullptr.
const Function* find_function(core::Op op);

class Work {
 public:
  explicit Work(Device& device) : device_(device) {}
  [[nodiscard]] Device& device() const { return device_; }

  Made make(core::Dtype dtype, Shape shape);
  Made upload(const core::TensorView& tensor);
  core::Result<core::Tensor> download(const Array& array);

  /// f32 throughout. Operands of several broadcast; all refuse backend_operation_unsupported where
  /// a broadcast has more axes than kernels count.
  Made unary(Unary op, const Array& x, float p = 0, float q = 0);
  Made binary(Binary op, const Array& a, const Array& b, float p = 0, float q = 0);
  Made multiply_add(const Array& a, const Array& b, const Array& c);
  Made function(const Function& f, const Array& x);
  /// boolean
  Made compare(Comparison op, const Array& a, const Array& b);
  /// condition ? a : b, of any type.
  Made choose(const Array& condition, const Array& a, const Array& b);

  /// Over these axes (sorted), which keep size 1.
  Made reduce(Reduction op, const Array& x, const std::vector<std::size_t>& axes);

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

  template <class Arguments>
  core::Result<core::Done> launch(std::string_view kernel, Grid grid, const Arguments& arguments) {
    static_assert(std::is_trivially_copyable_v<Arguments>);
    return device_.launch(kernel, grid,
                          {reinterpret_cast<const std::uint8_t*>(&arguments), sizeof(Arguments)});
  }
  /// A kernel for each of arguments.count elements.
  template <class Arguments>
  core::Result<core::Done> launch_each(std::string_view kernel, const Arguments& arguments) {
    ISOTRACE_TRY(const Grid grid, grid_for(arguments.count));
    return launch(kernel, grid, arguments);
  }

 private:
  static core::Result<Grid> grid_for(std::uint64_t count);
  /// Computes the elements that a kernel has left in doubt: those listed, or without a list all.
  core::Result<core::Done> settle(const Function& f, const Array& x, const Array* doubtful,
                                  std::uint32_t doubts, const Array& out);

  Device& device_;
};

}  // namespace isotrace::backends::gpu
