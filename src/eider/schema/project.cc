#include <eider/schema.h>

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

/// Adds to `out` the field that `segments` leads to, below copies of its parents; what is there already is merged.
void Merge(const LanceField& field, std::span<const std::string> below, std::vector<LanceField>* out) {
  LanceField* target = FindMutableId(out, field.id);
  // A leaf with children (a packed struct) is one column: it is kept whole.
  if (below.empty() || field.IsLeaf()) {
    if (target) *target = field;
    else out->push_back(field);
    return;
  }
  if (target == nullptr) {
    LanceField shell = field;
    shell.children.clear();
    out->push_back(std::move(shell));
    target = &out->back();
  }
  Merge(*FindName(field.children, below[0]), below.subspan(1), &target->children);
}

}  // namespace

std::vector<std::string> SplitFieldPath(std::string_view path) {
  std::vector<std::string> segments(1);
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '.') {
      segments.emplace_back();
    } else if (path[i] == '`' && segments.back().empty()) {
      const size_t end = path.find('`', i + 1);
      if (end == std::string_view::npos) throw Invalid("column path '{}': a backquote is not closed", path);
      segments.back() = path.substr(i + 1, end - i - 1);
      i = end;
    } else {
      segments.back() += path[i];
    }
  }
  return segments;
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
  for (const std::string& path : paths) {
    if (schema.FindPath(path) == nullptr) throw NotFound("{}", NoColumn(path, schema.Names()));
    const std::vector<std::string> segments = SplitFieldPath(path);
    Merge(*FindName(schema.fields, segments[0]), std::span(segments).subspan(1), &out.fields);
  }
  return out;
}

}  // namespace eider
