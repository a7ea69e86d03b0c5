#pragma once
/// \file
/// Test only: a change of a table with each of its store operations failing in turn.

#include <gtest/gtest.h>

#include <functional>

#include "eider/table/snapshot.h"
#include "eider/testing/faulty_store.h"

namespace eider::testing {

/// For each operation that `change` makes on a table of `make`, refused first and then with its answer lost: runs it, whatever error
/// comes of it, and hands the newest version over to `check`.
inline void FailEveryOperation(const std::function<table::Snapshot()>& make, const std::function<void(const table::Snapshot&)>& change,
                               const std::function<void(const table::Snapshot&)>& check) {
  for (const bool after : {false, true}) {
    for (int n = 0; n < 200; ++n) {
      SCOPED_TRACE(fmt::format("operation {} {}", n, after ? "loses its answer" : "is refused"));
      const table::Snapshot created = make();
      const auto faulty = std::make_shared<FaultyStore>(created.store);
      table::Snapshot read = created;
      read.store = faulty;
      faulty->FailAt(n, after);
      try {
        change(read);
      } catch (const Error&) {
      }
      check(table::LoadSnapshot(created.store));
      if (!faulty->fired()) break;
      ASSERT_LT(n, 199);
    }
  }
}

}  // namespace eider::testing
