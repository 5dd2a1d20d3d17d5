// Gather, Concat and Pad: results that are made of runs of bytes of their operands. Nothing where
// the call is not a plain one, or memory does not suffice: the reference decides about it.
#pragma once

#include <optional>

#include <isotrace/backends/cpu/thread_pool.hpp>
#include <isotrace/reference/call.hpp>

namespace isotrace::backends::cpu {

std::optional<core::Tensor> gather(const reference::Call& call, ThreadPool& pool);
std::optional<core::Tensor> concatenate(const reference::Call& call, ThreadPool& pool);
std::optional<core::Tensor> pad(const reference::Call& call, ThreadPool& pool);

}  // namespace isotrace::backends::cpu
