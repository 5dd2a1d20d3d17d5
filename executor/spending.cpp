#include <isotrace/executor/spending.hpp>

namespace isotrace::executor {

using core::RefusalCode;
using core::refuse;
using core::Result;

Result<core::Done> Spending::spend_work(std::uint64_t amount) {
  if (amount > limits.work_max - work) {
    return refuse(RefusalCode::limit_exceeded, "work", std::to_string(amount) + " operations");
  }
  work += amount;
  return core::Done{};
}

Result<core::Done> Spending::check_bytes(std::uint64_t amount) {
  const auto fits = [&] { return bytes <= limits.bytes_max && amount <= limits.bytes_max - bytes; };
  if (!fits() && reclaim) reclaim();
  if (fits()) return core::Done{};
  return refuse(RefusalCode::limit_exceeded, "memory", std::to_string(bytes + amount) + " bytes");
}

Result<core::Done> Spending::take_bytes(std::uint64_t amount) {
  ISOTRACE_TRY_DONE(check_bytes(amount));
  bytes += amount;
  return core::Done{};
}

}  // namespace isotrace::executor
