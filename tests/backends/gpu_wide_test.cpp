// What needs more than f32 or 64 bits on the way, on the kernels compiled for the host, against the
// reference: functions of f64, powers and means of integers.
#include <cmath>
#include <limits>

#include <isotrace/core/dtype.hpp>
#include <tests/backends/gpu_on_host.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;
using core::Tensor;

constexpr Dtype whole[] = {Dtype::i8,  Dtype::u8,  Dtype::i16, Dtype::u16,
                           Dtype::i32, Dtype::u32, Dtype::i64, Dtype::u64};

Tensor doubles(const std::vector<double>& values) {
  return Tensor::of<double>({std::ssize(values)}, std::span<const double>(values));
}

/// Arguments of every size, and those around which the results change their kind.
std::vector<double> arguments(std::uint64_t seed) {
  core::PhiloxStream random(seed);
  std::vector<double> values = {0.0,
                                -0.0,
                                1,
                                std::nextafter(1.0, 2.0),
                                std::nextafter(1.0, 0.0),
                                0x1.62e42fefa39efp+9,
                                0x1.62e42fefa39fp+9,
                                -708.3,
                                -708.4,
                                -745.1,
                                -745.14,
                                -746,
                                -747,
                                5e-324,
                                0x1p-1022,
                                0x1p-600,
                                0x1p600,
                                std::numeric_limits<double>::max(),
                                std::numeric_limits<double>::infinity(),
                                -std::numeric_limits<double>::infinity(),
                                std::numeric_limits<double>::quiet_NaN(),
                                -3};
  for (int i = 0; i < 3000; ++i) {
    const double unit = random.next_u32() * 0x1p-32 + random.next_u32() * 0x1p-64;
    const auto kind = random.next_below(4);
    if (kind == 0) values.push_back(2000 * unit - 1000);
    if (kind == 1) values.push_back(unit);
    if (kind == 2) values.push_back(-740 - 10 * unit);  // subnormal powers
    if (kind == 3)
      values.push_back(std::ldexp(unit, static_cast<int>(random.next_below(2000)) - 1060));
  }
  return values;
}

TEST(GpuWide, functions_of_f64_have_the_bits_of_the_reference) {
  OnHost host(8, HostOrder::forwards);
  for (const Op op : {Op::exp, Op::log, Op::sin, Op::cos, Op::tan, Op::asin, Op::acos, Op::atan,
                      Op::sinh, Op::cosh, Op::tanh, Op::asinh, Op::acosh, Op::atanh, Op::erf}) {
    const core::Node node{op, {0}, {1}, {}, "function"};
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      expect_reference_bits(*host.backend, node, {doubles(arguments(seed))}, std::to_string(seed));
    }
    expect_reference_bits(*host.backend, node, {draw_bits(Dtype::f64, {5000}, 7)}, "bits");
    expect_reference_bits(*host.backend, node, {Tensor(Dtype::f64, {0, 3})}, "nothing");
  }
  EXPECT_EQ(host.device->launches().at("map_exp_f64"), 5);
  EXPECT_EQ(host.device->launches().at("map_erf_f64"), 5);
}

core::Node with_parameters(Op op) {
  core::Node node{op, {0}, {1}, {}, "activation"};
  if (op == Op::elu || op == Op::selu || op == Op::celu) node.attributes = {{"alpha", 1.3F}};
  if (op == Op::selu) node.attributes.push_back({"gamma", 1.05F});
  return node;
}

TEST(GpuWide, activations_of_f64_have_the_bits_of_the_reference) {
  OnHost host(8, HostOrder::forwards);
  for (const Op op : {Op::elu, Op::selu, Op::celu, Op::sigmoid, Op::softplus, Op::mish, Op::gelu}) {
    std::vector<core::Node> nodes;
    if (op == Op::gelu) {
      for (const char* kind : {"none", "tanh"}) {
        nodes.push_back({op, {0}, {1}, {{"approximate", std::string(kind)}}, kind});
      }
    } else {
      nodes.push_back(with_parameters(op));
    }
    for (const core::Node& node : nodes) {
      const std::string what = std::string(core::op_info(op).name) + " " + node.name;
      for (std::uint64_t seed = 0; seed < 2; ++seed) {
        expect_reference_bits(*host.backend, node, {doubles(arguments(seed))}, what);
      }
      expect_reference_bits(*host.backend, node, {draw_bits(Dtype::f64, {3000}, 7)}, what);
      expect_reference_bits(*host.backend, node, {Tensor(Dtype::f64, {0, 3})}, what);
    }
  }
}

TEST(GpuWide, softmax_of_f64_has_the_bits_of_the_reference) {
  OnHost host(8, HostOrder::backwards);
  for (const Op op : {Op::softmax, Op::log_softmax}) {
    for (const std::int64_t axis : {0, 1, -1}) {
      const core::Node node{
          op, {0}, {1}, {{"axis", axis}, {"flatten", std::int64_t{axis == 1}}}, "rows"};
      for (const core::Shape& shape : {core::Shape{3, 5, 7}, core::Shape{1, 1}, core::Shape{2, 600},
                                       core::Shape{0, 4}, core::Shape{4, 0}}) {
        Tensor x = cast_to(draw(shape, 3), Dtype::f64);
        for (double& value : x.data<double>()) value *= 1 + 0x1p-40;
        expect_reference_bits(*host.backend, node, {x}, "special");
        expect_reference_bits(*host.backend, node, {draw_bits(Dtype::f64, shape, 4)}, "bits");
      }
    }
  }
}

/// Bases around 1, of every size and of every kind.
std::vector<double> bases() {
  std::vector<double> values = arguments(11);
  values.resize(400);
  core::PhiloxStream random(12);
  for (int i = 0; i < 200; ++i) {
    const auto steps = static_cast<double>(random.next_below(2001)) - 1000;
    values.push_back(1 + steps * 0x1p-52);
    values.push_back(static_cast<double>(random.next_below(30)) - 15);  // whole: exact powers
    values.push_back(std::ldexp(1 + 2 * static_cast<double>(random.next_below(9)),
                                static_cast<int>(random.next_below(20)) - 18));
  }
  return values;
}

const std::vector<double> exponents = {0,
                                       -0.0,
                                       0.5,
                                       -0.5,
                                       1,
                                       -1,
                                       2,
                                       -2,
                                       3,
                                       4,
                                       -3,
                                       0.25,
                                       1.0 / 3,
                                       10,
                                       53,
                                       -60,
                                       1e5,
                                       0x1p53,
                                       -0x1p53,
                                       0x1p60,
                                       0x1p70,
                                       1e300,
                                       -1e300,
                                       5e-324,
                                       1e-20,
                                       2.5,
                                       -7.25,
                                       0x1p52 + 1,
                                       std::numeric_limits<double>::infinity(),
                                       -std::numeric_limits<double>::infinity(),
                                       std::numeric_limits<double>::quiet_NaN()};
const std::vector<std::int64_t> whole_exponents = {0,
                                                   1,
                                                   -1,
                                                   7,
                                                   -8,
                                                   (1LL << 53) - 1,
                                                   1LL << 53,
                                                   (1LL << 53) + 1,
                                                   -(1LL << 53) - 1,
                                                   (1LL << 53) + 2,
                                                   -(1LL << 60),
                                                   (1LL << 60) + 1,
                                                   std::numeric_limits<std::int64_t>::max(),
                                                   std::numeric_limits<std::int64_t>::min()};

TEST(GpuWide, powers_of_f64_take_exponents_of_every_type) {
  OnHost host(8, HostOrder::forwards);
  const core::Node node{Op::pow, {0, 1}, {2}, {}, "power"};
  std::vector<double> column = bases();
  const auto count = std::ssize(column);
  Tensor x = Tensor::of<double>({count, 1}, std::span<const double>(column));
  expect_reference_bits(*host.backend, node, {x, doubles(exponents)}, "kinds");
  std::vector<double> any = arguments(5);
  any.resize(100);
  expect_reference_bits(*host.backend, node, {x, doubles(any)}, "any");
  expect_reference_bits(
      *host.backend, node,
      {x, Tensor::of<std::int64_t>({std::ssize(whole_exponents)},
                                   std::span<const std::int64_t>(whole_exponents))},
      "integers");
  for (const Dtype type : {Dtype::i8, Dtype::u8, Dtype::i16, Dtype::u64, Dtype::f16, Dtype::bf16,
                           Dtype::f32, Dtype::f8e4m3fn}) {
    expect_reference_bits(*host.backend, node, {x, draw_bits(type, {1, 9}, 3)},
                          std::string(core::dtype_name(type)));
  }
  expect_reference_bits(*host.backend, node,
                        {draw_bits(Dtype::f64, {4000}, 1), draw_bits(Dtype::f64, {4000}, 2)},
                        "bits");
  // 3^34 lies half way between two numbers: more in doubt than a list of them holds.
  const Tensor three = Tensor::of<double>({1}, {3});
  expect_reference_bits(*host.backend, node, {three, doubles(std::vector<double>(70000, 34))},
                        "all in doubt");
}

core::Node reduction(Op op) {
  return {op,
          {0, 1},
          {2},
          {{"keepdims", std::int64_t{1}}, {"noop_with_empty_axes", std::int64_t{0}}},
          "reduction"};
}

const Tensor last_axis = Tensor::of<std::int64_t>({1}, {-1});

TEST(GpuWide, logarithms_of_sums_are_of_f64_too) {
  OnHost host(8, HostOrder::backwards);
  for (const Op op : {Op::reduce_log_sum, Op::reduce_log_sum_exp}) {
    std::vector<double> values = arguments(3);
    values.resize(24 * (values.size() / 24));
    Tensor x = doubles(values);
    const Tensor rows = Tensor::of<double>({24, x.dim(0) / 24}, x.data<double>());
    expect_reference_bits(*host.backend, reduction(op), {rows, last_axis}, "special");
    expect_reference_bits(*host.backend, reduction(op), {rows, std::nullopt}, "all");
  }
}

TEST(GpuWide, means_of_integers_do_not_wrap) {
  OnHost host(8, HostOrder::forwards);
  const core::Node node = reduction(Op::reduce_mean);
  for (const Dtype dtype : whole) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const auto length = static_cast<std::int64_t>(seed == 5 ? 9000 : 1 + seed * seed * 7);
      const std::string what = std::string(core::dtype_name(dtype)) + std::to_string(length);
      expect_reference_bits(*host.backend, node, {draw_bits(dtype, {5, length}, seed), last_axis},
                            what);
      for (const int byte : {0x00, 0x7F, 0x80, 0xFF}) {  // i64: also far beyond 64 bits
        Tensor x(dtype, {2, length});
        for (std::uint8_t& one : x.mutable_bytes()) one = static_cast<std::uint8_t>(byte);
        expect_reference_bits(*host.backend, node, {x, last_axis}, what);
      }
    }
    // -1 is what -5 / 4 truncates to, and 0 of -3 / 4.
    expect_reference_bits(*host.backend, node, {draw_bits(dtype, {300, 2}, 9), last_axis}, "pairs");
  }
  const std::optional<Tensor> none[] = {Tensor(Dtype::i64, {2, 0}), last_axis};
  const std::optional<core::TensorView> views[] = {none[0]->view(), none[1]->view()};
  EXPECT_EQ(host.backend->run(node, views).error().code,
            reference::evaluate(node, views).error().code);
}

TEST(GpuWide, powers_of_integers_take_exponents_of_every_type) {
  OnHost host(8, HostOrder::forwards);
  const core::Node node{Op::pow, {0, 1}, {2}, {}, "power"};
  std::uint64_t seed = 0;
  for (const Dtype base : whole) {
    for (const Dtype type : {Dtype::i8, Dtype::u8, Dtype::i32, Dtype::i64, Dtype::u64, Dtype::f16,
                             Dtype::f32, Dtype::f64, Dtype::f8e5m2}) {
      const std::string what =
          std::string(core::dtype_name(base)) + " to " + std::string(core::dtype_name(type));
      Tensor x = draw_bits(base, {60, 1}, ++seed);
      const std::size_t size = core::dtype_bytes(base);
      for (std::size_t i = 0; i < x.bytes().size(); i += size) {
        if (x.bytes()[i] == 0) x.mutable_bytes()[i] = 1;  // no zero
      }
      for (std::size_t i = 0; i < 10 * size; ++i) x.mutable_bytes()[i] = i < 5 * size ? 0xFF : 0;
      for (std::size_t i = 5 * size; i < 10 * size; i += size)
        x.mutable_bytes()[i] = i == 5 * size ? 1 : 2;
      expect_reference_bits(*host.backend, node, {x, draw_bits(type, {1, 70}, seed)}, what);
    }
    // Halves, roots, infinite and no exponents; negative ones are reciprocals.
    const Tensor y = doubles({0.5,
                              -0.5,
                              0,
                              -0.0,
                              1,
                              2,
                              3,
                              -1,
                              -2,
                              -3,
                              63,
                              64,
                              65,
                              0x1p62,
                              0x1p63,
                              0x1p64,
                              1e300,
                              -1e300,
                              2.5,
                              -2.5,
                              std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::quiet_NaN()});
    Tensor x(base, {40, 1});
    const std::size_t size = core::dtype_bytes(base);
    for (std::size_t i = 0; i < 40; ++i)
      x.mutable_bytes()[i * size] = static_cast<std::uint8_t>(i + 1);
    expect_reference_bits(*host.backend, node, {x, y}, "kinds");
    const Tensor zero(base, {1});
    const std::optional<core::TensorView> views[] = {zero.view(), y.view()};
    const auto refused = host.backend->run(node, views);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, core::RefusalCode::operand_value_invalid);
  }
}

}  // namespace
}  // namespace isotrace::backends::gpu
