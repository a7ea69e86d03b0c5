#include "eider/table/base_paths.h"

#include <algorithm>

#include "eider/base/error.h"

namespace eider::table {
namespace {

using BasePathProto = ::lance::table::BasePath;

bool Same(const BasePathProto& a, const BasePathProto& b) {
  return a.path() == b.path() || (a.has_name() && b.has_name() && a.name() == b.name());
}

const BasePathProto* FindSame(const BasePathProto& base, const BasePathList& bases) {
  const auto found = std::find_if(bases.begin(), bases.end(), [&](const BasePathProto& other) { return Same(base, other); });
  return found == bases.end() ? nullptr : &*found;
}

}  // namespace

void AddBases(const BasePathList& added, BasePathList* bases) {
  uint64_t id = 0;
  for (const BasePathProto& base : *bases) id = std::max<uint64_t>(id, base.id());
  for (const BasePathProto& base : added) {
    // Relative ones would mean another place in another process.
    if (!base.path().starts_with('/') && base.path().find("://") == std::string::npos) {
      throw Invalid("base path '{}': '{}' is neither an absolute path nor a URI", base.name(), base.path());
    }
    if (const BasePathProto* same = FindSame(base, *bases)) {
      throw Invalid("base path '{}' at '{}': there is '{}' at '{}' already", base.name(), base.path(), same->name(), same->path());
    }
    if (++id > UINT32_MAX) throw Unsupported("base paths: their ids are used up");
    BasePathProto* registered = bases->Add();
    *registered = base;
    registered->set_id(static_cast<uint32_t>(id));
  }
}

bool ShareBase(const BasePathList& a, const BasePathList& b) {
  return std::any_of(a.begin(), a.end(), [&](const BasePathProto& base) { return FindSame(base, b) != nullptr; });
}

}  // namespace eider::table
