#include <eider/schema.h>

#include <unordered_map>

#include "eider/base/error.h"
#include "eider/schema/field_path.h"

namespace eider {
namespace {

const LanceField* FindName(const std::vector<LanceField>& fields, std::string_view name) {
  for (const LanceField& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

LanceField* FindMutableId(std::vector<LanceField>* fields, int32_t id) {
  for (LanceField& field : *fields) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

/// Makes `target` hold the part of `field` that `below` leads to, beside what it holds already.
void MergeInto(const LanceField& field, std::span<const std::string> below, bool is_new, LanceField* target) {
  // A leaf with children (a packed struct) is one column: it is kept whole.
  if (below.empty() || field.IsLeaf()) {
    *target = field;
    return;
  }
  if (is_new) {
    *target = field;
    target->children.clear();
  }
  const LanceField& child = *FindName(field.children, below[0]);
  LanceField* child_target = FindMutableId(&target->children, child.id);
  const bool child_is_new = child_target == nullptr;
  if (child_is_new) child_target = &target->children.emplace_back();
  MergeInto(child, below.subspan(1), child_is_new, child_target);
}

/// Top-level fields by name: there may be thousands of them, and of paths. Of the same name, the first.
std::unordered_map<std::string_view, const LanceField*> ByName(const LanceSchema& schema) {
  std::unordered_map<std::string_view, const LanceField*> by_name;
  for (const LanceField& field : schema.fields) by_name.try_emplace(field.name, &field);
  return by_name;
}

bool HasPath(const LanceField* field, std::span<const std::string> below) {
  for (; field != nullptr && !below.empty(); below = below.subspan(1)) field = FindName(field->children, below[0]);
  return field != nullptr;
}

}  // namespace

std::vector<std::string> SplitFieldPath(std::string_view path) {
  std::vector<std::string> segments(1);
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '.') {
      segments.emplace_back();
    } else if (path[i] == '`' && segments.back().empty()) {
      for (size_t from = i + 1;; from = i + 1) {
        i = path.find('`', from);
        if (i == std::string_view::npos) throw Invalid("column path '{}': a backquote is not closed", path);
        segments.back() += path.substr(from, i - from);
        if (!path.substr(i + 1).starts_with('`')) break;
        segments.back() += path[i++];
      }
    } else {
      segments.back() += path[i];
    }
  }
  return segments;
}

std::string QuoteSegment(std::string_view name) {
  if (name.find_first_of(".`") == std::string_view::npos) return std::string(name);
  std::string out = "`";
  for (const char c : name) out.append(c == '`' ? 2 : 1, c);
  return out + '`';
}

const LanceField* LanceSchema::FindPath(std::string_view path) const {
  const std::vector<LanceField>* level = &fields;
  const LanceField* field = nullptr;
  for (const std::string& segment : SplitFieldPath(path)) {
    field = FindName(*level, segment);
    if (field == nullptr) return nullptr;
    level = &field->children;
  }
  return field;
}

LanceSchema Project(const LanceSchema& schema, const std::vector<std::string>& paths) {
  LanceSchema out;
  out.metadata = schema.metadata;
  const auto by_name = ByName(schema);
  std::unordered_map<const LanceField*, size_t> places;  // in `out`
  for (const std::string& path : paths) {
    const std::vector<std::string> segments = SplitFieldPath(path);
    const std::span<const std::string> below = std::span(segments).subspan(1);
    const auto found = by_name.find(segments[0]);
    if (found == by_name.end() || !HasPath(found->second, below)) throw NotFound("{}", NoColumn(path, schema.Names()));
    const auto [place, is_new] = places.try_emplace(found->second, out.fields.size());
    if (is_new) out.fields.emplace_back();
    MergeInto(*found->second, below, is_new, &out.fields[place->second]);
  }
  return out;
}

}  // namespace eider
