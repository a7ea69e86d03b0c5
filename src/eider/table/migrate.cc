#include "eider/table/migrate.h"

#include "eider/table/snapshot.h"

namespace eider::table {

size_t MigrateManifestPaths(io::ObjectStore& store) {
  const std::map<std::string, std::string> names = NamesToMigrate(store);
  if (!names.empty()) store.RenameAll(kVersionsFolder, names);
  return names.size();
}

}  // namespace eider::table
