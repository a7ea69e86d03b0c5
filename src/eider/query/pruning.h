#pragma once
/// \file
/// Which rows of a fragment a filter has to look at: statistics of pages, and tests of row ids, addresses and offsets, rule out the
/// others without reading them. Thread-safe.

#include "eider/expr/expression.h"
#include "eider/query/row_ranges.h"
#include "eider/query/table_reader.h"

namespace eider::query {

/// The leaf at the end of a path through structs, where pages have a value for each row; else null.
const LanceField* FindFlatLeaf(const LanceSchema& schema, const std::string& path);

class Pruning {
 public:
  /// `plan` reads what `filter` wants.
  Pruning(const TableReader& table, const expr::Expression& filter, const ReadPlan& plan);
  /// Live rows of a fragment among which are all that pass.
  RowRanges Candidates(size_t fragment, const file::ReadContext& context) const;

 private:
  struct FieldTest {
    expr::ColumnTest test;
    int32_t field_id = -1;
  };
  struct RowTest {
    SystemColumn column;
    RowRanges values;
  };
  void AddTest(expr::ColumnTest test);
  RowRanges PassingPages(const FieldTest& test, const FragmentReader& fragment, const file::ReadContext& context) const;

  const TableReader& table_;
  const ReadPlan& plan_;
  std::vector<FieldTest> field_tests_;
  std::vector<RowTest> row_tests_;
};

}  // namespace eider::query
