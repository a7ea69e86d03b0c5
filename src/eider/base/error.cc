#include <eider/error.h>

namespace eider {

const char* ErrorKindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kCorrupt: return "kCorrupt";
    case ErrorKind::kUnsupported: return "kUnsupported";
    case ErrorKind::kNotFound: return "kNotFound";
    case ErrorKind::kAlreadyExists: return "kAlreadyExists";
    case ErrorKind::kInvalid: return "kInvalid";
    case ErrorKind::kConflict: return "kConflict";
    case ErrorKind::kRetryableConflict: return "kRetryableConflict";
    case ErrorKind::kCommitUnknown: return "kCommitUnknown";
    case ErrorKind::kIo: return "kIo";
    case ErrorKind::kCancelled: return "kCancelled";
    case ErrorKind::kOutOfBudget: return "kOutOfBudget";
  }
  return "kUnknown";
}

}  // namespace eider
