#include "eider/table/named_files.h"

#include "eider/base/error.h"
#include "eider/base/parse_message.h"

namespace eider::table {
namespace {

constexpr std::string_view kDataSuffix = ".lance";

}  // namespace

std::string UuidText(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<uint8_t>(bytes[i]));
  }
  return text;
}

void NamedFiles::Add(const Manifest& manifest) {
  for (size_t i = 0; i < manifest.num_fragments(); ++i) {
    const DataFragmentProto& fragment = manifest.fragment(i).proto();
    const auto add = [this](const DataFileProto& file) {
      data_.insert(file.path());
      any_in_base_ |= file.has_base_id();
    };
    for (const DataFileProto& file : fragment.files()) add(file);
    for (const auto& overlay : fragment.overlays()) add(overlay.data_file());
    if (!fragment.has_deletion_file()) continue;
    deletions_.insert(std::string(DeletionFileName(fragment.id(), fragment.deletion_file())));
    any_in_base_ |= fragment.deletion_file().has_base_id();
  }
  if (!manifest.head().transaction_file().empty()) transactions_.insert(manifest.head().transaction_file());
  const ByteSpan section = manifest.index_section();
  if (section.empty()) return;
  IndexSectionProto indices;
  if (!ParseMessage(section, &indices)) throw Corrupt("version {}: the index section does not parse", manifest.version());
  for (const auto& index : indices.indices()) {
    indices_.insert(UuidText(index.uuid().uuid()));
    any_in_base_ |= index.has_base_id();
  }
}

void NamedFiles::Add(const NamedFiles& others) {
  data_.insert(others.data_.begin(), others.data_.end());
  deletions_.insert(others.deletions_.begin(), others.deletions_.end());
  transactions_.insert(others.transactions_.begin(), others.transactions_.end());
  indices_.insert(others.indices_.begin(), others.indices_.end());
  any_in_base_ |= others.any_in_base_;
}

bool NamedFiles::HasData(std::string_view path) const {
  if (data_.contains(std::string(path))) return true;
  const size_t slash = path.rfind('/');
  return slash != std::string_view::npos && data_.contains(std::string(path.substr(0, slash)).append(kDataSuffix));
}

}  // namespace eider::table
