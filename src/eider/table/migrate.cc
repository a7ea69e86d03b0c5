#include "eider/table/migrate.h"

#include "eider/table/snapshot.h"

namespace eider::table {

size_t MigrateManifestPaths(io::ObjectStore& store) {
  const std::map<std::string, std::string> names = NamesToMigrate(store);
  store.RenameAll(kVersionsFolder, names);  // without names, too: a migration that was cut short has its end to come
  return names.size();
}

}  // namespace eider::table
