// Random calls of operations, from the self-test's samples: other sizes, ranks, attributes and
// values. Many are refused; those that are not have shapes and parameters that nobody thought of.
#pragma once

#include <isotrace/backends/samples.hpp>
#include <isotrace/core/philox.hpp>

namespace isotrace::tests {

/// A sample changed at random. The same for the same stream.
backends::Sample make_random_call(core::PhiloxStream& random, core::Op op, core::Dtype dtype);

/// What a call is, for who has to repeat it.
std::string describe_call(const backends::Sample& call);

}  // namespace isotrace::tests
