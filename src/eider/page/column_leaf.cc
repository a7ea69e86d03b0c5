#include "eider/page/column_leaf.h"

#include <charconv>
#include <cstdlib>

#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/page/gather_packed.h"
#include "eider/schema/blob_columns.h"

namespace eider::page {
namespace {

using Scheme = codec::CompressionOptions::Scheme;
using Structure = PageOptions::Structure;

Error UnknownValue(std::string_view path, std::string_view key, std::string_view value) {
  return Invalid("field '{}': metadata {}: unknown value '{}'", path, key, value);
}

double ParseNumber(std::string_view path, std::string_view key, const std::string& value) {
  char* end = nullptr;
  const double number = std::strtod(value.c_str(), &end);
  if (value.empty() || *end != 0 || !(number >= 0)) throw UnknownValue(path, key, value);
  return number;
}

Scheme ParseScheme(std::string_view path, std::string_view key, const std::string& value) {
  if (value == "none") return Scheme::kNone;
  if (value == "lz4") return Scheme::kLz4;
  if (value == "zstd") return Scheme::kZstd;
  if (value == "fsst") return Scheme::kFsst;
  throw UnknownValue(path, key, value);
}

int ParseLevel(std::string_view path, std::string_view key, const std::string& value) {
  int level = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), level);
  if (error != std::errc() || end != value.data() + value.size()) throw UnknownValue(path, key, value);
  return level;
}

codec::CompressionOptions::ByteSplit ParseByteSplit(std::string_view path, std::string_view key, const std::string& value) {
  using ByteSplit = codec::CompressionOptions::ByteSplit;
  if (value == "off") return ByteSplit::kOff;
  if (value == "on") return ByteSplit::kOn;
  if (value == "auto") return ByteSplit::kAuto;
  throw UnknownValue(path, key, value);
}

/// Bytes that a chunk aims for: a chunk of version 2.1 has 32 KiB at most, levels included.
uint64_t ParseChunkBytes(std::string_view path, std::string_view key, const std::string& value, uint16_t version_minor) {
  const int bytes = ParseLevel(path, key, value);
  if (bytes < 1 || bytes > (version_minor < 2 ? 20 << 10 : 16 << 20)) throw UnknownValue(path, key, value);
  return uint64_t(bytes);
}

Scheme ParseDictionaryScheme(std::string_view path, std::string_view key, const std::string& value) {
  const Scheme scheme = ParseScheme(path, key, value);
  if (scheme == Scheme::kFsst) throw UnknownValue(path, key, value);
  return scheme;
}

bool ParseProfile(std::string_view path, std::string_view key, const std::string& value) {
  if (value != "fast" && value != "compact") throw UnknownValue(path, key, value);
  return value == "compact";
}

/// `name` is the key without its prefix.
void ApplyNamed(std::string_view path, std::string_view key, std::string_view name, const std::string& value, PageOptions& options) {
  if (name == "structural-encoding") {
    if (value == "miniblock") options.structure = Structure::kMiniBlock;
    else if (value == "fullzip") options.structure = Structure::kFullZip;
    else throw UnknownValue(path, key, value);
  } else if (name == "compression") {
    options.compression.scheme = ParseScheme(path, key, value);
  } else if (name == "compression-level") {
    options.compression.level = ParseLevel(path, key, value);
  } else if (name == "rle-threshold") {
    options.compression.rle_threshold = ParseNumber(path, key, value);
  } else if (name == "dict-divisor") {
    options.dictionary_divisor = ParseNumber(path, key, value);
  } else if (name == "dict-size-ratio") {
    options.dictionary_size_ratio = ParseNumber(path, key, value);
    if (*options.dictionary_size_ratio == 0) throw UnknownValue(path, key, value);
  } else if (name == "dict-values-compression") {
    options.dictionary_scheme = ParseDictionaryScheme(path, key, value);
  } else if (name == "dict-values-compression-level") {
    options.dictionary_level = ParseLevel(path, key, value);
  } else if (name == "bss") {
    options.compression.byte_split = ParseByteSplit(path, key, value);
  } else if (name == "minichunk-size") {
    options.compression.variable_chunk_bytes = ParseChunkBytes(path, key, value, options.compression.version_minor);
  } else if (name == "profile") {
    options.compression.compact = ParseProfile(path, key, value);
  } else if (name == "blob") {
    if (value != "false") throw Unsupported("field '{}': metadata {} = '{}' is not supported for writing", path, key, value);
  } else if (name != "packed" && name != "general" && !name.starts_with("blob-")) {
    // The schema reads `packed`; `general` has no effect in any release; thresholds of blobs mean nothing where there are none.
    throw Invalid("field '{}': metadata {} = '{}': there is no such key", path, key, value);
  }
}

void ApplyKey(std::string_view path, const std::string& key, const std::string& value, PageOptions& options) {
  constexpr std::string_view kPrefix = "lance-encoding:";
  const bool legacy_packed = key == "packed";
  if (!legacy_packed && !key.starts_with(kPrefix)) return;
  ApplyNamed(path, key, legacy_packed ? std::string_view(key) : std::string_view(key).substr(kPrefix.size()), value, options);
}

/// What "compact" means where a field asks for nothing else.
void SettleProfile(PageOptions& options) {
  if (options.compression.compact && options.compression.scheme == Scheme::kAuto) {
    options.compression.scheme = Scheme::kZstd;
    options.compression.tries_fsst = true;
  }
  if (options.compression.compact && options.dictionary_scheme == Scheme::kAuto) options.dictionary_scheme = Scheme::kZstd;
}

void RefuseType(const std::string& path, const DataType& type, uint16_t version_minor) {
  if (type.id == TypeId::kMap && version_minor < 2) {
    throw Unsupported("field '{}': {} needs file version 2.2 or later", path, TypeToString(type));
  }
  if (type.id == TypeId::kFixedSizeBinary && type.byte_width == 0 && version_minor < 2) {
    throw Unsupported("field '{}': {} needs file version 2.2 or later", path, TypeToString(type));
  }
  if (type.id == TypeId::kMap && type.keys_sorted) {
    throw Unsupported("field '{}': maps with sorted keys cannot be stored", path);
  }
}

/// Fixed-size lists may hold fixed-size lists and fixed-width primitives only.
void CheckFixedSizeList(const std::string& path, const DataType& type) {
  const DataType* item = &type;
  while (item->id == TypeId::kFixedSizeList) {
    if (item->list_size <= 0) throw Unsupported("field '{}': {} has no items", path, TypeToString(type));
    item = item->children[0].type.get();
  }
  if (FixedBitWidth(*item) == 0 || item->id == TypeId::kDictionary) {
    throw Unsupported("field '{}': {} cannot be stored", path, TypeToString(type));
  }
}

class LeafFinder {
 public:
  LeafFinder(uint16_t version_minor, const EncodingRequest& request) : version_minor_(version_minor), request_(request) {}

  void Visit(const LanceField& field, const Field& arrow, std::string path, PageOptions options) {
    const DataType& type = *arrow.type;
    if (type.id == TypeId::kStruct && BlobFormOf(field) != BlobForm::kNone) {
      // What is asked for concerns the values, which lie elsewhere.
      if (request_.columns.contains(path)) throw Invalid("field '{}': options for a column of blobs, which are stored as they are", path);
      PageOptions plain{.describes_blobs = BlobFormOf(field) == BlobForm::kV1};
      plain.compression.version_minor = version_minor_;
      return AddLeaf(field, arrow, std::move(path), plain);
    }
    for (const auto& [key, value] : field.metadata) ApplyKey(path, key, value, options);
    if (const auto asked = request_.columns.find(path); asked != request_.columns.end()) {
      for (const auto& [key, value] : asked->second) ApplyNamed(path, key, key, value, options);
    }
    RefuseType(path, type, version_minor_);
    switch (type.id) {
      case TypeId::kStruct:
        if (field.IsLeaf()) return AddLeaf(field, arrow, std::move(path), options);
        return VisitChildren(PathStep::Kind::kStruct, field, type, path, options);
      case TypeId::kList:
      case TypeId::kLargeList:
      case TypeId::kMap:
        return VisitChildren(PathStep::Kind::kList, field, type, path, options);
      case TypeId::kFixedSizeList:
        if (type.children[0].type->id == TypeId::kStruct) return VisitItems(field, type, path, options);
        return AddLeaf(field, arrow, std::move(path), options);
      default:
        return AddLeaf(field, arrow, std::move(path), options);
    }
  }

  std::vector<ColumnLeaf> Take() { return std::move(leaves_); }

 private:
  void VisitChildren(PathStep::Kind kind, const LanceField& field, const DataType& type, const std::string& path,
                     const PageOptions& options) {
    if (field.children.size() != type.children.size()) {
      throw Invalid("field '{}': {} has {} fields with ids", path, TypeToString(type), field.children.size());
    }
    for (size_t i = 0; i < type.children.size(); ++i) {
      steps_.push_back({kind, int(i)});
      Visit(field.children[i], type.children[i], path + "." + field.children[i].name, options);
      steps_.pop_back();
    }
  }

  /// A fixed-size list of structs.
  void VisitItems(const LanceField& field, const DataType& type, const std::string& path, const PageOptions& options) {
    if (version_minor_ < 2) throw Unsupported("field '{}': {} needs file version 2.2 or later", path, TypeToString(type));
    if (type.children[0].type->children.empty()) throw Unsupported("field '{}': a fixed-size list of empty structs", path);
    for (const PathStep& step : steps_) {
      if (step.kind == PathStep::Kind::kList) throw Unsupported("field '{}': a fixed-size list of structs inside a list", path);
    }
    const uint64_t outside = rows_per_row_;
    rows_per_row_ = CheckedMul(rows_per_row_, static_cast<uint64_t>(type.list_size), "fixed-size list");
    VisitChildren(PathStep::Kind::kFixedSizeList, field, type, path, options);
    rows_per_row_ = outside;
  }

  void AddLeaf(const LanceField& field, const Field& arrow, std::string path, const PageOptions& options) {
    const DataType& type = *arrow.type;
    if (type.id == TypeId::kFixedSizeList) CheckFixedSizeList(path, type);
    ColumnLeaf leaf{std::move(path), field.id, arrow.type, steps_, options};
    SettleProfile(leaf.options);
    leaf.rows_per_row = rows_per_row_;
    leaf.options.compression.is_text =
        type.id == TypeId::kUtf8 || type.id == TypeId::kLargeUtf8 || type.id == TypeId::kUtf8View;
    if (type.id == TypeId::kStruct && !type.children.empty()) CheckPacked(leaf);
    if (type.id == TypeId::kStruct && type.children.empty() && leaf.num_lists() > 0) {
      throw Unsupported("field '{}': an empty struct inside a list cannot be stored", leaf.path);
    }
    leaves_.push_back(std::move(leaf));
  }

  void CheckPacked(const ColumnLeaf& leaf) const {
    InContext([&] { return fmt::format("field '{}'", leaf.path); }, [&] { RequirePackable(*leaf.type); });
    if (version_minor_ < 2 && !IsPlainPacked(*leaf.type)) {
      throw Unsupported("field '{}': a packed struct of fields that are not fixed-width values needs file version 2.2 or later", leaf.path);
    }
  }

  const uint16_t version_minor_;
  const EncodingRequest& request_;
  std::vector<PathStep> steps_;
  uint64_t rows_per_row_ = 1;
  std::vector<ColumnLeaf> leaves_;
};

}  // namespace

int ColumnLeaf::num_lists() const {
  int n = 0;
  for (const PathStep& step : steps) n += step.kind == PathStep::Kind::kList;
  return n;
}

std::vector<ColumnLeaf> FindColumnLeaves(const LanceField& field, const Field& arrow, uint16_t version_minor,
                                         const EncodingRequest& request) {
  LeafFinder finder(version_minor, request);
  PageOptions options;
  options.compression.version_minor = version_minor;
  options.compression.compact = request.compact;
  finder.Visit(field, arrow, field.name, options);
  return finder.Take();
}

}  // namespace eider::page
