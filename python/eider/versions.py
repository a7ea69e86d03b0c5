"""Versions as Python tells them: dicts with local timestamps, as ``pylance`` returns them."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from . import _eider
from .arguments import count_of
from .error import InvalidError, NotFoundError, UnsupportedError

__all__ = ["Version", "VersionLike", "version_at", "version_dict", "version_number"]

VersionLike = int | tuple[str | None, int | None]


class Version(TypedDict):
    """One version: its number, when it was committed (local time, without a zone), and counts of what it holds."""

    version: int
    timestamp: datetime
    metadata: dict[str, str]


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


def version_number(version: VersionLike | str) -> int:
    """The number that names a version of the main branch. Raises UnsupportedError for tags and other branches."""
    if isinstance(version, str):
        raise UnsupportedError(f"tags are not supported yet: version {version!r}")
    if isinstance(version, tuple):
        branch, number = version
        if branch not in (None, "main") or number is None:
            raise UnsupportedError(f"branches are not supported yet: version {version!r}")
        version = number
    if isinstance(version, int) and version >> 63 == 1:
        return version  # of a detached commit
    checked = count_of("dataset", "version", version)
    if checked is None:
        raise InvalidError("dataset: version is None")
    return checked
