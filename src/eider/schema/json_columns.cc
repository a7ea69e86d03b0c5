#include "eider/schema/json_columns.h"

#include <algorithm>
#include <limits>

#include "eider/array/jsonb.h"
#include "eider/array/string_values.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"

namespace eider {
namespace {

bool IsText(TypeId id) { return id == TypeId::kUtf8 || id == TypeId::kLargeUtf8 || id == TypeId::kUtf8View; }

const LanceField* FieldOfChild(const LanceField& field, const DataType& type, size_t i) {
  if (type.id != TypeId::kStruct) return i < field.children.size() ? &field.children[i] : nullptr;
  const auto found = std::find_if(field.children.begin(), field.children.end(),
                                  [&](const LanceField& child) { return child.name == type.children[i].name; });
  return found == field.children.end() ? nullptr : &*found;
}

ArrayPtr WithChildren(const Array& array, std::vector<ArrayPtr> children) {
  auto type = std::make_shared<DataType>(*array.type);
  for (size_t i = 0; i < children.size(); ++i) type->children[i].type = children[i]->type;
  auto out = std::make_shared<Array>(array);
  out->type = std::move(type);
  out->children = std::move(children);
  return out;
}

/// `array` with each of its values that counts replaced by what `convert(value, bytes)` appends; the others become null.
template <typename Offset, typename Counts, typename Convert>
ArrayPtr ConvertValues(const Array& array, TypeId to, const Counts& counts, const Convert& convert) {
  const auto n = static_cast<uint64_t>(array.length);
  BufferBuilder offsets((n + 1) * sizeof(Offset)), bytes;
  BitBuilder validity;
  validity.AppendFill(n, true);
  int64_t nulls = 0;
  const StringValues values(array);
  offsets.AppendValue<Offset>(0);
  for (int64_t i = 0; i < array.length; ++i) {
    if (array.IsValid(i) && counts(i)) {
      convert(values.At(i), bytes);
    } else {
      ClearBit(validity.data(), static_cast<uint64_t>(i));
      ++nulls;
    }
    if (bytes.size() > static_cast<uint64_t>(std::numeric_limits<Offset>::max())) {
      throw Invalid("JSON text of more than {} bytes in one batch: read fewer rows at a time", std::numeric_limits<Offset>::max());
    }
    offsets.AppendValue(static_cast<Offset>(bytes.size()));
  }
  auto out = std::make_shared<Array>();
  out->type = MakeType(to);
  out->length = array.length;
  out->null_count = nulls;
  if (nulls > 0) out->validity = validity.Finish();
  out->buffers = {offsets.Finish(), bytes.Finish()};
  return out;
}

/// Which rows of an array count: those that no null or window of a parent hides.
class Live {
 public:
  Live() = default;
  bool operator()(int64_t i) const { return all_ || GetBit(bits_.data(), static_cast<uint64_t>(i)); }

  Live OfChild(const Array& parent, int64_t child_length) const {
    Live child;
    child.all_ = false;
    child.bits_.AppendFill(static_cast<uint64_t>(child_length), false);
    for (int64_t i = 0; i < parent.length; ++i) {
      if (!parent.IsValid(i) || !(*this)(i)) continue;
      const auto [first, last] = Items(parent, i);
      for (int64_t item = first; item < last; ++item) SetBit(child.bits_.data(), static_cast<uint64_t>(item));
    }
    return child;
  }

 private:
  static std::pair<int64_t, int64_t> Items(const Array& parent, int64_t i) {
    const int64_t at = parent.offset + i;
    switch (parent.type->id) {
      case TypeId::kStruct: return {at, at + 1};
      case TypeId::kFixedSizeList: return {at * parent.type->list_size, (at + 1) * parent.type->list_size};
      case TypeId::kLargeList: return {parent.buffers[0].as<int64_t>()[at], parent.buffers[0].as<int64_t>()[at + 1]};
      default: return {parent.buffers[0].as<int32_t>()[at], parent.buffers[0].as<int32_t>()[at + 1]};
    }
  }

  bool all_ = true;
  mutable BitBuilder bits_;
};

/// JSONB given as such is checked, so that nobody stores what cannot be read.
void CopyJsonb(ByteSpan value, BufferBuilder& out) {
  BufferBuilder ignored;
  try {
    AppendJsonText(value, ignored);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt) throw;
    throw Invalid("{}", error.what());
  }
  out.Append(value);
}

ArrayPtr StoreLeaf(const ArrayPtr& shown, const Live& live) {
  const bool is_text = IsText(shown->type->id);
  return ConvertValues<int64_t>(*shown, TypeId::kLargeBinary, live, [&](ByteSpan value, BufferBuilder& out) {
    if (!is_text) return CopyJsonb(value, out);
    AppendJsonb({reinterpret_cast<const char*>(value.data()), value.size()}, out);
  });
}

ArrayPtr Store(const ArrayPtr& shown, const LanceField& field, const Live& live) {
  if (IsJson(field)) {
    if (!IsText(shown->type->id) && shown->type->id != TypeId::kLargeBinary) return shown;  // its type is refused later
    return InContext([&] { return fmt::format("column '{}'", field.name); }, [&] { return StoreLeaf(shown, live); });
  }
  if (!HasJson(field) || shown->children.empty()) return shown;
  std::vector<ArrayPtr> children = shown->children;
  for (size_t i = 0; i < children.size(); ++i) {
    const LanceField* child = FieldOfChild(field, *shown->type, i);
    if (child == nullptr || !HasJson(*child)) continue;
    children[i] = Store(children[i], *child, live.OfChild(*shown, children[i]->length));
  }
  return WithChildren(*shown, std::move(children));
}

/// The rows of a packed struct that are null have values of no bytes.
void AppendStored(ByteSpan value, BufferBuilder& out) {
  if (value.empty()) return out.Append("null", 4);
  AppendJsonText(value, out);
}

}  // namespace

bool IsJson(const LanceField& field) { return field.logical_type == "json" || field.extension_name == kJsonExtension; }

bool HasJson(const LanceField& field) {
  return IsJson(field) || std::any_of(field.children.begin(), field.children.end(), HasJson);
}

ArrayPtr ShowJson(const ArrayPtr& stored, const LanceField& field) {
  if (IsJson(field)) {
    return InContext([&] { return fmt::format("column '{}'", field.name); }, [&] {
      return ConvertValues<int32_t>(*stored, TypeId::kUtf8, [](int64_t) { return true; }, AppendStored);
    });
  }
  if (!HasJson(field) || stored->children.empty()) return stored;
  std::vector<ArrayPtr> children = stored->children;
  for (size_t i = 0; i < children.size(); ++i) {
    const LanceField* child = FieldOfChild(field, *stored->type, i);
    if (child != nullptr) children[i] = ShowJson(children[i], *child);
  }
  return WithChildren(*stored, std::move(children));
}

ArrayPtr StoreJson(const ArrayPtr& shown, const LanceField& field) { return HasJson(field) ? Store(shown, field, Live()) : shown; }

}  // namespace eider
