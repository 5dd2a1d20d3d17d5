#include <isotrace/tools/commands/array_text.hpp>

#include <algorithm>
#include <vector>

#include <isotrace/core/text.hpp>

namespace isotrace::tools {
namespace {

constexpr std::size_t summarised_above = 1000;
constexpr std::size_t edge = 3;
constexpr std::size_t columns = 78;

class ArrayText {
 public:
  explicit ArrayText(const core::TensorView& tensor) : tensor_(tensor) {
    stride_.resize(tensor.rank(), 1);
    for (std::size_t axis = tensor.rank(); axis-- > 1;) {
      stride_[axis - 1] = stride_[axis] * size(axis);
    }
    measure(0, 0);
  }

  std::string make() {
    block(0, 0);
    return std::move(text_) + "\n";
  }

 private:
  [[nodiscard]] std::size_t size(std::size_t axis) const {
    return static_cast<std::size_t>(tensor_.dim(axis));
  }
  [[nodiscard]] bool is_cut(std::size_t axis) const {
    return tensor_.elements() > summarised_above && size(axis) > 2 * edge;
  }
  /// Calls `visit(index)` for every index along an axis that is shown.
  template <class Visit>
  void each_shown(std::size_t axis, Visit visit) const {
    for (std::size_t i = 0; i < size(axis); ++i) {
      if (is_cut(axis) && i == edge) i = size(axis) - edge;
      visit(i);
    }
  }

  void measure(std::size_t axis, std::size_t first) {
    if (axis == tensor_.rank()) {
      width_ = std::max(width_, core::element_decimal(tensor_, first).size());
      return;
    }
    each_shown(axis, [&](std::size_t i) { measure(axis + 1, first + i * stride_[axis]); });
  }

  void block(std::size_t axis, std::size_t first) {
    if (axis == tensor_.rank()) return put(core::element_decimal(tensor_, first));
    text_ += '[';
    ++column_;
    const std::size_t begun = axis + 1;
    each_shown(axis, [&](std::size_t i) {
      if (i != 0) separate(axis, begun);
      if (is_cut(axis) && i == size(axis) - edge) {
        text_ += "...";
        column_ += 3;
        separate(axis, begun);
      }
      block(axis + 1, first + i * stride_[axis]);
    });
    text_ += ']';
    ++column_;
  }

  /// Between elements a space, or a new line where the next would be too far right; between rows
  /// one line break per closing bracket.
  void separate(std::size_t axis, std::size_t indent) {
    const std::size_t breaks = tensor_.rank() - 1 - axis;
    if (breaks == 0 && column_ + 1 + width_ <= columns) {
      text_ += ' ';
      ++column_;
      return;
    }
    text_ += std::string(std::max<std::size_t>(breaks, 1), '\n') + std::string(indent, ' ');
    column_ = indent;
  }

  void put(const std::string& element) {
    text_ += std::string(width_ - element.size(), ' ') + element;
    column_ += width_;
  }

  const core::TensorView& tensor_;
  std::vector<std::size_t> stride_;
  std::size_t width_ = 0;
  std::size_t column_ = 0;
  std::string text_;
};

}  // namespace

std::string array_text(const core::TensorView& tensor) { return ArrayText(tensor).make(); }

}  // namespace isotrace::tools
