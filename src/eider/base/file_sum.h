#pragma once
/// \file
/// The sum of a small file: 12 bytes at a place in it that other engines pass over.
///
///     u32 CRC-32C of all bytes before these 12 and all after them | "EIDERSUM"
///
/// Reader: a file without the magic was written by others, and says nothing of itself. The magic is recognized by four of its eight bytes:
/// one that was changed is corrupt, not absent.

#include <eider/buffer.h>

#include <cstdint>
#include <string>

namespace eider {

inline constexpr char kSumsMagic[] = "EIDERSUM";
constexpr uint64_t kFileSumBytes = 12;

/// True for eight bytes that are the magic but for half of them at most: nothing else begins so.
bool ResemblesSumsMagic(const uint8_t* bytes);

/// The 12 bytes of a file that has `before` and `after` around them.
std::string FileSum(ByteSpan before, ByteSpan after = {});
/// Whether a file has its sum in the 12 bytes before `end`.
bool HasFileSum(ByteSpan file, uint64_t end);
/// The same, and what the file holds is what was written. \throws Error(kCorrupt)
bool CheckFileSum(ByteSpan file, uint64_t end);

}  // namespace eider
