// Values as people write and read them, the same in every locale.
#pragma once

#include <string>
#include <string_view>

#include <isotrace/core/result.hpp>
#include <isotrace/wasm/types.hpp>

namespace isotrace::wasm {

/// Integers: decimal, signed or unsigned, or 0x and hex digits. Floats: decimal or hex float,
/// "inf", "nan" (the positive canonical one), "nan:0x..." (its fraction), each with a sign.
/// References: "null", of externref also the host's number. Refuses text_not_number and
/// value_out_of_range.
core::Result<Slot> parse_value(ValueType type, std::string_view text);

/// "-7", "1.5", "nan:0x400000", "null", "function 3": parse_value() gives the same value for all
/// but the last.
std::string value_text(ValueType type, Slot value);

/// All digits of the type's width: "0x40400000".
std::string bits_text(ValueType type, Slot value);

}  // namespace isotrace::wasm
