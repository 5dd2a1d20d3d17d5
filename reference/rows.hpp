// Reduction and normalisation see a tensor as rows: the elements that share all positions but those
// along some axes, in row-major order of these axes.
#pragma once

#include <algorithm>

#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

class Rows {
 public:
  /// `axes` are resolved and sorted.
  Rows(Dims shape, const std::vector<std::size_t>& axes) {
    const Strides strides = row_major_strides(shape);
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      const bool within = std::find(axes.begin(), axes.end(), axis) != axes.end();
      (within ? inner_shape_ : outer_shape_).push_back(shape[axis]);
      (within ? inner_strides_ : outer_strides_).push_back(strides[axis]);
    }
  }

  [[nodiscard]] std::size_t count() const { return product(outer_shape_, 0, outer_shape_.size()); }
  /// Elements per row.
  [[nodiscard]] std::size_t length() const { return product(inner_shape_, 0, inner_shape_.size()); }

  /// visit(row number, offsets of the row's elements) for every row. Without rows nothing is done.
  template <class Visit>
  void visit(Visit visit_row) const {
    if (count() == 0) return;
    const std::vector<std::size_t> pattern = inner_offsets();
    std::vector<std::size_t> offsets(pattern.size());
    Odometer at(outer_shape_);
    at.add_stream(outer_strides_);
    for (std::size_t row = 0; row < count(); ++row) {
      const auto start = static_cast<std::size_t>(at.offset(0));
      std::transform(pattern.begin(), pattern.end(), offsets.begin(),
                     [start](std::size_t offset) { return start + offset; });
      visit_row(row, std::span<const std::size_t>(offsets));
      at.next();
    }
  }

 private:
  [[nodiscard]] std::vector<std::size_t> inner_offsets() const {
    std::vector<std::size_t> offsets(length());
    Odometer at(inner_shape_);
    at.add_stream(inner_strides_);
    for (std::size_t& offset : offsets) {
      offset = static_cast<std::size_t>(at.offset(0));
      at.next();
    }
    return offsets;
  }

  Shape outer_shape_;
  Shape inner_shape_;
  Strides outer_strides_;
  Strides inner_strides_;
};

}  // namespace isotrace::reference
