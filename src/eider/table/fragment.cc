#include "eider/table/fragment.h"

#include <random>

#include "eider/base/error.h"
#include "eider/base/parse_message.h"

namespace eider::table {
namespace {

/// 128 bits from the operating system: names must not repeat across processes and forks.
std::array<uint8_t, 16> RandomBytes() {
  std::random_device device;
  std::array<uint8_t, 16> bytes;
  for (size_t i = 0; i < bytes.size(); i += 4) StoreLe<uint32_t>(bytes.data() + i, device());
  return bytes;
}

}  // namespace

Fragment Fragment::Parse(ByteSpan bytes, bool trusts_counts) {
  DataFragmentProto proto;
  if (!ParseMessage(bytes, &proto)) {
    throw Corrupt("fragment: {} bytes do not parse", bytes.size());
  }
  if (proto.id() > UINT32_MAX) throw Corrupt("fragment: id {} does not fit a row address", proto.id());
  if (proto.physical_rows() > uint64_t{UINT32_MAX} + 1) {
    throw Corrupt("fragment {}: {} rows, more than a row address can count", proto.id(), proto.physical_rows());
  }
  for (const DataFileProto& file : proto.files()) {
    if (file.column_indices_size() != 0 && file.column_indices_size() != file.fields_size()) {
      throw Corrupt("fragment {}: data file '{}' has {} fields and {} column indices", proto.id(), file.path(),
                    file.fields_size(), file.column_indices_size());
    }
  }
  if (!trusts_counts) {
    proto.clear_physical_rows();
    if (proto.has_deletion_file()) proto.mutable_deletion_file()->clear_num_deleted_rows();
  }
  return Fragment(std::move(proto));
}

std::optional<Fragment::FieldLocation> Fragment::FindField(int32_t field_id) const {
  // One file at most holds the field alive; should there be two, the later one was written last.
  for (int f = num_files() - 1; f >= 0; --f) {
    const DataFileProto& file = proto_.files(f);
    for (int i = 0; i < file.fields_size(); ++i) {
      if (file.fields(i) == field_id) return FieldLocation{f, file.column_indices_size() ? file.column_indices(i) : -1};
    }
  }
  return std::nullopt;
}

bool SameFiles(const DataFragmentProto& a, const DataFragmentProto& b) {
  const auto same = [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [](const auto& one, const auto& other) { return one.SerializeAsString() == other.SerializeAsString(); });
  };
  return same(a.files(), b.files()) && same(a.overlays(), b.overlays());
}

std::string DeletionFileName(uint64_t fragment_id, const ::lance::table::DeletionFile& file) {
  const char* suffix = file.file_type() == ::lance::table::DELETION_FILE_TYPE_BITMAP ? "bin" : "arrow";
  return fmt::format("{}-{}-{}.{}", fragment_id, file.read_version(), file.id(), suffix);
}

std::string NewDataFileName() {
  const std::array<uint8_t, 16> bytes = RandomBytes();
  std::string name;
  for (int i = 0; i < 3; ++i) name += fmt::format("{:08b}", bytes[i]);
  for (int i = 3; i < 16; ++i) name += fmt::format("{:02x}", bytes[i]);
  return name + ".lance";
}

uint64_t NewDeletionFileId() { return LoadLe<uint64_t>(RandomBytes().data()); }

std::string NewUuid() {
  std::array<uint8_t, 16> bytes = RandomBytes();
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  std::string uuid;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) uuid += '-';
    uuid += fmt::format("{:02x}", bytes[i]);
  }
  return uuid;
}

}  // namespace eider::table
