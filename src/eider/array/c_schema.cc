#include <charconv>
#include <limits>

#include <eider/arrow_c.h>

#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"

namespace eider {
namespace {

// Real schemas are a handful deep; the bound keeps a broken producer from exhausting the stack.
constexpr int kMaxDepth = 128;

/// Owns the moved structure and gives it back to its producer.
class OwnedSchema {
 public:
  explicit OwnedSchema(ArrowSchema* c) : c_(*c) { c->release = nullptr; }
  OwnedSchema(const OwnedSchema&) = delete;
  OwnedSchema& operator=(const OwnedSchema&) = delete;
  ~OwnedSchema() {
    if (c_.release) c_.release(&c_);
  }
  const ArrowSchema& get() const {
    if (!c_.release) throw Invalid("arrow schema: already released");
    return c_;
  }

 private:
  ArrowSchema c_;
};

/// int32 n; n x (int32 length, key, int32 length, value).
KeyValues ParseMetadata(const char* p) {
  KeyValues metadata;
  if (!p) return metadata;
  const auto read_length = [&p] {
    const int32_t n = LoadLe<int32_t>(reinterpret_cast<const uint8_t*>(p));
    if (n < 0) throw Invalid("arrow schema: metadata has a negative length {}", n);
    p += sizeof n;
    return size_t(n);
  };
  const auto read_string = [&] {
    const size_t n = read_length();
    std::string text(p, n);
    p += n;
    return text;
  };
  const size_t num_entries = read_length();
  for (size_t i = 0; i < num_entries; ++i) {
    std::string key = read_string();
    metadata.emplace_back(std::move(key), read_string());
  }
  return metadata;
}

/// Cursor over a format string; every failure names the whole string.
class FormatParser {
 public:
  explicit FormatParser(const ArrowSchema& c) : c_(c), format_(c.format ? c.format : ""), rest_(format_) {}

  TypePtr Parse() {
    if (TypePtr type = ParsePrimitive()) return type;
    if (Skip("+")) return ParseNested();
    if (Skip("d:")) return ParseDecimal();
    if (Skip("w:")) return FixedSizeBinaryType(Number(0));
    if (Skip("tt")) return ParseTime();
    if (Skip("tD")) return TimeType(TypeId::kDuration, Unit());
    if (Skip("ts")) return ParseTimestamp();
    throw Unsupported("arrow type with format '{}'{}", format_, format_.starts_with("ti") ? " (interval)" : "");
  }

 private:
  TypePtr ParsePrimitive() const {
    static constexpr std::pair<std::string_view, TypeId> kPrimitives[] = {
        {"n", TypeId::kNull}, {"b", TypeId::kBool}, {"c", TypeId::kInt8}, {"C", TypeId::kUInt8}, {"s", TypeId::kInt16},
        {"S", TypeId::kUInt16}, {"i", TypeId::kInt32}, {"I", TypeId::kUInt32}, {"l", TypeId::kInt64}, {"L", TypeId::kUInt64},
        {"e", TypeId::kHalfFloat}, {"f", TypeId::kFloat}, {"g", TypeId::kDouble}, {"z", TypeId::kBinary},
        {"Z", TypeId::kLargeBinary}, {"vz", TypeId::kBinaryView}, {"u", TypeId::kUtf8}, {"U", TypeId::kLargeUtf8},
        {"vu", TypeId::kUtf8View}, {"tdD", TypeId::kDate32}, {"tdm", TypeId::kDate64}};
    for (const auto& [format, id] : kPrimitives) {
      if (format_ == format) return MakeType(id);
    }
    return nullptr;
  }

  TypePtr ParseNested();
  TypePtr ParseDecimal() {
    const int32_t precision = Number(1);
    Expect(",");
    const int32_t scale = Number(std::numeric_limits<int32_t>::min());
    const int32_t bits = Skip(",") ? Number(1) : 128;
    if (bits != 128 && bits != 256) throw Unsupported("arrow type with format '{}': decimal of {} bits", format_, bits);
    return DecimalType(bits == 128 ? TypeId::kDecimal128 : TypeId::kDecimal256, precision, scale);
  }
  TypePtr ParseTime() {
    const TimeUnit unit = Unit();
    const bool narrow = unit == TimeUnit::kSecond || unit == TimeUnit::kMilli;
    return TimeType(narrow ? TypeId::kTime32 : TypeId::kTime64, unit);
  }
  TypePtr ParseTimestamp() {
    const TimeUnit unit = Unit();
    Expect(":");
    return TimestampType(unit, std::string(rest_));
  }

  bool Skip(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }
  void Expect(std::string_view prefix) {
    if (!Skip(prefix)) Fail();
  }
  [[noreturn]] void Fail() const { throw Invalid("arrow schema: malformed format '{}'", format_); }
  int32_t Number(int32_t minimum) {
    int32_t number = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (error != std::errc() || number < minimum) Fail();
    rest_.remove_prefix(size_t(end - rest_.data()));
    return number;
  }
  TimeUnit Unit() {
    if (Skip("s")) return TimeUnit::kSecond;
    if (Skip("m")) return TimeUnit::kMilli;
    if (Skip("u")) return TimeUnit::kMicro;
    if (Skip("n")) return TimeUnit::kNano;
    Fail();
  }

  const ArrowSchema& c_;
  const std::string_view format_;
  std::string_view rest_;
};

Field ParseField(const ArrowSchema& c);

std::vector<Field> ParseChildren(const ArrowSchema& c) {
  if (c.n_children < 0 || (c.n_children > 0 && !c.children)) {
    throw Invalid("arrow schema: format '{}' with {} children", c.format, c.n_children);
  }
  std::vector<Field> children;
  for (int64_t i = 0; i < c.n_children; ++i) {
    if (!c.children[i]) throw Invalid("arrow schema: child {} of format '{}' is missing", i, c.format);
    const ArrowSchema& child = *c.children[i];
    children.push_back(InContext([&child] { return fmt::format("field '{}'", child.name ? child.name : ""); },
                                 [&] { return ParseField(child); }));
  }
  return children;
}

TypePtr FormatParser::ParseNested() {
  auto type = std::make_shared<DataType>();
  if (Skip("w:")) {
    type->id = TypeId::kFixedSizeList;
    type->list_size = Number(0);
  } else if (rest_ == "l") {
    type->id = TypeId::kList;
  } else if (rest_ == "L") {
    type->id = TypeId::kLargeList;
  } else if (rest_ == "s") {
    type->id = TypeId::kStruct;
  } else if (rest_ == "m") {
    type->id = TypeId::kMap;
    type->keys_sorted = (c_.flags & ARROW_FLAG_MAP_KEYS_SORTED) != 0;
  } else {
    const char* name = rest_ == "r" ? " (run-end encoded)" : rest_.starts_with("u") ? " (union)"
                       : rest_.starts_with("v") ? " (list view)" : "";
    throw Unsupported("arrow type with format '{}'{}", format_, name);
  }
  type->children = ParseChildren(c_);
  if (type->id != TypeId::kStruct && type->children.size() != 1) {
    throw Invalid("arrow schema: format '{}' with {} children, not 1", format_, type->children.size());
  }
  if (type->id == TypeId::kMap) {
    const DataType& entry = *type->children[0].type;
    if (entry.id != TypeId::kStruct || entry.children.size() != 2) {
      throw Invalid("arrow schema: a map of {}, not of key and value", TypeToString(entry));
    }
  }
  return type;
}

Field ParseField(const ArrowSchema& c) {
  if (!c.release) throw Invalid("arrow schema: already released");
  Field field;
  field.name = c.name ? c.name : "";
  field.nullable = (c.flags & ARROW_FLAG_NULLABLE) != 0;
  field.metadata = ParseMetadata(c.metadata);
  field.type = FormatParser(c).Parse();
  if (c.dictionary) {
    if (!IsInteger(field.type->id)) throw Invalid("arrow schema: dictionary indices of type {}", TypeToString(*field.type));
    Field value = ParseField(*c.dictionary);
    field.type = DictionaryType(field.type, std::move(value.type), (c.flags & ARROW_FLAG_DICTIONARY_ORDERED) != 0);
  }
  return field;
}

bool IsDeeperThan(const ArrowSchema& c, int levels) {
  if (levels == 0) return true;
  if (c.dictionary && IsDeeperThan(*c.dictionary, levels - 1)) return true;
  for (int64_t i = 0; c.children && i < c.n_children; ++i) {
    if (c.children[i] && IsDeeperThan(*c.children[i], levels - 1)) return true;
  }
  return false;
}

}  // namespace

Field ImportField(ArrowSchema* c) {
  const OwnedSchema owned(c);
  if (IsDeeperThan(owned.get(), kMaxDepth)) throw Invalid("arrow schema: more than {} levels deep", kMaxDepth);
  return ParseField(owned.get());
}

Schema ImportSchema(ArrowSchema* c) {
  Field field = ImportField(c);
  if (field.type->id != TypeId::kStruct) throw Invalid("arrow schema: {} where a struct of columns is wanted", TypeToString(*field.type));
  return Schema{field.type->children, std::move(field.metadata)};
}

namespace {

std::string SerializeMetadata(const KeyValues& metadata) {
  std::string bytes;
  const auto add_length = [&bytes](size_t n) {
    if (n > size_t(std::numeric_limits<int32_t>::max())) throw Invalid("arrow schema: metadata of {} bytes", n);
    const int32_t length = int32_t(n);
    bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
  };
  add_length(metadata.size());
  for (const auto& [key, value] : metadata) {
    add_length(key.size());
    bytes += key;
    add_length(value.size());
    bytes += value;
  }
  return bytes;
}

const char* UnitLetter(TimeUnit unit) {
  static constexpr const char* kLetters[] = {"s", "m", "u", "n"};
  return kLetters[size_t(unit)];
}

std::string FormatOf(const DataType& type) {
  switch (type.id) {
    case TypeId::kNull: return "n";
    case TypeId::kBool: return "b";
    case TypeId::kInt8: return "c";
    case TypeId::kInt16: return "s";
    case TypeId::kInt32: return "i";
    case TypeId::kInt64: return "l";
    case TypeId::kUInt8: return "C";
    case TypeId::kUInt16: return "S";
    case TypeId::kUInt32: return "I";
    case TypeId::kUInt64: return "L";
    case TypeId::kHalfFloat: return "e";
    case TypeId::kFloat: return "f";
    case TypeId::kDouble: return "g";
    case TypeId::kDecimal128: return fmt::format("d:{},{}", type.precision, type.scale);
    case TypeId::kDecimal256: return fmt::format("d:{},{},256", type.precision, type.scale);
    case TypeId::kDate32: return "tdD";
    case TypeId::kDate64: return "tdm";
    case TypeId::kTime32: case TypeId::kTime64: return fmt::format("tt{}", UnitLetter(type.unit));
    case TypeId::kTimestamp: return fmt::format("ts{}:{}", UnitLetter(type.unit), type.timezone);
    case TypeId::kDuration: return fmt::format("tD{}", UnitLetter(type.unit));
    case TypeId::kUtf8: return "u";
    case TypeId::kLargeUtf8: return "U";
    case TypeId::kUtf8View: return "vu";
    case TypeId::kBinary: return "z";
    case TypeId::kLargeBinary: return "Z";
    case TypeId::kBinaryView: return "vz";
    case TypeId::kFixedSizeBinary: return fmt::format("w:{}", type.byte_width);
    case TypeId::kFixedSizeList: return fmt::format("+w:{}", type.list_size);
    case TypeId::kList: return "+l";
    case TypeId::kLargeList: return "+L";
    case TypeId::kStruct: return "+s";
    case TypeId::kMap: return "+m";
    case TypeId::kDictionary: return FormatOf(*type.index_type);
  }
  throw Invalid("arrow schema: unknown type id {}", int(type.id));
}

/// What one exported node owns. Children may be moved out by the consumer, then their release is null.
struct ExportedSchema {
  std::string format, name, metadata;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> child_pointers;
  ArrowSchema dictionary{};

  ~ExportedSchema() {
    for (ArrowSchema& child : children) {
      if (child.release) child.release(&child);
    }
    if (dictionary.release) dictionary.release(&dictionary);
  }
};

void ReleaseSchema(ArrowSchema* c) {
  delete static_cast<ExportedSchema*>(c->private_data);
  c->release = nullptr;
}

int64_t FlagsOf(const Field& field) {
  return (field.nullable ? ARROW_FLAG_NULLABLE : 0) | (field.type->ordered ? ARROW_FLAG_DICTIONARY_ORDERED : 0) |
         (field.type->keys_sorted ? ARROW_FLAG_MAP_KEYS_SORTED : 0);
}

}  // namespace

void ExportField(const Field& field, ArrowSchema* out) {
  auto owned = std::make_unique<ExportedSchema>();
  owned->format = FormatOf(*field.type);
  owned->name = field.name;
  if (!field.metadata.empty()) owned->metadata = SerializeMetadata(field.metadata);
  owned->children.resize(field.type->children.size());
  for (size_t i = 0; i < owned->children.size(); ++i) {
    ExportField(field.type->children[i], &owned->children[i]);
    owned->child_pointers.push_back(&owned->children[i]);
  }
  const bool is_dictionary = field.type->id == TypeId::kDictionary;
  if (is_dictionary) ExportField(Field{"", field.type->value_type, true, {}}, &owned->dictionary);
  *out = ArrowSchema{};
  out->format = owned->format.c_str();
  out->name = owned->name.c_str();
  out->metadata = owned->metadata.empty() ? nullptr : owned->metadata.data();
  out->flags = FlagsOf(field);
  out->n_children = int64_t(owned->children.size());
  out->children = owned->child_pointers.empty() ? nullptr : owned->child_pointers.data();
  out->dictionary = is_dictionary ? &owned->dictionary : nullptr;
  out->release = &ReleaseSchema;
  out->private_data = owned.release();
}

void ExportSchema(const Schema& schema, ArrowSchema* out) {
  ExportField(Field{"", StructType(schema.fields), false, schema.metadata}, out);
}

}  // namespace eider
