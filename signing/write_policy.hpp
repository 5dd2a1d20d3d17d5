// Policies as files, and a first one to start from.
#pragma once

#include <isotrace/certificates/policy.hpp>

namespace isotrace::signing {

/// The file of a policy (its sha256 member plays no part): what certificates::parse_policy accepts.
std::string write_policy(const certificates::Policy& policy);

/// One certifier key, valid from `now` for `lifetime` seconds, and one rule: any subject, isonum-1,
/// claims about the float execution (not only about real arithmetic), at least reproduced.
certificates::Policy make_policy(const certificates::PublicKey& key, certificates::UnixSeconds now,
                                 certificates::UnixSeconds lifetime);

}  // namespace isotrace::signing
