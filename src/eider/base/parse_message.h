#pragma once
/// \file
/// Reads protobuf messages from stored bytes.

#include "eider/base/bytes.h"

namespace google::protobuf {
class MessageLite;
}

namespace eider {

/// False when the bytes are no such message, which is for the caller to say: protobuf itself must not write to stderr, as it
/// does about text that is not UTF-8.
[[nodiscard]] bool ParseMessage(ByteSpan bytes, google::protobuf::MessageLite* message);

}  // namespace eider
