// Movement of elements of 1, 2, 4 or 8 bytes; their bits stay as they are.
#pragma once

#include <isotrace/backends/gpu/kernels/elementwise.hpp>

namespace isotrace::backends::gpu {

/// to[stream 1] = from[stream 0].
template <class Element>
struct CopyStrided {
  struct Arguments {
    std::uint64_t count;
    const Element* from;
    Element* to;
    Space<2> space;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Offsets<2> at = locate(a.space, i);
    a.to[at.of[1]] = a.from[at.of[0]];
  }
};

/// The result has at each position the element whose offset is the sum of one entry of each axis'
/// table, or `fill` where an entry is negative.
template <class Element>
struct CopyByTables {
  struct Arguments {
    std::uint64_t count;
    const Element* from;
    Element* to;
    const std::int64_t* tables;  ///< one behind the other, as long as the axes of the result
    Element fill;
    std::uint32_t rank;
    std::uint64_t sizes[space_rank_max];
    std::uint64_t first[space_rank_max];  ///< where the table of an axis begins
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    std::uint64_t index = i;
    std::int64_t offset = 0;
    bool inside = true;
    for (std::uint32_t axis = a.rank; axis-- > 0;) {
      const std::int64_t entry = a.tables[a.first[axis] + index % a.sizes[axis]];
      index /= a.sizes[axis];
      inside = inside && entry >= 0;
      offset += entry;
    }
    a.to[i] = inside ? a.from[offset] : a.fill;
  }
};

/// out[i] = the element that places[i] numbers: 0 is `fill`, then come those of a, then those of b.
template <class Element>
struct CopyByPlaces {
  struct Arguments {
    std::uint64_t count;
    const std::int64_t* places;
    std::uint64_t a_count;
    const Element* a;
    const Element* b;
    Element fill;
    Element* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const auto place = static_cast<std::uint64_t>(a.places[i]);
    if (place == 0) {
      a.out[i] = a.fill;
    } else {
      a.out[i] = place <= a.a_count ? a.a[place - 1] : a.b[place - 1 - a.a_count];
    }
  }
};

/// out[before][i][after] = x[before][index there][after]; tensors as in scan.hpp.
template <class Element>
struct TakeAlong {
  struct Arguments {
    std::uint64_t count;
    std::uint64_t size;   ///< of the axis in x
    std::uint64_t taken;  ///< of the axis in out
    std::uint64_t inner;
    const std::int64_t* indices;  ///< as out
    const Element* x;
    Element* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const std::uint64_t before = i / a.inner / a.taken;
    const auto index = static_cast<std::uint64_t>(a.indices[i]);
    a.out[i] = a.x[(before * a.size + index) * a.inner + i % a.inner];
  }
};

/// out[g] = x[targets[g]] brought together with updates[list[i]] for i in [first[g], first[g + 1]),
/// one after the other.
template <class Number>
struct CombineUpdates {
  struct Arguments {
    std::uint64_t count;
    Binary op;
    const std::int64_t* targets;
    const std::int64_t* first;
    const std::int64_t* list;
    const Number* x;
    const Number* updates;
    Number* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t g) {
    Number value = a.x[a.targets[g]];
    for (std::int64_t i = a.first[g]; i < a.first[g + 1]; ++i) {
      value = apply(a.op, value, a.updates[a.list[i]], Number{0}, Number{0}, nullptr);
    }
    a.out[g] = canonical(value);
  }
};

/// out = condition ? a : b, all broadcast.
template <class Element>
struct Choose {
  struct Arguments {
    std::uint64_t count;
    const std::uint8_t* condition;
    const Element* a;
    const Element* b;
    Element* out;
    Space<3> space;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Offsets<3> at = locate(a.space, i);
    a.out[i] = a.condition[at.of[0]] != 0 ? a.a[at.of[1]] : a.b[at.of[2]];
  }
};

}  // namespace isotrace::backends::gpu
