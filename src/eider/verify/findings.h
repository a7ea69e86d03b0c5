#pragma once
/// \file
/// Collects what is found. Thread-safe.

#include <eider/verify.h>

#include <mutex>

#include "eider/base/error.h"

namespace eider::verify {

class Findings {
 public:
  void Add(Finding finding);
  /// Runs `body`; what it throws is damage at `where`. Cancellation and a lack of memory pass through.
  template <typename Body>
  void Try(Finding where, Body&& body) {
    try {
      body();
    } catch (const Error& error) {
      AddError(std::move(where), error);
    }
  }
  void AddError(Finding where, const Error& error);

  /// Damage first, then by path, version, column and page.
  std::vector<Finding> Take();
  uint64_t num_damages() const { return num_damages_; }

 private:
  std::mutex mutex_;
  std::vector<Finding> findings_;
  uint64_t num_damages_ = 0;
};

}  // namespace eider::verify
