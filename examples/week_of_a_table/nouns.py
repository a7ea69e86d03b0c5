"""The nouns of WordNet 3.0, from Debian's package wordnet-base, as rows of fifty columns; or made-up ones of the same shape."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

import eider

SOURCE = Path("/usr/share/wordnet/data.noun")
NUM_SCORES = 39
DIMENSIONS = 32
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://wordnet.princeton.edu/")

SCHEMA = pa.schema(
    [
        ("key", pa.uuid()),
        ("synset", pa.int32()),
        ("caption", pa.string()),
        ("words", pa.list_(pa.string())),
        ("tags", pa.list_(pa.string())),
        ("lexicographer", pa.uint8()),
        ("num_words", pa.int32()),
        ("num_tags", pa.int32()),
        ("caption_length", pa.int32()),
        ("has_example", pa.bool_()),
        ("embedding", pa.list_(pa.float32(), DIMENSIONS)),
        *((f"score_{i:02}", pa.float32()) for i in range(NUM_SCORES)),
    ]
)


@dataclass(frozen=True)
class Noun:
    """A meaning, with the words for it and the meanings above it."""

    synset: int
    lexicographer: int
    words: list[str]
    above: list[int]
    caption: str


def read_nouns(limit: int | None = None) -> list[Noun]:
    """The first nouns of the package, or made-up ones where it is not installed."""
    if not SOURCE.exists():
        return list(_made_up(limit or 82_115))
    with SOURCE.open(encoding="ascii") as lines:
        return [_parse(line) for line, _ in zip((line for line in lines if not line.startswith("  ")), range(limit or 2**31), strict=False)]


def _parse(line: str) -> Noun:
    fields, _, caption = line.partition(" | ")
    parts = fields.split()
    num_words = int(parts[3], 16)
    words = [word.replace("_", " ") for word in parts[4 : 4 + 2 * num_words : 2]]
    pointers = parts[5 + 2 * num_words :]
    above = [int(pointers[i + 1]) for i in range(0, len(pointers) - 3, 4) if pointers[i] in ("@", "@i")]
    return Noun(int(parts[0]), int(parts[1]), words, above, caption.strip())


def _made_up(count: int) -> Iterator[Noun]:
    random = np.random.default_rng(3)
    for i in range(count):
        words = [f"noun {i}"] + [f"other word {i}"] * int(random.integers(0, 2))
        caption = " ".join(f"word{number}" for number in random.integers(0, 5000, int(random.integers(4, 20))))
        yield Noun(1740 + 97 * i, int(random.integers(3, 29)), words, [1740 + 97 * (i // 7)] if i else [], caption)


def table_of(nouns: list[Noun], every: list[Noun]) -> pa.Table:
    """Rows for nouns; ``every`` has those above them, too."""
    first_word = {noun.synset: noun.words[0] for noun in every}
    tags = [[first_word[above] for above in noun.above if above in first_word] for noun in nouns]
    scores = np.random.default_rng(len(nouns)).random((NUM_SCORES, len(nouns)), np.float32)
    captions = [noun.caption for noun in nouns]
    columns = [
        keys_of(nouns),
        [noun.synset for noun in nouns],
        captions,
        [noun.words for noun in nouns],
        tags,
        [noun.lexicographer for noun in nouns],
        [len(noun.words) for noun in nouns],
        [len(of) for of in tags],
        [len(caption) for caption in captions],
        ['"' in caption for caption in captions],
        embed(captions, DIMENSIONS),
        *scores,
    ]
    arrays = [column if isinstance(column, pa.Array) else pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def keys_of(nouns: list[Noun]) -> pa.Array:
    """UUIDs that are the same each time."""
    return pa.array([uuid.uuid5(_NAMESPACE, f"n{noun.synset:08}").bytes for noun in nouns], pa.uuid())


def embed(captions: list[str], dimensions: int) -> pa.FixedSizeListArray:
    """A bag of hashed words: enough of a model to be replaced by another."""
    vectors = np.zeros((len(captions), dimensions), np.float32)
    for row, caption in enumerate(captions):
        for word in caption.split():
            vectors[row, sum(word.encode()) * len(word) % dimensions] += 1
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), dimensions)


def pictures_of(synsets: list[int], num_bytes: int) -> pa.Table:
    """The wide column: a value of so many bytes for each row."""
    values = [np.random.default_rng(synset).bytes(num_bytes) for synset in synsets]
    return pa.table([eider.blob_array(values)], schema=pa.schema([eider.blob_field("picture")]))
