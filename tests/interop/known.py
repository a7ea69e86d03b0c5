"""Known defects of the reference engine (pylance 14.0.2) that a generated case may meet, each with its reason.

A function returns the reason, or None. Nothing is skipped without one.
"""

from __future__ import annotations

import pyarrow as pa

from tests.interop.corpus_cases import CorpusCase
from tests.interop.generators import Case, has_struct, walk

# Errors that the reference raises on its own good files. The text of the error is the only sign.
READ_ERRORS = (
    ("Incorrect number of nulls for StructArray",
     "the reference miscounts the nulls of a struct below lists when one of its children is null throughout, in its own files too"),
)


def reference_cannot_write(case: Case) -> str | None:
    return None


def reference_cannot_read(case: Case) -> str | None:
    return None


def reference_cannot_take(case: Case) -> str | None:
    return None


def reference_cannot_add(schema) -> str | None:
    """Why its writer fails on slices or on what `take` of pyarrow gives."""
    kinds = [kind for field in schema for kind in walk(field.type)]
    if any(has_struct(kind) for kind in kinds):
        return "the reference panics on slices of nullable structs"
    if any(pa.types.is_fixed_size_list(kind) and not kind.value_field.nullable for kind in kinds):
        return "the reference refuses null items below null fixed-size lists"
    return None


def reference_read_error(error: BaseException) -> str | None:
    return next((reason for text, reason in READ_ERRORS if text in str(error)), None)


# What does not read of the corpus: the release that writes it (its start), the file version, a part of the error, and why.
CORPUS = (
    ("0.", "2.1", "of an unfinished version 2.1", "releases before 1.0 write unfinished layouts as 2.1, which the newest reference refuses too"),
    ("0.30", "2.1", "got None, expected {'0 a'", "release 0.30 writes packed structs of vectors as null in its unfinished 2.1; the newest "
     "reference reads them so"),
    ("", "2.3", "of an unfinished version 2.3", "release 7 writes other layouts as 2.3, which the newest reference refuses too"),
    ("", "2.3", "file version 2.3: ", "2.3 is not stable: what is not known of it is refused by name"),
    ("7.", "", "of nulls in a page without values", "a limit of ours: fixed-size lists in fixed-size lists, there, but null within, as release 7 "
     "stores them, are refused by name"),
    ("7.", "", "full-zip: a page without values, but with items that are not null",
     "release 7 drops the items of required fixed-size lists of nulls; the newest reference refuses the file too"),
    ("7.", "", "bits per value, fixed_size_list(", "release 7 writes nested fixed-size lists shorter than it says; the newest reference "
     "refuses the file too"),
)


def corpus_difference(case: CorpusCase, version: str, release: str, text: str) -> str | None:
    """Why a file of the corpus does not read as its writer reads it. `text`: the error."""
    for writer, file_version, part, reason in CORPUS:
        if release.startswith(writer) and file_version in ("", version) and part in text:
            return reason
    return None
