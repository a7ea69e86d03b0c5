#pragma once
/// \file
/// CRC-32C (Castagnoli: polynomial 0x1EDC6F41, reflected, initial value and final complement all ones): the checksum of data
/// files. Uses the instruction of SSE4.2 where the processor has it, three streams at a time; tables elsewhere.

#include <eider/buffer.h>

#include <cstdint>

namespace eider {

/// The checksum of `bytes`. `crc` is that of the bytes before them: Crc32c(b, Crc32c(a)) == Crc32c(a followed by b).
uint32_t Crc32c(ByteSpan bytes, uint32_t crc = 0);

/// The same without special instructions, for tests.
uint32_t Crc32cPortable(ByteSpan bytes, uint32_t crc = 0);

}  // namespace eider
