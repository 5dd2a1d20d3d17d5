// Short names for integers where what is loaded or stored has the size that the name says. In a
// namespace of their own: value types have these names, too.
#pragma once

#include <cstdint>

namespace isotrace::wasm::sized {

using i8 = std::int8_t;
using u8 = std::uint8_t;
using i16 = std::int16_t;
using u16 = std::uint16_t;
using i32 = std::int32_t;
using u32 = std::uint32_t;
using i64 = std::int64_t;
using u64 = std::uint64_t;

}  // namespace isotrace::wasm::sized
