"""Many processes append to one table: commits per second, Eider and the reference engine."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator

import pyarrow as pa

from benchmarks import data
from benchmarks.harness import Case, Contender

REPOSITORY = pathlib.Path(__file__).parents[1]

#: Appends rows of one number each, and prints when the last append returned and the numbers. The clock is the machine's, the same in all.
APPENDER = textwrap.dedent("""
    import importlib, sys, time
    import pyarrow as pa
    engine, uri, first, count, durability = importlib.import_module(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    options = {"durability": durability} if durability else {}
    pa.table({"id": pa.array([0], pa.int64())})  # the first imports pandas
    print("ready", flush=True)
    sys.stdin.readline()
    done = []
    for number in range(first, first + count):
        for attempt in range(1000):
            try:
                engine.write_dataset(pa.table({"id": pa.array([number], pa.int64())}), uri, mode="append", **options)
                break
            except Exception as error:
                if not any(word in str(error) + type(error).__name__ for word in ("onflict", "faster", "oncurrent")):
                    raise
        done.append(number)
    print(time.perf_counter(), *done, flush=True)
""")


def append_from_many(engine_name: str, uri: str, writers: int, appends: int, durability: str = "") -> tuple[list[int], float]:
    """The numbers whose appends returned, and the seconds until the last of them did. The table must exist."""
    children = [subprocess.Popen([sys.executable, "-c", APPENDER, engine_name, uri, str(writer * appends), str(appends), durability],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY)
                for writer in range(writers)]
    for child in children:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
    start = time.perf_counter()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    returned: list[int] = []
    end = start
    for child in children:
        answer, errors = child.communicate(timeout=1200)
        assert child.returncode == 0, errors[-2000:]
        last, *numbers = answer.split()
        end = max(end, float(last))
        returned += map(int, numbers)
    return returned, end - start


def make_table(engine, uri: str) -> None:
    shutil.rmtree(uri, ignore_errors=True)
    engine.write_dataset(pa.table({"id": pa.array([], pa.int64())}), uri)


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    if only and not only & {"writers", "writers-append"}:
        return
    import lance

    writers, appends = (4, 25) if quick else (16, 200)
    folder = data.folder(quick) / "writers"
    folder.mkdir(parents=True, exist_ok=True)

    def contender(name: str, engine, durability: str) -> Contender:
        uri = str(folder / f"{name.replace(' ', '-')}.lance")

        def run(_: int) -> float:
            make_table(engine, uri)
            returned, seconds = append_from_many(engine.__name__, uri, writers, appends, durability)
            found = sorted(lance.dataset(uri).to_table()["id"].to_pylist())
            assert sorted(returned) == found == list(range(writers * appends)), "rows were lost or doubled"
            return len(found) / seconds

        return Contender(name, run, slow=True)

    yield Case("writers-append", [contender("eider", eider, "none"), contender("pylance", lance, ""), contender("eider durable", eider, "full")],
               rows=writers * appends, rates=True, each="commit", seconds=0.1, note=f"{writers} processes x {appends} appends of one row")
    shutil.rmtree(folder, ignore_errors=True)
