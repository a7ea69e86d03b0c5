#pragma once
/// \file
/// Transactions and tables for tests of commits.

#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/table/commit.h"

namespace eider::table::samples {

inline lance::file::Field FieldOf(const std::string& name, int32_t id) {
  lance::file::Field field;
  field.set_name(name);
  field.set_id(id);
  field.set_parent_id(-1);
  field.set_logical_type("int64");
  field.set_nullable(true);
  return field;
}

inline DataFragmentProto FragmentOf(uint64_t num_rows, std::vector<int32_t> field_ids = {0}) {
  DataFragmentProto fragment;
  fragment.set_physical_rows(num_rows);
  DataFileProto* file = fragment.add_files();
  file->set_path(NewDataFileName());
  for (const int32_t id : field_ids) {
    file->add_column_indices(file->fields_size());
    file->add_fields(id);
  }
  return fragment;
}

inline TransactionProto OverwriteOf(uint64_t read_version) {
  TransactionProto transaction = NewTransaction(read_version);
  *transaction.mutable_overwrite()->add_schema() = FieldOf("a", 0);
  *transaction.mutable_overwrite()->add_fragments() = FragmentOf(10);
  return transaction;
}

inline TransactionProto AppendOf(uint64_t read_version, uint64_t num_rows = 5) {
  TransactionProto transaction = NewTransaction(read_version);
  *transaction.mutable_append()->add_fragments() = FragmentOf(num_rows);
  return transaction;
}

inline TransactionProto MergeOf(const Snapshot& read) {
  TransactionProto transaction = NewTransaction(read.version());
  *transaction.mutable_merge()->mutable_schema() = read.manifest->head().fields();
  *transaction.mutable_merge()->add_schema() = FieldOf("new", 7);
  for (size_t i = 0; i < read.manifest->num_fragments(); ++i) {
    DataFragmentProto* fragment = transaction.mutable_merge()->add_fragments();
    *fragment = read.manifest->fragment(i).proto();
    *fragment->add_files() = FragmentOf(0, {7}).files(0);
  }
  return transaction;
}

inline TransactionProto ProjectOf(const Snapshot& read, const std::vector<lance::file::Field>& fields) {
  TransactionProto transaction = NewTransaction(read.version());
  transaction.mutable_project();
  for (const auto& field : fields) *transaction.mutable_project()->add_schema() = field;
  return transaction;
}

inline Snapshot NewTable(bool stable = false, Naming naming = Naming::kV2) {
  return CreateTable(io::MakeMemoryStore("commit_test"), OverwriteOf(0), {.naming = naming, .stable_row_ids = stable});
}

inline ErrorKind KindOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::kIo;
}

}  // namespace eider::table::samples
