#pragma once
/// \file
/// How work on other threads learns that nobody waits for it any more. The one who waits looks after CheckInterrupt() meanwhile; once
/// it gives up it sets the flag that its tasks run under, and CheckInterrupt() ends them.

#include <atomic>
#include <chrono>

namespace eider {

/// While this lives, CheckInterrupt() on this thread throws kCancelled once `stop` is set. Scopes nest.
class StopScope {
 public:
  explicit StopScope(const std::atomic<bool>& stop);
  ~StopScope();
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;

  /// \throws Error(kCancelled)
  static void Check();

 private:
  const std::atomic<bool>& stop_;
  const StopScope* const outer_;
};

/// How often one who waits for tasks calls CheckInterrupt().
inline constexpr std::chrono::milliseconds kInterruptInterval{20};

}  // namespace eider
