#pragma once
/// \file
/// Which operations may follow each other when both were made from the same version.
///
///     mine \ theirs  Append Delete Update Overwrite CreateIndex Rewrite Merge Project Restore Config DataRepl Overlay
///     Append           .      .      .       X           .         .      .+     .+      X      .       .        .
///     Delete           .      m      m       X           .         f      R      .       X      .       f        .
///     Update           .      m      m       X           .         f      R      R       X      .       f        f
///     Rewrite          .      f      f       X           R         f      R      .       X      .       f        f
///     Overwrite        .      .      .       R           .         .      .      .       .      .*      .        .
///     Merge            R      R      R       X           .         R      R      X       X      .#      R        R
///     Project          R      .      R       X           .         .      R      R       X      .-      R        R
///     DataRepl         .      .%     f       X           R         f      R      R       X      .       f        .
///     Config           .      .      .       .#*         .         .      .#     .       .#     *       .        .
///     Restore          .      .      .       .           .         .      .      .       .      .       .        .
///     Reserve          .      .      .       X           .         .      .      .       X      .       .        .
///
///     Reserved ids are in nobody's way. A clone is a commit to another table: it never meets these.
///     .  both stand    R  re-execute mine on the new version    X  mine can never stand
///     f  R when both touch the same fragment
///     m  the same, unless mine can merge the deleted rows of both (commit.h)
///     +  R when theirs asks for more than before: the rows of an append were written without knowing it
///     An update that names the keys it inserts is R after whatever may have brought one of them into the table: appends, updates that do not
///     tell their keys or share one, replaced data.
///     *  X when both touch the same config key, or else the same part of what config_update.h says
///     -  R when the config update touches metadata of fields
///     %  X when theirs removes a fragment that mine is about
///     #  R (X where one of them is an overwrite or restore) when the config update touches metadata of schema or fields
///
/// An operation that this version does not know counts as R.

#include "eider/table/manifest.h"

namespace eider::table {

/// Name of the operation, for messages; "unknown" when there is none that we know.
const char* OperationName(const TransactionProto& transaction);

/// True when some field of `after` may hold no nulls and could before, or was not there, or is of another type now.
bool AsksForMore(const LanceSchema& before, const LanceSchema& after);
/// A column of the same name in the same place has a new id, as after a cast: files written before do not have it.
bool ReplacesFields(const LanceSchema& before, const LanceSchema& after);

/// True when a reader may find other rows, values or columns than before.
bool ChangesRows(const TransactionProto& transaction);

struct Circumstances {
  bool asks_for_more = false;  ///< of rows, the schema of theirs
  bool merges_rows = false;    ///< mine
};
/// Returns when `mine` can be applied on top of `theirs`, which made `version`.
/// \throws Error(kConflict) for X, Error(kRetryableConflict) for R, naming both operations and the version.
void CheckConflict(const TransactionProto& mine, const TransactionProto& theirs, uint64_t version, const Circumstances& circumstances);

}  // namespace eider::table
