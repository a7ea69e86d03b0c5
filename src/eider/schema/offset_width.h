#pragma once
/// \file
/// Texts, bytes and lists have offsets of 32 or 64 bits, or are views, or stand in a dictionary: columns that hold the same, and engines
/// choose differently.

#include <eider/array.h>

#include <memory>
#include <utility>

namespace eider {

/// `type` with the widths of `like`, at any depth, and its names for the items of lists, which say nothing; children of structs are matched
/// by name. Plain values become those of a dictionary, or the other way, as `like` has them. What differs in more stays as it is, and so do
/// views where `like` has 32-bit offsets, and fields that are of an extension type.
TypePtr WithWidthsOf(const TypePtr& type, const DataType& like);
/// The same of one field. The metadata are its own.
Field WithWidthsOf(const Field& field, const Field& like);

/// `type` with 64-bit offsets in place of views, at any depth.
TypePtr WithoutViews(const TypePtr& type);

/// The array as one of `type`, which `WithWidthsOf` or `WithoutViews` made of its own. Shares the values, where these are no views.
/// \throws Error(kInvalid) when 32-bit offsets would overflow, or when there are more distinct values than dictionary keys.
ArrayPtr ToWidthsOf(const ArrayPtr& array, const TypePtr& type);

/// A stream whose columns become those of `schema`, of which `WithWidthsOf` or `WithoutViews` made the types.
class OffsetWidthReader : public RecordBatchReader {
 public:
  OffsetWidthReader(std::shared_ptr<RecordBatchReader> data, SchemaPtr schema) : data_(std::move(data)), schema_(std::move(schema)) {}
  const SchemaPtr& schema() const override { return schema_; }
  /// \throws Error(kInvalid) as ToWidthsOf does, naming the column
  std::optional<RecordBatch> Next() override;

 private:
  std::shared_ptr<RecordBatchReader> data_;
  SchemaPtr schema_;
};

/// The stream, with the widths of `like` for the columns that are there by name.
std::shared_ptr<RecordBatchReader> WithWidthsOf(std::shared_ptr<RecordBatchReader> data, const Schema& like);

}  // namespace eider
