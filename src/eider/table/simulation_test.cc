// Many processes on one table, simulated: they append, delete rows, compact, overwrite, restore, configure, repair and clean up, one inside the
// other at every operation of the store; operations fail, lose their answers, and processes die. All by a seed. After each commit the
// history is checked: every version holds the rows of the one before, changed by its transaction alone.
//
// EIDER_SIMULATED_COMMITS says how many commits are checked.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "eider/base/error.h"
#include "eider/table/cleanup.h"
#include "eider/table/commit.h"
#include "eider/table/torn.h"
#include "eider/testing/scripted_store.h"

namespace eider::table {
namespace {

using testing::Died;
using testing::Fate;
using RowSet = std::vector<uint64_t>;  // ascending

constexpr uint64_t kRowsOfAFile = 4;
constexpr int kDeepest = 3;
constexpr size_t kProcesses = 5;

/// What a transaction means to do.
struct Intent {
  enum class Kind { kAdd, kDelete, kRewrite, kReplace, kRestore, kNothing } kind = Kind::kNothing;
  RowSet rows;             ///< added, deleted, or that replace all
  uint64_t version = 0;  ///< restored
};

struct Process {
  io::ObjectStorePtr store;
  std::optional<Snapshot> held;
  bool is_busy = false;
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : rng_(seed), fault_rate_(seed % 3 == 0 ? 0 : 0.004), store_(io::MakeMemoryStore("simulation")) {
    for (size_t i = 0; i < kProcesses; ++i) {
      processes_[i].store = std::make_shared<testing::ScriptedStore>(store_, std::to_string(i), [this] { return Step(); });
    }
    TransactionProto first = NewTransaction(0);
    auto* field = first.mutable_overwrite()->add_schema();
    field->set_name("a");
    field->set_parent_id(-1);
    field->set_logical_type("int64");
    field->set_nullable(true);
    const auto [fragment, rows] = NewFragment(*store_);
    *first.mutable_overwrite()->add_fragments() = fragment;
    intents_[first.uuid()] = {.kind = Intent::Kind::kReplace, .rows = rows};
    CreateTable(store_, first, {});
    CheckHistory();
  }

  uint64_t num_repaired() const { return num_repaired_; }
  /// The number of commits that were checked.
  uint64_t Run(int operations) {
    for (int i = 0; i < operations && !::testing::Test::HasFailure(); ++i) RunOne();
    CheckHistory();
    CheckFiles();
    for (const std::string& uuid : refused_) EXPECT_FALSE(seen_.contains(uuid)) << "a commit that was refused is there";
    return seen_.size();
  }

 private:
  uint64_t Random(uint64_t below) { return std::uniform_int_distribution<uint64_t>(0, below - 1)(rng_); }
  bool Chance(double probability) { return std::uniform_real_distribution<>(0, 1)(rng_) < probability; }

  /// Before each operation of a store: other processes work meanwhile, or something goes wrong.
  Fate Step() {
    if (depth_ < kDeepest && Chance(0.05)) RunOne();
    if (!Chance(fault_rate_)) return Fate::kGoesOn;
    return std::array{Fate::kFails, Fate::kLosesItsAnswer, Fate::kDies}[Random(3)];
  }

  void RunOne() {
    Process& process = processes_[Random(kProcesses)];
    if (process.is_busy) return;
    if (depth_ == 0) began_at_ = checked_;
    process.is_busy = true;
    ++depth_;
    try {
      Act(process);
    } catch (const Error& error) {
      // A conflict, or a fault: what matters is what the history says of it.
      const bool is_refused = error.kind() == ErrorKind::kConflict || error.kind() == ErrorKind::kRetryableConflict;
      if (is_refused && !running_[&process].empty()) refused_.insert(running_[&process]);
    } catch (const Died&) {
      process.held.reset();
    }
    --depth_;
    process.is_busy = false;
    CheckHistory();
  }

  void Act(Process& process) {
    running_[&process].clear();
    if (process.held) process.held->listed.reset();
    if (!process.held || Chance(0.6)) process.held = LoadSnapshot(process.store);
    const Snapshot read = *process.held;
    const uint64_t choice = Random(100);
    if (choice < 45) return Append(process, read);
    if (choice < 65) return Delete(process, read);
    if (choice < 78) return Compact(process, read);
    if (choice < 81) return Overwrite(process, read);
    if (choice < 84) return RestoreOld(process, read);
    if (choice < 88) return Configure(process, read);
    if (choice < 90) return Tear();
    if (choice < 93) return Repair(process);
    CleanUp(process);
  }

  std::pair<DataFragmentProto, RowSet> NewFragment(io::ObjectStore& store, std::optional<RowSet> rows = {}) {
    if (!rows) {
      rows.emplace();
      for (uint64_t i = 0; i < kRowsOfAFile; ++i) rows->push_back(next_row_++);
    }
    DataFragmentProto fragment;
    fragment.set_physical_rows(rows->size());
    DataFileProto* file = fragment.add_files();
    file->set_path(NewDataFileName());
    file->add_fields(0);
    file->add_column_indices(0);
    store.Put("data/" + file->path(), SpanOf("rows"), false);
    rows_of_[file->path()] = *rows;
    return {fragment, *rows};
  }

  void CommitIt(Process& process, const Snapshot& read, TransactionProto transaction, Intent intent) {
    const std::string uuid = transaction.uuid();
    running_[&process] = uuid;
    intents_[uuid] = std::move(intent);
    process.held = Commit(read, std::move(transaction));
    CheckHistory();
    ASSERT_TRUE(seen_.contains(uuid)) << "an acknowledged commit is lost";
    EXPECT_EQ(seen_[uuid], process.held->version());
  }

  void Append(Process& process, const Snapshot& read) {
    TransactionProto transaction = NewTransaction(read.version());
    auto [fragment, rows] = NewFragment(*process.store);
    *transaction.mutable_append()->add_fragments() = fragment;
    CommitIt(process, read, transaction, {.kind = Intent::Kind::kAdd, .rows = rows});
  }

  void Overwrite(Process& process, const Snapshot& read) {
    TransactionProto transaction = NewTransaction(read.version());
    auto [fragment, rows] = NewFragment(*process.store);
    *transaction.mutable_overwrite()->mutable_schema() = read.manifest->head().fields();
    *transaction.mutable_overwrite()->add_fragments() = fragment;
    CommitIt(process, read, transaction, {.kind = Intent::Kind::kReplace, .rows = rows});
  }

  void Configure(Process& process, const Snapshot& read) {
    TransactionProto transaction = NewTransaction(read.version());
    auto* entry = transaction.mutable_update_config()->mutable_config_updates()->add_entries();
    entry->set_key(fmt::format("key {}", Random(3)));
    entry->set_value("value");
    CommitIt(process, read, transaction, {});
  }

  /// One more row of a fragment.
  void Delete(Process& process, const Snapshot& read) {
    if (read.manifest->num_fragments() == 0) return;
    const Fragment& fragment = read.manifest->fragment(Random(read.manifest->num_fragments()));
    std::vector<uint32_t> offsets = Offsets(Snapshot(read), fragment);
    std::vector<uint32_t> live;
    for (uint32_t i = 0; i < fragment.physical_rows(); ++i) {
      if (std::find(offsets.begin(), offsets.end(), i) == offsets.end()) live.push_back(i);
    }
    if (live.empty()) return;
    const uint32_t gone = live[Random(live.size())];
    offsets.push_back(gone);
    TransactionProto transaction = NewTransaction(read.version());
    auto* deletion = transaction.mutable_delete_();
    if (live.size() == 1) {
      deletion->add_deleted_fragment_ids(fragment.id());
    } else {
      *deletion->add_updated_fragments() = WithDeletions(process, read, fragment, offsets);
    }
    CommitIt(process, read, transaction, {.kind = Intent::Kind::kDelete, .rows = {rows_of_.at(fragment.file(0).path()).at(gone)}});
  }

  DataFragmentProto WithDeletions(Process& process, const Snapshot& read, const Fragment& fragment, const std::vector<uint32_t>& offsets) {
    DataFragmentProto changed = fragment.proto();
    auto* file = changed.mutable_deletion_file();
    file->set_file_type(::lance::table::DELETION_FILE_TYPE_BITMAP);
    file->set_read_version(read.version());
    file->set_id(NewDeletionFileId());
    file->set_num_deleted_rows(offsets.size());
    const std::string bitmap = rows::DeletionVector::FromOffsets(offsets, fragment.physical_rows())->ToRoaring();
    process.store->Put("_deletions/" + DeletionFileName(fragment.id(), *file), SpanOf(bitmap), false);
    return changed;
  }

  /// Two fragments that stand together become one of their live rows.
  void Compact(Process& process, const Snapshot& read) {
    if (read.manifest->num_fragments() < 2) return;
    const size_t first = Random(read.manifest->num_fragments() - 1);
    TransactionProto transaction = NewTransaction(read.version());
    auto* group = transaction.mutable_rewrite()->add_groups();
    RowSet rows;
    for (const size_t i : {first, first + 1}) {
      const RowSet live = LiveRows(read, read.manifest->fragment(i));
      rows.insert(rows.end(), live.begin(), live.end());
      *group->add_old_fragments() = read.manifest->fragment(i).proto();
    }
    if (rows.empty()) return;
    *group->add_new_fragments() = NewFragment(*process.store, rows).first;
    CommitIt(process, read, transaction, {.kind = Intent::Kind::kRewrite});
  }

  /// One of the latest: an old one may lose its files to a cleanup before the commit that brings it back.
  void RestoreOld(Process& process, const Snapshot& read) {
    const std::vector<VersionEntry> versions = ListVersions(*process.store).versions;
    const uint64_t version = versions[versions.size() - 1 - Random(std::min<size_t>(2, versions.size()))].version;
    TransactionProto transaction = NewTransaction(read.version());
    transaction.mutable_restore()->set_version(version);
    CommitIt(process, read, transaction, {.kind = Intent::Kind::kRestore, .version = version});
  }

  /// Another engine, which does not sync, loses its power.
  void Tear() {
    const VersionListing listing = ListVersions(*store_);
    store_->Put(ManifestPath(NextNumber(listing), listing.naming), SpanOf(std::string(Random(200), '\0')), false);
  }

  /// As if almost a week had passed, but for what came since the outermost operation began: files of commits that are under way are younger,
  /// and so are the versions that a commit under way does not know yet (commit.cc).
  void CleanUp(Process& process) {
    const auto then = std::chrono::system_clock::now().time_since_epoch() + std::chrono::hours(24 * 6);
    const int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(then).count();
    // A cleanup touches nothing while there is something that it cannot read.
    if (depth_ == 1) Repair({.store = store_});
    if (num_repairs_ > 0) return;
    Cleanup(LoadSnapshot(process.store),
            {.older_than = std::chrono::nanoseconds(0), .retain_versions = checked_ - began_at_ + 8 + Random(8), .error_if_tagged = false, .clock = [now] { return now; }});
    CheckFiles();
  }

  /// While others work, other repairs too: only a cleanup could take the versions away on which one works.
  void Repair(const Process& process) {
    struct Under {
      explicit Under(int* count) : count(count) { ++*count; }
      ~Under() { --*count; }
      int* count;
    } under(&num_repairs_);
    for (const VersionEntry& entry : ListVersions(*store_).versions) {
      if (!IsTorn(*store_, entry)) continue;
      const std::string uuid = NewTransaction(0).uuid();
      intents_[uuid] = {};
      if (RepairTorn(process.store, entry, {.min_age = std::chrono::nanoseconds::min(), .uuid = uuid}).empty()) ++num_repaired_;
    }
  }

  std::vector<uint32_t> Offsets(Snapshot at, const Fragment& fragment) const {
    at.store = store_;
    const rows::DeletionVectorPtr deleted = ReadDeletions(at, fragment, fragment.physical_rows());
    return deleted ? deleted->Offsets() : std::vector<uint32_t>();
  }

  RowSet LiveRows(const Snapshot& at, const Fragment& fragment) const {
    const RowSet& all = rows_of_.at(fragment.file(0).path());
    const std::vector<uint32_t> gone = Offsets(at, fragment);
    RowSet live;
    for (uint32_t i = 0; i < all.size(); ++i) {
      if (!std::binary_search(gone.begin(), gone.end(), i)) live.push_back(all[i]);
    }
    return live;
  }

  RowSet RowsOf(const Snapshot& version) const {
    RowSet rows;
    for (size_t i = 0; i < version.manifest->num_fragments(); ++i) {
      const RowSet live = LiveRows(version, version.manifest->fragment(i));
      rows.insert(rows.end(), live.begin(), live.end());
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  /// What a version must hold, given the one before.
  RowSet Expected(const Intent& intent, const RowSet& before) const {
    RowSet rows = before;
    switch (intent.kind) {
      case Intent::Kind::kAdd: rows.insert(rows.end(), intent.rows.begin(), intent.rows.end()); break;
      case Intent::Kind::kDelete:
        std::erase_if(rows, [&](uint64_t row) { return std::binary_search(intent.rows.begin(), intent.rows.end(), row); });
        break;
      case Intent::Kind::kReplace: rows = intent.rows; break;
      case Intent::Kind::kRestore: rows = rows_at_.at(intent.version); break;
      case Intent::Kind::kRewrite:
      case Intent::Kind::kNothing: break;
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  void CheckHistory() {
    for (const VersionEntry& entry : ListVersions(*store_).versions) {
      if (rows_at_.contains(entry.version) || IsTorn(*store_, entry)) continue;
      const Snapshot version{.store = store_, .manifest = ReadManifest(*store_, entry), .manifest_path = entry.path};
      const std::string uuid = ReadTransaction(version).value().uuid();
      ASSERT_TRUE(seen_.emplace(uuid, entry.version).second) << "a commit is there twice: versions " << seen_[uuid] << " and " << entry.version;
      const RowSet rows = RowsOf(version);
      const auto after = rows_at_.lower_bound(entry.version);
      ASSERT_EQ(rows, Expected(intents_.at(uuid), after == rows_at_.begin() ? RowSet() : std::prev(after)->second))
          << "version " << entry.version << " after " << checked_ << ", operation " << int(intents_.at(uuid).kind);
      // A repair alone may put a version below others.
      const bool is_repaired = entry.version < checked_;
      ASSERT_TRUE(!is_repaired || intents_.at(uuid).kind == Intent::Kind::kNothing) << "version " << entry.version << " after " << checked_;
      CheckIds(*version.manifest);
      rows_at_[entry.version] = rows;
      checked_ = std::max(checked_, entry.version);
    }
  }

  /// An id of a fragment names the same file for ever.
  void CheckIds(const Manifest& manifest) {
    for (size_t i = 0; i < manifest.num_fragments(); ++i) {
      const Fragment& fragment = manifest.fragment(i);
      const std::string& path = file_of_.try_emplace(fragment.id(), fragment.file(0).path()).first->second;
      ASSERT_EQ(path, fragment.file(0).path()) << "fragment " << fragment.id();
    }
  }

  /// Every version that is there has its files.
  void CheckFiles() {
    for (const VersionEntry& entry : ListVersions(*store_).versions) {
      if (IsTorn(*store_, entry)) continue;
      const ManifestPtr manifest = ReadManifest(*store_, entry);
      for (size_t i = 0; i < manifest->num_fragments(); ++i) {
        const Fragment& fragment = manifest->fragment(i);
        ASSERT_TRUE(store_->Exists("data/" + fragment.file(0).path())) << "version " << entry.version;
        if (!fragment.has_deletions()) continue;
        ASSERT_TRUE(store_->Exists("_deletions/" + DeletionFileName(fragment.id(), fragment.proto().deletion_file()))) << "version " << entry.version;
      }
    }
  }

  std::mt19937_64 rng_;
  const double fault_rate_;
  const io::ObjectStorePtr store_;
  std::array<Process, kProcesses> processes_;
  std::map<Process*, std::string> running_;  ///< the transaction that it commits
  int depth_ = 0, num_repairs_ = 0;  ///< under way
  uint64_t num_repaired_ = 0;
  uint64_t next_row_ = 0;
  std::map<std::string, RowSet> rows_of_;      ///< by data file
  std::map<std::string, Intent> intents_;    ///< by transaction
  std::map<std::string, uint64_t> seen_;     ///< versions by transaction
  std::set<std::string> refused_;
  std::map<uint64_t, RowSet> rows_at_;         ///< by version
  std::map<uint64_t, std::string> file_of_;  ///< by fragment
  uint64_t checked_ = 0;
  uint64_t began_at_ = 0;  ///< checked_ when the outermost operation began
};

TEST(SimulationTest, EveryHistoryIsThatOfItsCommits) {
  const char* asked = std::getenv("EIDER_SIMULATED_COMMITS");
  const uint64_t wanted = asked ? std::strtoull(asked, nullptr, 10) : 3000;
  uint64_t commits = 0, repaired = 0, seed = 0;
  for (; commits < wanted && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Simulation simulation(seed);
    commits += simulation.Run(200);
    repaired += simulation.num_repaired();
  }
  EXPECT_GT(repaired, commits / 200);
  RecordProperty("commits", std::to_string(commits));
  fmt::print("{} commits, {} repairs of {} seeds\n", commits, repaired, seed);
}

}  // namespace
}  // namespace eider::table
