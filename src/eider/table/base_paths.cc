#include "eider/table/base_paths.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/io/store.h"

namespace eider::table {
namespace {

using BasePathProto = ::lance::table::BasePath;

bool Same(const BasePathProto& a, const BasePathProto& b) {
  return RootOf(a.path()) == RootOf(b.path()) || (a.has_name() && b.has_name() && a.name() == b.name());
}

const BasePathProto* FindSame(const BasePathProto& base, const BasePathList& bases) {
  const auto found = std::find_if(bases.begin(), bases.end(), [&](const BasePathProto& other) { return Same(base, other); });
  return found == bases.end() ? nullptr : &*found;
}

}  // namespace

bool IsAbsolute(std::string_view path) { return path.starts_with('/') || path.find("://") != std::string_view::npos; }

std::string RootOf(const std::string& path) {
  try {
    return io::OpenStore(path)->root();
  } catch (const Error&) {
    return path;
  }
}

void AddBases(const BasePathList& added, BasePathList* bases) {
  uint64_t id = 0;
  for (const BasePathProto& base : *bases) id = std::max<uint64_t>(id, base.id());
  for (const BasePathProto& base : added) {
    // Relative ones would mean another place in another process.
    if (!IsAbsolute(base.path())) {
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
