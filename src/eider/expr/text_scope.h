#pragma once
/// \file
/// How much text evaluations may make at once, and how much they made.

#include <cstdint>

namespace eider::expr {

/// While this lives, what a kernel makes on this thread may have `most_bytes` of text; without one, 256 MiB. Scopes nest.
class TextScope {
 public:
  explicit TextScope(uint64_t most_bytes);
  ~TextScope();
  TextScope(const TextScope&) = delete;
  TextScope& operator=(const TextScope&) = delete;

  /// By all kernels so far.
  uint64_t made_bytes() const { return made_bytes_; }

  /// There is one: who opened it evaluates fewer rows where these make too much.
  static bool is_open();
  static uint64_t most_bytes();
  static void CountMade(uint64_t bytes);
  /// What a kernel makes in one call. \throws Error(kOutOfBudget) past most_bytes(): the same of fewer rows may do
  static void Require(uint64_t bytes);

 private:
  TextScope* const outer_;
  const uint64_t most_bytes_;
  uint64_t made_bytes_ = 0;
};

}  // namespace eider::expr
