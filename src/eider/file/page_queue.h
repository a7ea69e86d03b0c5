#pragma once
/// \file
/// Pages on their way into a file: encoded side by side on the CPU pool while the caller goes on, taken out in the order in
/// which their rows were put in, whatever the threads do.

#include <deque>
#include <memory>
#include <vector>

#include "eider/base/task_pool.h"
#include "eider/file/checksums.h"
#include "eider/page/page_encoder.h"

namespace eider::file {

/// Rows of one leaf to be encoded, and their pages once they are.
struct PageTask {
  const page::ColumnLeaf* leaf = nullptr;
  size_t leaf_index = 0;               ///< in the file
  uint64_t first_row = 0;
  std::vector<ArrayPtr> pieces;        ///< kept until the pages are written: these may lie in them
  uint64_t bytes = 0;                  ///< of the rows, before encoding
  std::vector<page::EncodedPage> pages;
  bool wants_sums = false;
  std::vector<std::vector<uint32_t>> sums = {};  ///< of each page, where wanted
};

class PageQueue {
 public:
  explicit PageQueue(TaskPool& pool) : pool_(pool) {}
  /// Waits for tasks that have started; those that have not never will.
  ~PageQueue();
  PageQueue(const PageQueue&) = delete;
  PageQueue& operator=(const PageQueue&) = delete;

  void Put(PageTask task);
  bool empty() const { return entries_.empty(); }
  uint64_t bytes() const { return bytes_; }
  /// The first task is encoded: Take() will not wait.
  bool ready() const;
  /// Takes the first task out. While others encode it, the caller encodes what is next. Rethrows what its encoding threw.
  PageTask Take();

 private:
  struct Entry;
  static void Run(Entry& entry);

  TaskPool& pool_;
  std::deque<std::shared_ptr<Entry>> entries_;
  uint64_t bytes_ = 0;
};

}  // namespace eider::file
