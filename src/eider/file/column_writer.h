#pragma once
/// \file
/// One top-level column of a file being written: rows wait here until they make a page.

#include <eider/schema.h>

#include <unordered_set>
#include <vector>

#include "eider/page/page_encoder.h"

namespace eider::file {

/// Rows of a column that become one page of every leaf (or more, where levels demand it).
struct PageGroup {
  uint32_t column = 0;        ///< top-level position
  uint64_t first_row = 0;
  std::vector<ArrayPtr> pieces;
};

class ColumnWriter {
 public:
  /// \throws Error(kUnsupported / kInvalid), see page::FindColumnLeaves. Minor 0: version 2.0, where
  /// every field is a "leaf".
  ColumnWriter(uint32_t position, const LanceField& field, Field arrow, uint16_t version_minor,
               const page::EncodingRequest& request);

  const std::string& name() const { return arrow_.name; }
  const std::vector<page::ColumnLeaf>& leaves() const { return leaves_; }
  uint64_t pending_bytes() const { return pending_bytes_; }

  /// \throws Error(kInvalid) naming the column when `array` does not have its type or has nulls that the field forbids, or strings
  /// that are no text, which other engines could not read.
  void Check(const ArrayPtr& array) const;
  /// Adds rows; groups of `max_page_bytes` that are full go to `full`. The dictionary that the first rows of a group bring does not
  /// count: fewer rows need no less of it.
  void Add(const ArrayPtr& array, uint64_t max_page_bytes, std::vector<PageGroup>& full);
  /// Moves what waits to `out`.
  void Flush(std::vector<PageGroup>& out);

 private:
  void AddPiece(const ArrayPtr& piece, uint64_t own_bytes, uint64_t max_page_bytes, std::vector<PageGroup>& full);
  /// Of the dictionaries in `piece` that no waiting piece shares.
  uint64_t NewDictionaryBytes(const Array& piece) const;

  const uint32_t position_;
  const Field arrow_;
  const std::vector<page::ColumnLeaf> leaves_;
  std::vector<ArrayPtr> pending_;
  std::unordered_set<const Array*> pending_dictionaries_;
  uint64_t pending_bytes_ = 0;           ///< dictionaries counted once
  uint64_t first_dictionary_bytes_ = 0;  ///< of these, those that the first piece brought
  uint64_t pending_rows_ = 0;
  uint64_t first_pending_row_ = 0;
};

}  // namespace eider::file
