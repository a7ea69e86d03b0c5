"""Writes fuzz/corpus/substrait/ anew, as pyarrow serializes conditions: python -m fuzz.make_substrait_corpus"""

from __future__ import annotations

import decimal
import hashlib
import pathlib
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.substrait

FOLDER = pathlib.Path(__file__).parent / "corpus" / "substrait"
SCHEMA = pa.schema([("a", pa.int32()), ("s", pa.string()), ("x", pa.float64()), ("b", pa.bool_()), ("t", pa.timestamp("us")), ("d", pa.date32()),
                    ("u", pa.uint8()), ("st", pa.struct([("y", pa.int64()), ("z", pa.string())]))])


def conditions() -> list[pc.Expression]:
    a, s, x, b, t, d, u = (pc.field(name) for name in "asxbtdu")
    return [a > 5, (a > 5) & (s == "x") & b, (a > 5) | ~b, a.is_null(), s.is_valid(), a.isin([1, 2]), pc.field(("st", "y")) > 1, (a + 1) * 2 > 3,
            t > pa.scalar(1, pa.timestamp("us")), d >= pa.scalar(5, pa.date32()), u > pa.scalar(3, pa.uint8()), pc.is_nan(x), pc.starts_with(s, "a"),
            pc.if_else(b, a, 0) > 1, pc.coalesce(a, 0) > 1, a == pa.scalar(None, pa.int32()), a.cast(pa.int64(), safe=False) > 1,
            s == pa.scalar("x", pa.large_string()), x > pa.scalar(decimal.Decimal("1.50"), pa.decimal128(10, 2)).cast(pa.float64())]


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for condition in conditions():
        data = bytes(pyarrow.substrait.serialize_expressions([condition], ["condition"], SCHEMA))
        (FOLDER / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)


if __name__ == "__main__":
    main()
