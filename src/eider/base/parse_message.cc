#include "eider/base/parse_message.h"

#include <google/protobuf/message_lite.h>

#if GOOGLE_PROTOBUF_VERSION < 4022000
#include <google/protobuf/stubs/logging.h>
#endif

#include <cstdint>

namespace eider {

bool ParseMessage(ByteSpan bytes, google::protobuf::MessageLite* message) {
  if (bytes.size() > INT32_MAX) return false;
#if GOOGLE_PROTOBUF_VERSION < 4022000
  const google::protobuf::LogSilencer silencer;
#endif
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace eider
