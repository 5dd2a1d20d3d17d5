#include <isotrace/wasm/fast/integer_pairs.hpp>

namespace isotrace::wasm::fast {

const UnaryRow* find_pair_i32(const PairKey& key) {
  return IntegerPairs<std::uint32_t>::find(key.first, key.y, key.second, key.z, key.exchanged);
}

}  // namespace isotrace::wasm::fast
