#pragma once
/// \file
/// Blob columns: large binary values kept apart from the other columns, of which a data file holds descriptors.
///
///     v1 (2.0, 2.1)  large_binary with metadata lance-encoding:blob = true
///                    descriptor: position u64, size u64            bytes [position, +size) of the data file itself
///     v2 (2.2)       extension lance.blob.v2 over struct<data, uri, position?, size?>; in a file, struct with lance-encoding:blob
///                    descriptor: kind u8, position u64, size u64, blob_id u32, blob_uri utf8
///
/// kind 0 inline: of the data file itself; 1 packed, 2 dedicated: of the side-car `blob_id` of the data file; 3 external: of the object
/// `blob_uri`, all of it when size is 0; absolute, or below the base path `blob_id` when that is not 0.

#include <eider/schema.h>

namespace eider {

inline constexpr std::string_view kBlobV2Extension = "lance.blob.v2";
inline constexpr std::string_view kBlobKey = "lance-encoding:blob";

enum class BlobForm : uint8_t { kNone, kV1, kV2 };
enum class BlobKind : uint8_t { kInline = 0, kPacked = 1, kDedicated = 2, kExternal = 3 };  ///< persisted, never renumber

BlobForm BlobFormOf(const LanceField& field);
/// True when the field, or a field below it, is a blob.
bool HasBlobs(const LanceField& field);
bool HasBlobsOf(const LanceField& field, BlobForm form);

/// The field as files hold it: blobs as structs of their descriptors. Other fields as they are.
LanceField DescribeBlobs(const LanceField& field);
/// The field as the schema of a file says it: v2 blobs as structs of their descriptors.
LanceField StoreBlobFields(const LanceField& field);
/// \throws Error(kUnsupported) naming a blob that files of version 2.`minor` cannot hold.
void RequireBlobVersion(const LanceField& field, uint16_t minor);
/// The field in a table of version 2.2: v1 blobs have become v2. Other fields as they are.
Field UpgradeBlobs(const Field& field);
/// The field when its bytes are read with it: blobs as large binaries.
LanceField MaterializeBlobs(const LanceField& field);

/// "data/x.lance" and 1 -> "data/x/10000000000000000000000000000000.blob".
std::string SideCarPath(std::string_view data_file, uint32_t blob_id);

}  // namespace eider
