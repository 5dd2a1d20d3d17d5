#include <isotrace/executor/bounds/judge.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <isotrace/executor/bounds/families.hpp>

namespace isotrace::executor {
namespace {

using core::TensorView;

constexpr double infinity = std::numeric_limits<double>::infinity();

std::string kind_text(const TensorView& tensor) {
  return std::string(core::dtype_name(tensor.dtype())) + core::shape_text(tensor.shape());
}

/// Whether the bits of element i are the same.
bool same_bits(const TensorView& a, const TensorView& b, std::size_t i) {
  const std::size_t size = core::dtype_bytes(a.dtype());
  return std::memcmp(a.bytes().data() + i * size, b.bytes().data() + i * size, size) == 0;
}

/// Infinity on one side alone is a matter of rounding where the band reaches beyond the format's
/// greatest number on that side and holds the finite value of the other.
bool may_overflow(const Arithmetic& arithmetic, Band band, double infinite, double finite) {
  const double edge = std::copysign(std::fabs(band.middle) + band.error, band.middle);
  if (arithmetic.is_finite({edge, 0}) || std::signbit(edge) != std::signbit(infinite)) return false;
  return std::fabs(finite - band.middle) <= band.error;
}

/// An element in a band that is known.
ElementUse use_of(const Arithmetic* arithmetic, Band band, double ours, double theirs) {
  const ElementUse wrong = {0, std::fabs(theirs - ours), band.error, infinity};
  if (std::isnan(ours) || std::isnan(theirs)) {
    return std::isnan(ours) && std::isnan(theirs) ? ElementUse{} : wrong;
  }
  if (!std::isfinite(band.middle)) return wrong;
  if (std::isinf(ours) || std::isinf(theirs)) {
    if (std::isinf(ours) && std::isinf(theirs)) return wrong;
    const double infinite = std::isinf(ours) ? ours : theirs;
    const double finite = std::isinf(ours) ? theirs : ours;
    const bool fine = arithmetic != nullptr && may_overflow(*arithmetic, band, infinite, finite);
    return fine ? ElementUse{0, band.error, band.error, 1} : wrong;
  }
  const double own = std::fabs(ours - band.middle);
  if (own > band.error) return wrong;  // not even the canonical value is one that may come out
  const double allowed = (band.error + own) * (1 + 0x1p-50);
  const double used = std::fabs(theirs - ours);
  const double ratio = used == 0 ? 0 : used / allowed;
  return {0, used, allowed, ratio};
}

class Judge {
 public:
  Judge(const TensorView& canonical, const TensorView& foreign, const ResultBound* bound)
      : ours_(canonical), theirs_(foreign), bound_(bound) {
    judged_.elements = canonical.elements();
    if (core::is_float(canonical.dtype())) arithmetic_.emplace(canonical.dtype(), BoundOptions{});
  }

  TensorJudgement run() {
    const bool banded = bound_ != nullptr && !bound_->exact;
    const Reals ours = read_reals(ours_);
    const Reals theirs = read_reals(theirs_);
    for (std::size_t i = 0; i < judged_.elements; ++i) {
      const bool nan = std::isnan(ours[i]) && std::isnan(theirs[i]);
      if (nan || same_bits(ours_, theirs_, i)) continue;
      ++judged_.differing;
      if (bound_ == nullptr || (banded && !std::isfinite(bound_->bands[i].error))) {
        ++judged_.unbounded;
      } else if (banded) {
        note(i,
             use_of(arithmetic_ ? &*arithmetic_ : nullptr, bound_->bands[i], ours[i], theirs[i]));
      } else {
        note(i, {0, std::fabs(theirs[i] - ours[i]), 0, infinity});
      }
    }
    finish();
    return std::move(judged_);
  }

 private:
  void note(std::size_t element, ElementUse use) {
    use.element = element;
    if (use.ratio > 1) ++judged_.outside;
    if (bound_ != nullptr && !bound_->exact) ratios_.push_back(use.ratio);
    if (!judged_.worst || use.ratio > judged_.worst->ratio) judged_.worst = use;
  }

  void finish() {
    if (judged_.outside != 0) {
      judged_.agreement = Agreement::outside;
    } else if (judged_.unbounded != 0) {
      judged_.agreement = Agreement::unbounded;
    } else if (judged_.differing != 0) {
      judged_.agreement = Agreement::within;
    }
    if (ratios_.empty()) return;
    const auto middle = ratios_.begin() + static_cast<std::ptrdiff_t>(ratios_.size() / 2);
    std::ranges::nth_element(ratios_, middle);
    judged_.median = *middle;
  }

  const TensorView& ours_;
  const TensorView& theirs_;
  const ResultBound* bound_;
  std::optional<Arithmetic> arithmetic_;
  Reals ratios_;
  TensorJudgement judged_;
};

}  // namespace

TensorJudgement judge(const TensorView& canonical, const TensorView& foreign,
                      const ResultBound* bound) {
  const bool same_shape = std::ranges::equal(canonical.shape(), foreign.shape());
  if (canonical.dtype() != foreign.dtype() || !same_shape) {
    TensorJudgement judged;
    judged.agreement = Agreement::outside;
    judged.elements = canonical.elements();
    judged.mismatch = kind_text(foreign) + ", " + kind_text(canonical) + " expected";
    return judged;
  }
  if (core::is_structured(canonical.dtype())) {  // compared as a whole
    TensorJudgement judged;
    judged.elements = 1;
    if (core::identical(canonical, foreign)) return judged;
    judged.differing = judged.outside = 1;
    judged.agreement = Agreement::outside;
    return judged;
  }
  return Judge(canonical, foreign, bound).run();
}

}  // namespace isotrace::executor
