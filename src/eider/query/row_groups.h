#pragma once
/// \file
/// Positions of a take by the fragment that they lie in.

#include <cstdint>
#include <span>
#include <vector>

namespace eider::query {

class RowGroups {
 public:
  /// Rows of one fragment in the order wanted. `slots`: their places in the take; empty for a single fragment, which has all.
  struct Group {
    size_t fragment = 0;
    std::span<const uint64_t> live;      ///< positions among its live rows
    std::span<const uint64_t> physical;  ///< deleted rows counted; of the caller
    std::span<const uint32_t> slots;
  };
  /// `starts`: live rows before each fragment, and the total. \pre positions are below the total; they outlive this.
  RowGroups(std::span<const uint64_t> starts, std::span<const uint64_t> positions);

  std::span<Group> groups() { return groups_; }
  std::span<const Group> groups() const { return groups_; }
  size_t num_rows() const { return num_rows_; }
  /// The groups one after the other are the rows in the order wanted.
  bool in_order() const { return in_order_; }
  /// Where each row of the take lies in the groups one after the other.
  std::vector<int64_t> Places() const;

 private:
  const size_t num_rows_;
  bool in_order_ = true;
  std::vector<uint64_t> live_;
  std::vector<uint32_t> slots_;
  std::vector<Group> groups_;
};

/// The fragment that holds a position. \pre position < starts.back()
size_t FindFragment(std::span<const uint64_t> starts, uint64_t position);

}  // namespace eider::query
