#include <isotrace/proofs/search/scattering.hpp>

namespace isotrace::proofs::search {
namespace {

using core::RefusalCode;
using core::Result;
using core::Shape;

constexpr std::int64_t size_max = 1 << 20;

auto refuse_form(const char* detail) {
  return core::refuse(RefusalCode::prove_unsupported, "ConvTranspose", detail);
}

/// An attribute that may be left out.
Result<std::int64_t> listed(const core::Node& node, const char* name, std::size_t place,
                            std::int64_t otherwise, std::int64_t least) {
  const auto& list = node.integers(name);
  const std::int64_t value = place < list.size() ? list[place] : otherwise;
  if (value < least || value > size_max) return refuse_form(name);
  return value;
}

Result<Scattering::Axis> make_axis(const core::Node& node, const Shape& x, const Shape& w,
                                   std::size_t axis) {
  const std::size_t axes = x.size() - 2;
  Scattering::Axis a{x[axis + 2], w[axis + 2], 1, 1, 0, 0};
  if (a.size > size_max || a.kernel > size_max || a.kernel < 1) return refuse_form("sizes");
  ISOTRACE_TRY(a.stride, listed(node, "strides", axis, 1, 1));
  ISOTRACE_TRY(a.dilation, listed(node, "dilations", axis, 1, 1));
  ISOTRACE_TRY(a.before, listed(node, "pads", axis, 0, 0));
  ISOTRACE_TRY(const std::int64_t after, listed(node, "pads", axis + axes, 0, 0));
  ISOTRACE_TRY(const std::int64_t more, listed(node, "output_padding", axis, 0, 0));
  const std::int64_t reach = (a.kernel - 1) * a.dilation + 1;
  a.output = (a.size - 1) * a.stride + reach + more - a.before - after;
  if (a.output < 1) return core::refuse(RefusalCode::shape_mismatch, "ConvTranspose", "pads");
  return a;
}

/// Calls with flat output and kernel positions of every tap of one input position on the output.
void spread(const Scattering& scattering, std::size_t input,
            const std::function<void(std::size_t, std::size_t)>& meet) {
  std::vector<std::int64_t> place(scattering.axes.size());
  for (std::size_t i = place.size(); i-- > 0;) {
    const auto size = static_cast<std::size_t>(scattering.axes[i].size);
    place[i] = static_cast<std::int64_t>(input % size);
    input /= size;
  }
  const std::function<void(std::size_t, std::size_t, std::size_t)> walk =
      [&](std::size_t axis, std::size_t output, std::size_t tap) {
        if (axis == place.size()) return meet(output, tap);
        const Scattering::Axis& a = scattering.axes[axis];
        for (std::int64_t k = 0; k < a.kernel; ++k) {
          const std::int64_t at = place[axis] * a.stride + k * a.dilation - a.before;
          if (at < 0 || at >= a.output) continue;
          walk(axis + 1, output * static_cast<std::size_t>(a.output) + static_cast<std::size_t>(at),
               tap * static_cast<std::size_t>(a.kernel) + static_cast<std::size_t>(k));
        }
      };
  walk(0, 0, 0);
}

}  // namespace

Result<Scattering> scattering_of(const core::Node& node, const Shape& x, const Shape& w) {
  const std::int64_t group = node.integer("group");
  if (x.size() < 3 || w.size() != x.size() || x[0] != 1) return refuse_form("rank or batch size");
  if (node.text("auto_pad") != "NOTSET" || !node.integers("output_shape").empty()) {
    return refuse_form("auto_pad or output_shape");
  }
  if (group < 1 || w[0] != x[1] || w[0] % group != 0) {
    return core::refuse(RefusalCode::shape_mismatch, "ConvTranspose", "channels and groups");
  }
  Scattering made;
  made.inputs = static_cast<std::size_t>(x[1]);
  made.group_inputs = static_cast<std::size_t>(w[0] / group);
  made.group_outputs = static_cast<std::size_t>(w[1]);
  made.output = {1, w[1] * group};
  for (std::size_t i = 0; i + 2 < x.size(); ++i) {
    ISOTRACE_TRY(const Scattering::Axis axis, make_axis(node, x, w, i));
    made.axes.push_back(axis);
    made.output.push_back(axis.output);
  }
  ISOTRACE_TRY_DONE(core::element_count(made.output));
  return made;
}

void for_each_landing(const Scattering& scattering, const Landing& landing) {
  std::size_t from_plane = 1, to_plane = 1, taps = 1;
  for (const Scattering::Axis& axis : scattering.axes) {
    from_plane *= static_cast<std::size_t>(axis.size);
    to_plane *= static_cast<std::size_t>(axis.output);
    taps *= static_cast<std::size_t>(axis.kernel);
  }
  const std::size_t outs = scattering.group_outputs;
  for (std::size_t in = 0; in < scattering.inputs; ++in) {
    const std::size_t first = in / scattering.group_inputs * outs;
    for (std::size_t from = 0; from < from_plane; ++from) {
      spread(scattering, from, [&](std::size_t to, std::size_t tap) {
        for (std::size_t out = 0; out < outs; ++out) {
          landing((first + out) * to_plane + to, in * from_plane + from,
                  (in * outs + out) * taps + tap);
        }
      });
    }
  }
}

}  // namespace isotrace::proofs::search
