#pragma once
/// \file
/// The one exception type of Eider. Kinds are what a caller acts on; the message says where, then what, values last.

#include <eider/export.h>

#include <stdexcept>
#include <string>

namespace eider {

enum class ErrorKind {
  kCorrupt,            ///< stored bytes contradict the format
  kUnsupported,        ///< legal, but not implemented here; the message names it
  kNotFound,           ///< no such dataset, version, file, column
  kAlreadyExists,      ///< create over something that exists
  kInvalid,            ///< the caller's argument is wrong
  kConflict,           ///< another writer committed something incompatible; retrying cannot help
  kRetryableConflict,  ///< another writer committed something overlapping; re-execute on the new version
  kCommitUnknown,      ///< the commit may or may not have landed
  kIo,                 ///< the operating system refused a read or write
  kCancelled,          ///< the caller asked to stop
  kOutOfBudget,        ///< the memory budget does not allow it
};

/// "kCorrupt" etc.; for messages and tests.
EIDER_EXPORT const char* ErrorKindName(ErrorKind kind);

class EIDER_EXPORT Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }
  /// The same error with a coordinate in front: "page 7 of column 'v': " + what().
  Error In(const std::string& where) const { return Error(kind_, where + ": " + what()); }

 private:
  ErrorKind kind_;
};

}  // namespace eider
