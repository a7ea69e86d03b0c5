#pragma once
/// \file
/// A mutex that a forked child never inherits locked.
///
/// A child has only the thread that forked: what another one held stays held for ever, half changed. So a fork waits until no thread is
/// between lock and unlock, and meanwhile lets none in. It gives up after two seconds, should a thread wait there for the one that forks.

#include <mutex>

namespace eider {

class ForkSafeMutex {
 public:
  void lock() {
    Enter();
    mutex_.lock();
  }
  bool try_lock() {
    Enter();
    if (mutex_.try_lock()) return true;
    Leave();
    return false;
  }
  void unlock() {
    mutex_.unlock();
    Leave();
  }

 private:
  static void Enter();
  static void Leave();

  std::mutex mutex_;
};

}  // namespace eider
