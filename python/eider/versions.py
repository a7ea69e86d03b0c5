"""Versions as Python tells them: dicts with local timestamps, as ``pylance`` returns them."""

from __future__ import annotations

import warnings
from datetime import datetime
from types import NoneType
from typing import TypedDict

from . import _eider
from .arguments import count_of, version_of
from .error import InvalidError, NotFoundError, TornVersionWarning

__all__ = [
    "Version",
    "VersionLike",
    "VersionRef",
    "reference_of",
    "version_at",
    "version_dict",
    "warn_of_torn_versions",
]

VersionLike = int | str | tuple[str | None, int | None]


class Version(TypedDict):
    """One version: its number, when it was committed (local time, without a zone), and counts of what it holds."""

    version: int
    timestamp: datetime
    metadata: dict[str, str]


class VersionRef(TypedDict):
    """The number of a version."""

    version: int


def version_dict(info: _eider.VersionInfo) -> Version:
    """Translate what the manifest says; the timestamp is cut to microseconds."""
    seconds, nanos = divmod(info.timestamp_ns, 10**9)
    timestamp = datetime.fromtimestamp(seconds).replace(microsecond=nanos // 1000)
    return {"version": info.version, "timestamp": timestamp, "metadata": dict(info.metadata)}


def version_at(versions: list[Version], asof: datetime | str) -> int:
    """The latest version committed at ``asof`` or before. Raises NotFoundError when all are younger."""
    moment = datetime.fromisoformat(asof) if isinstance(asof, str) else asof
    if not isinstance(moment, datetime):
        raise TypeError(f"asof must be a datetime or its text, got {type(asof).__name__}")
    if moment.tzinfo is not None:
        moment = moment.astimezone().replace(tzinfo=None)
    older = [v["version"] for v in versions if v["timestamp"] <= moment]
    if not older:
        raise NotFoundError(f"asof {moment} is earlier than the first version of this dataset")
    return max(older)


def reference_of(where: str, reference: VersionLike | None) -> VersionLike | None:
    """Check what names a version: a number, the name of a tag, or a branch (None: the main one) with a number (None: its latest)."""
    if reference is None or isinstance(reference, str):
        return reference
    if not isinstance(reference, tuple):
        return version_of(where, "version", reference)
    if len(reference) != 2 or not isinstance(reference[0], (str, NoneType)):
        raise InvalidError(f"{where}: a tuple names a version as (branch | None, number | None), got {reference!r}")
    return reference[0], count_of(where, "version", reference[1])


def warn_of_torn_versions(native: _eider.Dataset, stacklevel: int) -> None:
    """Say which versions were passed over to open or to commit this one. ``stacklevel`` as in ``warnings.warn``, of the caller."""
    torn = _eider.torn_versions(native)
    if not torn:
        return
    numbers = f"version {torn[0]}" if len(torn) == 1 else f"versions {', '.join(map(str, reversed(torn)))}"
    warnings.warn(
        f"dataset '{native.uri}': the manifest of {numbers} is torn, as a crash leaves it: version {native.version} goes on from the last"
        " whole one; `eider verify --repair` sets torn manifests aside",
        TornVersionWarning,
        stacklevel=stacklevel + 1,
    )
