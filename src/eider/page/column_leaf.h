#pragma once
/// \file
/// The leaves of a top-level column: the columns of a 2.1+ file. A leaf is a primitive, a fixed-size list of primitives, a
/// dictionary, a null or an empty struct, together with the structs, lists and fixed-size lists of structs on the way to it.

#include <eider/schema.h>

#include <map>
#include <string>
#include <vector>

#include "eider/codec/compressor.h"

namespace eider::page {

/// One step from a column towards a leaf.
struct PathStep {
  enum class Kind : uint8_t { kStruct, kList, kFixedSizeList };  ///< kList: list, large list, map; kFixedSizeList: of structs
  Kind kind = Kind::kStruct;
  int child = 0;
};

/// What the field asks for in its `lance-encoding:*` metadata.
struct PageOptions {
  enum class Structure : uint8_t { kAuto, kMiniBlock, kFullZip };
  Structure structure = Structure::kAuto;
  codec::CompressionOptions compression;
  double dictionary_divisor = 2;                 ///< `dict-divisor`
  std::optional<double> dictionary_size_ratio;   ///< `dict-size-ratio`
  codec::CompressionOptions::Scheme dictionary_scheme = codec::CompressionOptions::Scheme::kAuto;  ///< `dict-values-compression`
  std::optional<int> dictionary_level;                                                             ///< `dict-values-compression-level`
  bool describes_blobs = false;        ///< structs of position and size, of blobs of form v1
  bool packs_fields = false;           ///< 2.0: the fields of a struct, descriptors of blobs too, lie row by row in one column
};

struct ColumnLeaf {
  std::string path;  ///< for messages: "column.child.item"
  int32_t field_id = -1;
  TypePtr type;      ///< Arrow type of the leaf
  std::vector<PathStep> steps;
  PageOptions options;
  uint64_t rows_per_row = 1;  ///< the product of the fixed-size lists on the way: pages count their items

  int num_lists() const;
};

/// What a caller asks of the columns of a file, beside what their metadata asks.
struct EncodingRequest {
  bool compact = false;
  /// By path of the field ("column.child"): keys as in `lance-encoding:*` without the prefix, and `profile` (fast or compact).
  /// They win over the field's metadata, as a field's own do over those of the fields around it.
  std::map<std::string, std::map<std::string, std::string>> columns;
};

/// The leaves of one column, depth-first. `version_minor` is 1 (2.1) or 2 (2.2).
/// \throws Error(kUnsupported) for a type or a metadata key that cannot be written, Error(kInvalid) for an unknown value of a
/// key; both name the field.
std::vector<ColumnLeaf> FindColumnLeaves(const LanceField& field, const Field& arrow, uint16_t version_minor,
                                         const EncodingRequest& request = {});

}  // namespace eider::page
