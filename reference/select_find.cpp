// Operations whose result's size depends on contents: Compress, NonZero, Unique
// (docs/spec/move.md).
#include <numeric>

#include <isotrace/reference/move.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {
namespace {

Shape with_size(const TensorView& x, std::size_t axis, std::size_t size) {
  Shape shape(x.shape().begin(), x.shape().end());
  shape[axis] = static_cast<std::int64_t>(size);
  return shape;
}

template <class T>
bool is_zero(T value) {
  if constexpr (is_boxed<T>) {
    return value.value == 0;
  } else {
    return widen(value) == 0;
  }
}

/// The elements in the order in which Unique sorts them: false before true, NaN last.
template <class T>
bool is_after(T a, T b) {
  if constexpr (is_boxed<T>) {
    return a.value > b.value;
  } else {
    return is_greater(widen(a), widen(b));
  }
}

/// The subtensors along an axis, told apart and ordered by their elements in row-major order.
template <class T>
class Subtensors {
 public:
  Subtensors(const TensorView& x, std::size_t axis) : data_(x.data<T>()), view_(x.shape(), axis) {}

  /// Negative, zero or positive as subtensor i comes before, equals or comes after subtensor j.
  [[nodiscard]] int compare(std::size_t i, std::size_t j) const {
    int order = 0;
    for (std::size_t before = 0; order == 0 && before < view_.outer; ++before) {
      for (std::size_t after = 0; order == 0 && after < view_.inner; ++after) {
        const T a = data_[view_.offset(before, i, after)];
        const T b = data_[view_.offset(before, j, after)];
        order = static_cast<int>(is_after(a, b)) - static_cast<int>(is_after(b, a));
      }
    }
    return order;
  }

 private:
  std::span<const T> data_;
  AxisView view_;
};

/// Which subtensors are equal.
struct Groups {
  std::vector<std::size_t> first;    ///< per group: its first subtensor
  std::vector<std::size_t> members;  ///< per group: how many
  std::vector<std::size_t> of;       ///< per subtensor: its group
};

template <class T>
Groups find_groups(const TensorView& x, std::size_t axis, bool sorted) {
  const Subtensors<T> subtensors(x, axis);
  const auto size = static_cast<std::size_t>(x.dim(axis));
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return subtensors.compare(i, j) < 0; });
  std::vector<std::size_t> leader(size);  // per subtensor: the first one that equals it
  std::vector<std::size_t> leaders;
  for (std::size_t n = 0; n < size; ++n) {
    if (n == 0 || subtensors.compare(order[n - 1], order[n]) != 0) leaders.push_back(order[n]);
    leader[order[n]] = leaders.back();
  }
  if (!sorted) std::sort(leaders.begin(), leaders.end());
  Groups groups;
  groups.first = leaders;
  groups.members.resize(leaders.size());
  std::vector<std::size_t> group_of_leader(size);
  for (std::size_t g = 0; g < leaders.size(); ++g) group_of_leader[leaders[g]] = g;
  for (std::size_t i = 0; i < size; ++i) {
    groups.of.push_back(group_of_leader[leader[i]]);
    ++groups.members[groups.of.back()];
  }
  return groups;
}

Tensor integers_of(const std::vector<std::size_t>& values) {
  Tensor out(Dtype::i64, Shape{std::ssize(values)});
  std::ranges::transform(values, out.data<std::int64_t>().begin(),
                         [](std::size_t v) { return static_cast<std::int64_t>(v); });
  return out;
}

}  // namespace

// [move.compress]
Outcome evaluate_compress(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& condition = call.operand(1);
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(call.node.integer("axis"), x.rank()));
  if (condition.dtype() != Dtype::boolean) return refuse_dtype(condition.dtype());
  if (condition.rank() != 1 || condition.dim(0) > x.dim(axis)) {
    return refuse_shape("condition " + core::shape_text(condition.shape()) + " for " +
                        std::to_string(x.dim(axis)));
  }
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < condition.elements(); ++i) {
    if (condition.data<Bool8>()[i].value != 0) positions.push_back(i);
  }
  return one(take_along(x, axis, positions, with_size(x, axis, positions.size())));
}

// [move.non_zero]
Outcome evaluate_non_zero(const Call& call) {
  const TensorView& x = call.operand(0);
  std::vector<std::size_t> found;
  ISOTRACE_TRY_DONE(visit_all(x.dtype(), [&](auto type) -> Result<core::Done> {
    const auto data = x.data<typename decltype(type)::type>();
    for (std::size_t i = 0; i < data.size(); ++i) {
      if (!is_zero(data[i])) found.push_back(i);
    }
    return core::Done{};
  }));
  const Shape shape = {static_cast<std::int64_t>(x.rank()), std::ssize(found)};
  ISOTRACE_TRY(Tensor out, Tensor::make(Dtype::i64, shape));
  const Strides strides = row_major_strides(x.shape());
  for (std::size_t n = 0; n < found.size(); ++n) {
    for (std::size_t axis = 0; axis < x.rank(); ++axis) {
      out.data<std::int64_t>()[axis * found.size() + n] =
          static_cast<std::int64_t>(found[n]) / strides[axis] % x.dim(axis);
    }
  }
  return one(std::move(out));
}

// [move.unique]
Outcome evaluate_unique(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(call.node.integer("axis"), x.rank()));
  const bool sorted = call.node.integer("sorted") != 0;
  ISOTRACE_TRY(const Groups groups, visit_all(x.dtype(), [&](auto type) -> Result<Groups> {
                 return find_groups<typename decltype(type)::type>(x, axis, sorted);
               }));
  std::vector<Tensor> results;
  ISOTRACE_TRY(Tensor kept,
               take_along(x, axis, groups.first, with_size(x, axis, groups.first.size())));
  results.push_back(std::move(kept));
  for (const auto* list : {&groups.first, &groups.of, &groups.members}) {
    results.push_back(integers_of(*list));
  }
  results.resize(call.node.outputs.size());
  return results;
}

}  // namespace isotrace::reference
