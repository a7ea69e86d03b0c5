#include "eider/table/feature_flags.h"

#include "eider/base/error.h"

namespace eider::table {
namespace {

constexpr uint64_t kReadable = kDeletionFiles | kStableRowIds | kLegacyV2Format | kTableConfig | kMultipleBases |
                               kNoTransactionFile | kCoveringIndex | kMixedFileVersions | kReuseTransitions | kManagedBlobs;
constexpr uint64_t kWritable = kDeletionFiles | kStableRowIds | kLegacyV2Format | kTableConfig | kMultipleBases |
                               kNoTransactionFile | kCoveringIndex | kMixedFileVersions;
constexpr uint64_t kKept = kNoTransactionFile | kMixedFileVersions;

std::string Numbers(uint64_t flags) {
  std::string text;
  for (uint64_t bit = 1; bit != 0; bit <<= 1) {
    if (flags & bit) text += fmt::format("{}{}", text.empty() ? "" : ", ", bit);
  }
  return text;
}

}  // namespace

void RequireReadable(const Manifest& manifest) {
  const uint64_t reader = manifest.reader_feature_flags();
  if (const uint64_t unknown = reader & ~kReadable) {
    throw Unsupported("version {} needs reader features that this version of Eider does not have: flags {}",
                      manifest.version(), Numbers(unknown));
  }
  if ((reader ^ manifest.writer_feature_flags()) & kMixedFileVersions) {
    throw Corrupt("manifest: feature flag {} is set for {} only", static_cast<uint64_t>(kMixedFileVersions),
                  reader & kMixedFileVersions ? "readers" : "writers");
  }
}

void RequireWritable(const Manifest& manifest) {
  if (const uint64_t unknown = manifest.writer_feature_flags() & ~kWritable) {
    throw Unsupported("version {} needs writer features that this version of Eider does not have: flags {}",
                      manifest.version(), Numbers(unknown));
  }
}

void SetFeatureFlags(bool has_deletions, bool stable_row_ids, bool has_indices, ManifestProto* head) {
  uint64_t flags = 0;
  if (has_deletions) flags |= kDeletionFiles;
  if (stable_row_ids) flags |= kStableRowIds;
  if (head->base_paths_size() > 0) flags |= kMultipleBases;
  const uint64_t kept = has_indices ? kKept | kCoveringIndex : kKept;
  const uint64_t reader = flags | (head->reader_feature_flags() & kept);
  const uint64_t writer = flags | (head->writer_feature_flags() & kept) | (head->config().empty() ? uint64_t{0} : uint64_t{kTableConfig});
  head->set_reader_feature_flags(reader);
  head->set_writer_feature_flags(writer);
}

}  // namespace eider::table
