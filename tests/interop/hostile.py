"""Child process of test_damaged_bytes: opens and reads many damaged copies of a file or dataset, one after the other.

    python -m tests.interop.hostile <engine> <kind> <source> <first> <last> <step>

`kind` is `flip` (every byte of [first, last), three flips each), `cut` (files cut to every length in [first, last)), or
`flip-manifest`, where `source` is a dataset. Each damaged copy is a new file: an engine may cache what it mapped. One JSON line
goes out before each try and one after it: the parent knows what killed the child.
"""

from __future__ import annotations

import importlib
import json
import pathlib
import resource
import shutil
import signal
import sys
import tempfile
import traceback

FLIPS = (0x01, 0x80, 0xFF)
SECONDS = 20  # an answer that takes longer hangs
ADDRESS_SPACE = 12 << 30


def read_file(engine, path: str) -> str:
    reader = importlib.import_module(engine.__name__ + ".file").LanceFileReader(path)
    rows = reader.num_rows() if callable(reader.num_rows) else reader.num_rows
    table = reader.read_all().to_table()
    if 0 < rows < 1 << 20:
        reader.take_rows([0, rows - 1]).to_table()
    check(table)
    return f"{table.num_rows} rows"


def read_dataset(engine, path: str) -> str:
    ds = engine.dataset(path)
    ds.versions()
    table = ds.to_table()
    if table.num_rows:
        ds.take([0, table.num_rows - 1])
    check(table)
    return f"{table.num_rows} rows of version {ds.version}"


def check(table) -> None:
    """What comes out must be memory-safe to walk. Flipped text may be no UTF-8 any more: that is the data's own business."""
    try:
        table.validate(full=True)
    except Exception as error:
        if not any(word in str(error) for word in ("UTF8", "UTF-8", "does not fit in precision", "date64", "date value", "time")):
            raise AssertionError(f"invalid Arrow data: {error}") from error


def damaged(kind: str, data: bytes, first: int, last: int, step: int):
    """Yields (what, bytes)."""
    for at in range(first, last, step):
        if kind == "cut":
            yield f"cut to {at} bytes", data[:at]
            continue
        for flip in FLIPS:
            yield f"byte {at} ^ {flip:#04x}", data[:at] + bytes([data[at] ^ flip]) + data[at + 1:]


def place(kind: str, source: pathlib.Path, folder: pathlib.Path, number: int, data: bytes) -> str:
    if kind != "flip-manifest":
        path = folder / f"{number}.lance"
        path.write_bytes(data)
        return str(path)
    root = folder / f"{number}.lance"
    (root / "_versions").mkdir(parents=True)
    (root / "data").symlink_to(source / "data")
    for extra in ("_transactions", "_deletions"):
        if (source / extra).exists():
            (root / extra).symlink_to(source / extra)
    manifest = newest_manifest(source)
    (root / "_versions" / manifest.name).write_bytes(data)
    return str(root)


def newest_manifest(source: pathlib.Path) -> pathlib.Path:
    return min((source / "_versions").glob("*.manifest"))  # V2 names sort newest first


def main() -> None:
    engine = importlib.import_module(sys.argv[1])
    kind, source = sys.argv[2], pathlib.Path(sys.argv[3])
    first, last, step = (int(word) for word in sys.argv[4:7])
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        errors = importlib.import_module(engine.__name__ + ".error")
        ours: tuple[type[BaseException], ...] = (errors.EiderError,)
    except ModuleNotFoundError:
        ours = (OSError, ValueError, RuntimeError)  # the reference
    read = read_dataset if kind == "flip-manifest" else read_file
    data = newest_manifest(source).read_bytes() if kind == "flip-manifest" else source.read_bytes()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="eider-hostile-", dir=sys.argv[7] if len(sys.argv) > 7 else None))
    for number, (what, bytes_now) in enumerate(damaged(kind, data, first, last, step)):
        print(json.dumps({"start": what}), flush=True)
        path = place(kind, source, folder, number, bytes_now)
        signal.alarm(SECONDS)
        try:
            outcome = {"end": "read", "text": read(engine, path)}
        except ours as error:
            outcome = {"end": "error", "type": type(error).__name__, "text": str(error)[:300]}
        except BaseException as error:
            outcome = {"end": "other", "type": type(error).__name__, "text": (str(error) + traceback.format_exc(limit=-2))[:800]}
        signal.alarm(0)
        print(json.dumps(outcome), flush=True)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
