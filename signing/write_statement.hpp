// Statements as JSON, member by member as docs/formats/certificate.md has them.
#pragma once

#include <isotrace/certificates/statement.hpp>

namespace isotrace::signing {

/// The payload bytes of a checked statement: what certificates::parse_statement accepts.
core::Bytes write_statement(const certificates::Statement& statement);

}  // namespace isotrace::signing
