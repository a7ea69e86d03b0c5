#pragma once
/// \file
/// What every fuzz target promises about one input, on top of its own theorem: it is decided within kMaxCpuSeconds, and at no
/// moment does it hold more memory than
///
///     kMaxExpansion x its bytes + kFixedBytes + the output that was asked for
///
/// besides one block that protobuf reserves and does not touch, where a length lies.
///
/// input_bounds.cc wraps LLVMFuzzerTestOneInput and checks both, in every program, whoever drives it.

#include <cstddef>
#include <cstdint>

namespace eider::fuzz {

constexpr double kMaxCpuSeconds = 1;  // of processor time: a stopped process does not hang
constexpr uint64_t kMaxExpansion = 64;
constexpr uint64_t kFixedBytes = 1 << 20;  // what does not grow with the input: scratch of a decompressor, tables

/// The input at hand asks for `bytes` of output: rows x columns are a wish of the caller, and no fault of the bytes.
void AllowOutput(uint64_t bytes);

}  // namespace eider::fuzz
