#pragma once
/// \file
/// Makers of Error with fmt formatting. Bugs are EIDER_ASSERT, never Error.

#include <eider/error.h>
#include <fmt/format.h>

#include <cassert>
#include <utility>

namespace eider {

template <typename... Args>
Error MakeError(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return Error(kind, fmt::format(format, std::forward<Args>(args)...));
}
#define EIDER_DEFINE_ERROR(Name, kind)                             \
  template <typename... Args>                                      \
  Error Name(fmt::format_string<Args...> format, Args&&... args) { \
    return MakeError(kind, format, std::forward<Args>(args)...);   \
  }
EIDER_DEFINE_ERROR(Corrupt, ErrorKind::kCorrupt)
EIDER_DEFINE_ERROR(Unsupported, ErrorKind::kUnsupported)
EIDER_DEFINE_ERROR(NotFound, ErrorKind::kNotFound)
EIDER_DEFINE_ERROR(AlreadyExists, ErrorKind::kAlreadyExists)
EIDER_DEFINE_ERROR(Invalid, ErrorKind::kInvalid)
EIDER_DEFINE_ERROR(Conflict, ErrorKind::kConflict)
EIDER_DEFINE_ERROR(RetryableConflict, ErrorKind::kRetryableConflict)
EIDER_DEFINE_ERROR(CommitUnknown, ErrorKind::kCommitUnknown)
EIDER_DEFINE_ERROR(IoError, ErrorKind::kIo)
EIDER_DEFINE_ERROR(Cancelled, ErrorKind::kCancelled)
EIDER_DEFINE_ERROR(OutOfBudget, ErrorKind::kOutOfBudget)
#undef EIDER_DEFINE_ERROR

/// Runs `body`, adding "where: " to any Error it throws. `where` is a callable so that the happy path formats nothing.
template <typename Where, typename Body>
auto InContext(Where&& where, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const Error& error) {
    throw error.In(where());
  }
}

}  // namespace eider

#define EIDER_ASSERT(condition) assert(condition)
