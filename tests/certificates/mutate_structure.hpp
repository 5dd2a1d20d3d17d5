// Mutations of JSON as a tree: what somebody does who knows the format and edits a certificate.
#pragma once

#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/philox.hpp>

namespace isotrace::certificates::samples {

/// One to three random edits anywhere in the tree: a value removed, given twice, exchanged with
/// another one, wrapped, emptied, set to a value of another type, to an extreme or a near one; a
/// member renamed or added. The result differs from the input.
Json mutate_structure(const Json& original, core::PhiloxStream& random);

}  // namespace isotrace::certificates::samples
