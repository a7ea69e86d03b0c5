#pragma once
/// \file
/// JSONB: how JSON columns are stored. Big-endian throughout.
///
///     container  | u32 kind << 28 | count | entries | payloads |      kind: 8 array, 4 object, 2 scalar (count 0, one entry)
///     entry      u32 type << 28 | payload bytes                       0 null, 1 string, 2 number, 3 false, 4 true, 5 container
///     object     all keys' entries in the order of their bytes, then all values'; payloads likewise
///     number     00 zero | 10 NaN | 20 infinity | 30 -infinity | 40 signed | 50 unsigned | 60 float64;
///                integers follow in the fewest of 1, 2, 4 or 8 bytes
///
/// A scalar document (`1`, `"a"`) is a container of one value. JSON null is a value, not a null row.

#include <string_view>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider {

/// How deep arrays and objects may nest.
inline constexpr int kMaxJsonDepth = 1024;

/// Appends the document `text` (RFC 8259) as JSONB. Integers beyond 64 bits become floats. \throws Error(kInvalid) with the
/// position of what is no JSON, or for an object with two members of one name.
void AppendJsonb(std::string_view text, BufferBuilder& out);

/// Appends the text of stored JSONB, without blanks, as the reference engine prints it: members in stored order, infinities and NaN as
/// null. \throws Error(kCorrupt); Error(kUnsupported) for kinds of numbers that are not read.
void AppendJsonText(ByteSpan jsonb, BufferBuilder& out);

}  // namespace eider
