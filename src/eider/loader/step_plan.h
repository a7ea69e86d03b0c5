#pragma once
/// \file
/// Cuts an epoch into steps of one batch each and deals them to ranks round-robin. All ranks get the same number of steps:
/// without drop_last the last round is filled up with steps from the start of the epoch, so every row is seen; with it,
/// the short batch and the steps of an unfinished round are left out, so no row is seen twice.

#include <algorithm>
#include <cstdint>

namespace eider::loader {

struct StepPlan {
  uint64_t num_items = 0, batch_size = 1;
  uint64_t rank = 0, world_size = 1;
  bool drop_last = false;

  struct Items {
    uint64_t first, count;
  };
  uint64_t num_steps() const { return num_items / batch_size + (!drop_last && num_items % batch_size != 0); }
  uint64_t steps_of_rank() const {
    return num_steps() / world_size + (!drop_last && num_steps() % world_size != 0);
  }
  /// The places in the epoch's order that step `index` < steps_of_rank() of this rank covers.
  Items Step(uint64_t index) const {
    const uint64_t step = (index * world_size + rank) % num_steps();
    const uint64_t first = step * batch_size;
    return {first, std::min(batch_size, num_items - first)};
  }
};

}  // namespace eider::loader
