#pragma once
/// \file
/// A take of one field over the files that hold it, in the order wanted whatever file and page a row lies in: by address, where
/// every page that it touches allows that (page/row_take.h) and every file is mapped.

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "eider/file/file_reader.h"
#include "eider/page/row_take.h"

namespace eider::file {

class ColumnPages;
struct LeafRead;

using FileRanges = std::map<const FileReader*, std::vector<ByteRange>>;

class FieldTake {
 public:
  explicit FieldTake(size_t num_rows) : num_rows_(num_rows) {}

  /// rows[i] of `file` is row slots[i] of the take; without slots row i. False when the field must be read in another way: this is
  /// to be thrown away then. File and column outlive this. Over all calls every slot is named once.
  bool Add(const FileReader& file, const ColumnProjection& column, std::span<const uint64_t> rows, std::span<const uint32_t> slots,
           const ReadContext& context);
  /// Finds the chunks, after every row has been added. False when reading chunk by chunk costs less: this is to be thrown away then.
  bool LocateSparse();
  /// Appends what is read of each file, for counters.
  void AppendRanges(FileRanges& ranges) const;
  /// After LocateSparse(). \throws Error(kCorrupt)
  ArrayPtr Finish(const ReadContext& context);

 private:
  struct Page {
    const FileReader* file;
    const ColumnPages* column;
    size_t number;
  };
  struct Leaf {
    std::unique_ptr<page::RowTake> take;
    std::vector<Page> pages;  ///< as `take` calls them
  };
  static bool AddRows(const FileReader& file, const LeafRead& read, const Buffer& mapping, std::span<const uint32_t> slots, Leaf& leaf);
  static void VerifyWhole(const Leaf& leaf);
  static void CountReads(const Leaf& leaf);

  const size_t num_rows_;
  const page::FieldPlan* plan_ = nullptr;
  std::vector<Leaf> leaves_;
};

}  // namespace eider::file
