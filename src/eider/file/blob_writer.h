#pragma once
/// \file
/// Takes the values of a blob column out of its arrays while a file is written, each straight to where it will lie: what goes on to the pages
/// are descriptors (schema/blob_columns.h draws them).
///
///     v1            64-byte aligned, in the data file
///     v2, by size   up to 64 KiB    the same
///                   up to 4 MiB     back to back in a side-car of the column, begun anew before it would pass 1 GiB
///                   above           a side-car of its own
///
/// A field may ask for other limits (lance-encoding:blob-...-size-threshold). Values keep their order; nulls have no bytes.

#include <eider/schema.h>

#include <map>

#include "eider/file/blob_sums.h"
#include "eider/file/side_cars.h"

namespace eider::file {

/// Appends an aligned buffer to the data file; returns where it begins.
using AppendBuffer = std::function<uint64_t(ByteSpan)>;

class BlobWriter {
 public:
  /// `field` has blobs in it. `side_cars` outlives the writer. \throws Error(kUnsupported) for blobs that this place cannot hold,
  /// Error(kInvalid) for limits that are no numbers; both name the field. `sums`, where given, get what is stored.
  BlobWriter(LanceField field, AppendBuffer append, SideCars* side_cars, BlobSumWriter* sums = nullptr);

  /// \throws Error(kInvalid) when `array` does not have the column's type.
  void Check(const Array& array) const;
  /// Writes the blobs; returns the array with their descriptors. \throws Error(kInvalid) for a v2 value that is neither bytes nor a URI.
  ArrayPtr Store(const ArrayPtr& array);
  /// Closes the side-cars.
  void Finish();

 private:
  /// Where the values of one field go.
  struct Limits {
    uint64_t inline_bytes = 0;
    uint64_t shared_bytes = 0;
    SideCarPack pack;
  };
  class Descriptors;

  void Plan(const LanceField& field, const std::string& path, bool in_list);
  ArrayPtr StoreField(const LanceField& field, const ArrayPtr& array);
  ArrayPtr StoreStruct(const LanceField& field, const Array& array);
  template <typename Offset>
  ArrayPtr StoreLists(const LanceField& field, const Array& array);
  ArrayPtr StoreBytes(const LanceField& field, const Array& array);
  ArrayPtr StoreBlobs(const LanceField& field, const Array& array);
  void Sum(SideCarPlace place, ByteSpan value);
  void StoreValue(ByteSpan value, Limits& limits, Descriptors& out);
  void StoreExternal(const std::string& uri, std::optional<ByteRange> range, Limits& limits, Descriptors& out);

  const LanceField field_;
  const AppendBuffer append_;
  SideCars* const side_cars_;
  BlobSumWriter* const sums_;
  std::map<int32_t, Limits> limits_;  ///< of v2 fields, by id
};

}  // namespace eider::file
