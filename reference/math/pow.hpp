// What pow asks where the fast sequence leaves the rounding in doubt.
#pragma once

#include <cstdint>

namespace isotrace::reference {

/// x^y rounded to binary32, by integers of growing length. For x > 0, x != 1, y finite and not 0,
/// 2^-160 < x^y < 2^160. Cases whose exact value is a binary32 number or half way between two are
/// found first; every other value has a distance from there, so the precision that decides exists.
float power_exactly(float x, double y);
/// The same of binary64, for 2^-1160 < x^y < 2^1160.
double power64_exactly(double x, double y);
/// x^n or x^-n.
double power64_exactly(double x, bool negative, std::uint64_t n);

}  // namespace isotrace::reference
