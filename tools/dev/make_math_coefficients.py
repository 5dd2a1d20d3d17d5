#!/usr/bin/env python3
"""Prints reference/math/coefficients.hpp: constants that no short series gives.

    tools/dev/make_math_coefficients.py | clang-format > reference/math/coefficients.hpp

Polynomials interpolate at Chebyshev nodes (within a factor of about two of the best possible error),
computed with 90 decimal digits and rounded to binary64 at the end. 2/pi comes from Machin's formula
in integers. Python 3 standard library only.
"""

from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 90
DIGITS = Decimal(10) ** -85

ATAN_TERMS, ASIN_TERMS, ERF_TERMS, ERF_PIECES = 10, 12, 10, 16
# Of the sequences with an error below 2^-37: those above are below 2^-43.
EXP_QUICK_TERMS, ATANH_QUICK_TERMS, SINE_QUICK_TERMS, COSINE_QUICK_TERMS = 8, 5, 5, 5
ATAN_QUICK_TERMS, ASIN_QUICK_TERMS, ERF_QUICK_TERMS = 8, 9, 8


def arctan_inverse(n, bits):
    """floor-ish of atan(1/n) * 2^bits."""
    total, power, k = 0, (1 << bits) // n, 0
    while power:
        total += (power // (2 * k + 1)) * (1 if k % 2 == 0 else -1)
        power //= n * n
        k += 1
    return total


def pi_scaled(bits):
    guard = bits + 32
    return (4 * (4 * arctan_inverse(5, guard) - arctan_inverse(239, guard))) >> 32


def decimal_pi():
    return Decimal(pi_scaled(320)) / Decimal(1 << 320)


def series(first, ratio, argument):
    """first * (1 + ratio(1) z + ratio(1) ratio(2) z^2 + ...)"""
    total, term, n = Decimal(0), first, 0
    while abs(term) > DIGITS:
        total += term
        n += 1
        term = term * argument * ratio(n)
    return total


def exp_rest(r):
    """(e^r - 1 - r)/r^2."""
    return series(Decimal(1) / 2, lambda n: Decimal(1) / (n + 2), r)


def atanh_quotient(z):
    """atanh(s)/s at z = s^2, for z < 0.03."""
    return sum(z ** n / (2 * n + 1) for n in range(60))


def sine_rest(z):
    """(sin(r)/r - 1)/z at z = r^2."""
    return series(Decimal(-1) / 6, lambda n: Decimal(-1) / ((2 * n + 2) * (2 * n + 3)), z)


def cosine_rest(z):
    """(cos(r) - 1)/z at z = r^2."""
    return series(Decimal(-1) / 2, lambda n: Decimal(-1) / ((2 * n + 1) * (2 * n + 2)), z)


def atan_quotient(z):
    """atan(t)/t at z = t^2."""
    return sum((-z) ** n / (2 * n + 1) for n in range(130))


def asin_quotient(z):
    """asin(t)/t at z = t^2."""
    total, term = Decimal(0), Decimal(1)
    for n in range(160):
        total += term / (2 * n + 1)
        term = term * z * (2 * n + 1) / (2 * n + 2)
    return total


def erf_quotient(x):
    """erf(x)/x = 2/sqrt(pi) e^(-x^2) sum 2^n x^(2n)/(2n+1)!!, all terms positive."""
    z = x * x
    total = series(Decimal(1), lambda n: Decimal(2) / (2 * n + 1), z)
    return 2 / decimal_pi().sqrt() * (-z).exp() * total


def cosine(x):
    return series(Decimal(1), lambda n: Decimal(-1) / ((2 * n) * (2 * n - 1)), x * x)


def interpolate(function, low, high, terms):
    """Coefficients, constant first, of the interpolant in (x - middle) on [low, high]."""
    middle, half = (low + high) / 2, (high - low) / 2
    nodes = [half * cosine(decimal_pi() * (2 * i + 1) / (2 * terms)) for i in range(terms)]
    differences = [function(middle + t) for t in nodes]
    for level in range(1, terms):
        for i in range(terms - 1, level - 1, -1):
            differences[i] = (differences[i] - differences[i - 1]) / (nodes[i] - nodes[i - level])
    coefficients = [differences[-1]]
    for i in range(terms - 2, -1, -1):  # coefficients * (t - node) + difference
        shifted = [Decimal(0)] + coefficients
        scaled = [-nodes[i] * c for c in coefficients] + [Decimal(0)]
        coefficients = [a + b for a, b in zip(shifted, scaled)]
        coefficients[0] += differences[i]
    return coefficients


def recentre(coefficients, middle):
    """p(z - middle) as a polynomial in z."""
    result = [Decimal(0)]
    for c in reversed(coefficients):
        shifted = [Decimal(0)] + result
        scaled = [-middle * r for r in result] + [Decimal(0)]
        result = [a + b for a, b in zip(shifted, scaled)]
        result[0] += c
    return result[:len(coefficients)]


def hexadecimal(value):
    return float(Fraction(value)).hex()  # Fraction to float rounds correctly


def print_list(name, values, comment):
    print(f"/// {comment}")
    print(f"ISOTRACE_LANES_TABLE double {name}[{len(values)}] = {{")
    print(",\n".join(f"    {hexadecimal(v)}" for v in values) + "};\n")


def print_polynomial(name, function, low, high, terms, comment):
    low, high = Decimal(low), Decimal(high)
    print_list(name, recentre(interpolate(function, low, high, terms), (low + high) / 2), comment)


def print_erf_rows(name, terms_name, terms):
    print(f"inline constexpr std::size_t {terms_name} = {terms};")
    print(f"ISOTRACE_LANES_TABLE double {name}[{ERF_PIECES}][{terms_name}] = {{")
    rows = []
    for i in range(ERF_PIECES):
        row = interpolate(erf_quotient, Decimal(i) / 4, Decimal(i + 1) / 4, terms)
        rows.append("    {" + ", ".join(hexadecimal(c) for c in row) + "}")
    print(",\n".join(rows) + "};\n")


def main():
    print("// Made by tools/dev/make_math_coefficients.py; see there.")
    print("#pragma once\n\n#include <cstddef>\n#include <cstdint>\n\n#include <isotrace/reference/math/lane_code.hpp>\n\nnamespace isotrace::reference {\n")
    print_polynomial("exp_quick_coefficients", exp_rest, "-0.3468", "0.3468", EXP_QUICK_TERMS,
                     "(e^r - 1 - r)/r^2 in powers of r, for |r| <= 0.3468.")
    print_polynomial("atanh_quick_coefficients", atanh_quotient, 0, "0.029438", ATANH_QUICK_TERMS,
                     "atanh(s)/s in powers of s^2, for |s| <= 3 - sqrt(8).")
    print_polynomial("sine_quick_coefficients", sine_rest, 0, "0.61686", SINE_QUICK_TERMS,
                     "(sin(r) - r)/r^3 in powers of r^2, for |r| <= pi/4.")
    print_polynomial("cosine_quick_coefficients", cosine_rest, 0, "0.61686", COSINE_QUICK_TERMS,
                     "(cos(r) - 1)/r^2 in powers of r^2, for |r| <= pi/4.")
    high = (Decimal(2).sqrt() - 1) ** 2 + Decimal("1e-6")
    for grade, terms in (("", ATAN_TERMS), ("quick_", ATAN_QUICK_TERMS)):
        print_polynomial(f"atan_{grade}coefficients", atan_quotient, 0, high, terms,
                         "atan(t)/t in powers of t^2, for |t| <= sqrt(2) - 1.")
    for grade, terms in (("", ASIN_TERMS), ("quick_", ASIN_QUICK_TERMS)):
        print_polynomial(f"asin_{grade}coefficients", asin_quotient, 0, "0.25", terms,
                         "asin(t)/t in powers of t^2, for |t| <= 1/2.")
    print("/// erf(x)/x in powers of x - (i + 1/2)/4 in row i, for x in [i/4, (i + 1)/4].")
    print_erf_rows("erf_coefficients", "erf_terms", ERF_TERMS)
    print_erf_rows("erf_quick_coefficients", "erf_quick_terms", ERF_QUICK_TERMS)
    limbs = 20
    precision = 64 * limbs + 64
    digits = (1 << (64 * limbs + 1 + precision)) // pi_scaled(precision)
    print(f"/// The first {64 * limbs} bits of 2/pi after the binary point, most significant word first.")
    print(f"ISOTRACE_LANES_TABLE std::uint64_t two_over_pi[{limbs}] = {{")
    words = [(digits >> (64 * (limbs - 1 - i))) & (2 ** 64 - 1) for i in range(limbs)]
    print(",\n".join(f"    0x{w:016x}" for w in words) + "};\n")
    print("}  // namespace isotrace::reference")


if __name__ == "__main__":
    main()
