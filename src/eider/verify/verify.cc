#include <eider/interrupt.h>
#include <eider/verify.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "eider/base/error.h"
#include "eider/io/store_path.h"
#include "eider/table/cleanup_plan.h"
#include "eider/table/feature_flags.h"
#include "eider/table/named_files.h"
#include "eider/table/ref_file.h"
#include "eider/table/refs.h"
#include "eider/table/torn.h"
#include "eider/verify/data_check.h"
#include "eider/verify/findings.h"
#include "eider/verify/version_check.h"

namespace eider {
namespace verify {
namespace {

using Kind = Finding::Kind;

/// The versions of the table or of a branch.
struct Line {
  std::optional<std::string> branch;
  io::ObjectStorePtr store;
  std::string folder;               ///< below the table's root
  std::set<uint64_t> whole;         ///< versions whose manifests read
  std::optional<table::Snapshot> newest;
};

class TableCheck {
 public:
  TableCheck(io::ObjectStorePtr table, const VerifyOptions& options)
      : table_(std::move(table)), options_(options), session_(options.session ? options.session : Session::Default()), versions_(&findings_) {}

  VerifyReport Run() {
    lines_.push_back({.store = table_});
    for (const std::string& folder : table::ListBranchFolders(*table_)) {
      lines_.push_back({.branch = folder.substr(folder.find('/') + 1), .store = io::OpenFolder(table_, folder), .folder = folder});
    }
    for (Line& line : lines_) CheckLine(line);
    if (report_.num_versions == 0 && torn_.empty() && findings_.num_damages() == 0) {
      throw NotFound("Dataset at path '{}' was not found: there are no versions of one", table_->root());
    }
    CheckReferences();
    const auto any = std::ranges::find_if(lines_, [](const Line& line) { return line.newest.has_value(); });
    if (any != lines_.end()) {
      CheckDataFiles(*any->newest, versions_.TakeDataFiles(), options_.read_data, *session_, &findings_, &report_);
    }
    for (const Line& line : lines_) FindOrphans(line);
    if (options_.repair != Repair::kNone) DoRepairs();
    report_.num_fragments = versions_.num_fragments();
    report_.num_unchecked_manifests = versions_.num_unchecked_manifests();
    report_.num_unchecked_deletions = versions_.num_unchecked_deletions();
    report_.num_damages = findings_.num_damages();
    report_.findings = findings_.Take();
    return std::move(report_);
  }

 private:
  std::string Shown(const Line& line, const std::string& path) const { return io::JoinPath(line.folder, path); }

  void CheckLine(Line& line) {
    bool is_listed = false;
    findings_.Try({.kind = Kind::kManifest, .path = Shown(line, "_versions")}, [&] {
      const table::VersionListing listing = table::ListVersions(*line.store);
      // From the newest: it says what is worth to know of the others.
      for (auto entry = listing.versions.rbegin(); entry != listing.versions.rend(); ++entry) CheckVersion(line, listing.naming, *entry);
      for (const table::VersionEntry& entry : table::ListDetached(*line.store)) CheckVersion(line, listing.naming, entry);
      is_listed = true;
    });
    // Without a version that reads, every file would look like an orphan.
    knows_all_names_ = knows_all_names_ && is_listed && line.newest.has_value();
  }

  void CheckVersion(Line& line, table::Naming naming, const table::VersionEntry& entry) {
    CheckInterrupt();
    const Finding where{.kind = Kind::kManifest, .path = Shown(line, entry.path), .version = entry.version};
    try {
      table::Snapshot snapshot{.store = line.store, .naming = naming, .manifest_path = entry.path};
      snapshot.manifest = table::ReadManifest(*line.store, entry);
      line.whole.insert(entry.version);
      table::RequireReadable(*snapshot.manifest);
      const bool is_newest = !line.newest;
      if (is_newest) line.newest = snapshot;
      named_.Add(*snapshot.manifest);
      if (!is_newest && !options_.all_versions) return;
      ++report_.num_versions;
      versions_.Check(snapshot, is_newest);
    } catch (const Error& error) {
      ReportVersion(line, entry, where, error);
    }
  }

  void ReportVersion(const Line& line, const table::VersionEntry& entry, Finding where, const Error& error) {
    if (error.kind() == ErrorKind::kNotFound && !line.store->Exists(entry.path)) return;  // cleaned up since it was listed
    if (error.kind() == ErrorKind::kCorrupt && !line.whole.contains(entry.version) && table::IsTorn(*line.store, entry)) {
      where.kind = Kind::kTornManifest;
      torn_.push_back({&line, entry});
    } else {
      knows_all_names_ = false;
    }
    findings_.AddError(std::move(where), error);
  }

  void CheckReferences() {
    const auto find = [&](const std::optional<std::string>& branch) -> const Line* {
      const auto found = std::ranges::find(lines_, branch, &Line::branch);
      return found == lines_.end() ? nullptr : &*found;
    };
    const auto require = [&](const std::optional<std::string>& branch, uint64_t version) {
      const Line* line = find(table::NormalBranch(branch));
      if (!line) throw Corrupt("it names branch '{}', which is not there", *branch);
      if (!line->whole.contains(version)) throw Corrupt("it names version {}, which is not there", version);
    };
    ForEachReference("_refs/tags", [&](const std::string& name) {
      const table::TagFile tag = table::ReadTag(*table_, name);
      require(tag.info.branch, tag.info.version);
    });
    ForEachReference("_refs/branches", [&](const std::string& name) {
      table::ReadBranch(*table_, name);
      const Line* line = find(name);
      if (!line || !line->newest) throw Corrupt("the branch has no version that reads");
    });
  }

  void ForEachReference(const std::string& folder, const std::function<void(const std::string& name)>& check) {
    findings_.Try({.kind = Kind::kReference, .path = folder}, [&] {
      std::vector<std::string> files;
      table_->VisitNames(folder, [&](std::string_view file) { files.emplace_back(file); });
      for (const std::string& file : files) {
        const std::optional<std::string> name = table::NameOfRefFile(file);
        if (!name) continue;
        const std::string path = io::JoinPath(folder, file);
        findings_.Try({.kind = Kind::kReference, .path = path}, [&] {
          if (table_->Exists(path)) check(*name);  // else it was removed since it was listed
        });
      }
    });
  }

  void FindOrphans(const Line& line) {
    const int64_t before = Now() - std::chrono::nanoseconds(table::kUnverifiedAge).count();
    for (const table::FoundFile& found : table::FilesBeside(*line.store, named_)) {
      const bool is_old = found.modified_ns < before;
      ++report_.num_orphans;
      report_.orphan_bytes += found.file.size_bytes;
      findings_.Add({.kind = Kind::kOrphan,
                     .is_damage = false,
                     .path = Shown(line, found.file.path),
                     .message = is_old ? "no version names it" : "no version names it, but a writer may be about to: it is younger than 7 days"});
      if (is_old) orphans_.push_back({Shown(line, found.file.path), found.file.size_bytes});
    }
  }

  int64_t Now() const {
    return options_.clock ? options_.clock() : std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  }

  void DoRepairs() {
    const bool does = options_.repair == Repair::kDo;
    for (const auto& [line, entry] : torn_) {
      RepairStep step{.path = Shown(*line, entry.path), .new_path = Shown(*line, table::TornCopyPath(entry))};
      const Finding where{.kind = Kind::kTornManifest, .is_damage = false, .path = step.path, .version = entry.version};
      findings_.Try(where, [&] {
        step.size_bytes = line->store->Open(entry.path)->size();
        const std::string why =
            table::RepairTorn(line->store, entry, {.min_age = options_.torn_age, .now_ns = Now(), .only_look = !does});
        step.is_done = does && why.empty();
        if (why.empty()) return report_.repairs.push_back(step);
        Finding left = where;
        left.message = "not repaired: " + why;
        findings_.Add(std::move(left));
      });
    }
    // What a manifest names that does not read is not known: nothing can be called an orphan then.
    if (!knows_all_names_) return;
    for (const auto& [path, size] : orphans_) {
      RepairStep step{.path = path, .size_bytes = size};
      findings_.Try({.kind = Kind::kOrphan, .path = path}, [&] {
        if (!does) return;
        table_->Delete(path);
        step.is_done = true;
      });
      report_.repairs.push_back(std::move(step));
    }
  }

  struct Torn {
    const Line* line;
    table::VersionEntry entry;
  };
  struct Orphan {
    std::string path;
    uint64_t size_bytes;
  };

  const io::ObjectStorePtr table_;
  const VerifyOptions& options_;
  const std::shared_ptr<Session> session_;
  Findings findings_;
  VersionCheck versions_;
  VerifyReport report_;
  std::vector<Line> lines_;
  table::NamedFiles named_;
  std::vector<Torn> torn_;
  std::vector<Orphan> orphans_;
  bool knows_all_names_ = true;
};

}  // namespace
}  // namespace verify

const char* FindingKindName(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::kTornManifest: return "torn manifest";
    case Finding::Kind::kManifest: return "manifest";
    case Finding::Kind::kMissingFile: return "missing file";
    case Finding::Kind::kDataFile: return "data file";
    case Finding::Kind::kChecksum: return "checksum";
    case Finding::Kind::kRowCount: return "row count";
    case Finding::Kind::kDeletions: return "deletions";
    case Finding::Kind::kRowIds: return "row ids";
    case Finding::Kind::kTransaction: return "transaction";
    case Finding::Kind::kIndex: return "index";
    case Finding::Kind::kReference: return "reference";
    case Finding::Kind::kOrphan: return "orphan";
    case Finding::Kind::kUnknown: return "unknown";
  }
  return "?";
}

VerifyReport VerifyVersion(const std::string& uri, uint64_t version, const std::shared_ptr<Session>& session) {
  return InContext([&] { return fmt::format("dataset '{}'", uri); }, [&] {
    const std::shared_ptr<Session> used = session ? session : Session::Default();
    const table::Snapshot snapshot = table::LoadSnapshot(io::OpenStore(uri), version);
    verify::Findings findings;
    verify::VersionCheck check(&findings);
    VerifyReport report;
    check.Check(snapshot, true);
    verify::CheckDataFiles(snapshot, check.TakeDataFiles(), false, *used, &findings, &report);
    report.num_versions = 1;
    report.num_fragments = check.num_fragments();
    report.num_unchecked_manifests = check.num_unchecked_manifests();
    report.num_unchecked_deletions = check.num_unchecked_deletions();
    report.num_damages = findings.num_damages();
    report.findings = findings.Take();
    return report;
  });
}

VerifyReport VerifyTable(const std::string& uri, const VerifyOptions& options) {
  return InContext([&] { return fmt::format("dataset '{}'", uri); }, [&] { return verify::TableCheck(io::OpenStore(uri), options).Run(); });
}

}  // namespace eider
