#pragma once
/// \file
/// The one way in which stored messages are parsed.

#include <google/protobuf/message_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace eider {

/// False when `bytes` are no such message. Says nothing on stderr, as protobuf would do about text that is no UTF-8: the caller throws.
inline bool ParseMessage(std::string_view bytes, google::protobuf::MessageLite* message) {
  const google::protobuf::LogSilencer silencer;
  return bytes.size() <= INT32_MAX && message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}
inline bool ParseMessage(std::span<const uint8_t> bytes, google::protobuf::MessageLite* message) {
  return ParseMessage(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), message);
}

}  // namespace eider
