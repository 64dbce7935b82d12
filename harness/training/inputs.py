"""Model inputs of many rows, packed into flat arrays: millions of small tuples would not fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt

from tasks.errors import DataError
from tasks.types.base import Features, HeadKind

IntArray = npt.NDArray[np.int64]

#: A target where no loss is taken.
CUT = -100


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """``Features`` end to end. Input ``i`` owns sequences ``first_sequence[i]:first_sequence[i + 1]`` (several only in
    multiple choice), and sequence ``s`` owns pieces ``first_piece[s]:first_piece[s + 1]``.

    Attributes:
        ids: piece ids of all sequences, int32.
        types: token type ids, int8, or None where the tokenizer has none.
        words: (token) positions of the first pieces of all words that are tagged; input ``i`` owns
            ``first_word[i]:first_word[i + 1]``.
        context: (span) first and one-past-last context piece of each input, (inputs, 2).
        targets: labels of the heads: (inputs,) for sequence and choice, one a tagged word for token,
            (inputs, 2) for span; None where the rows have no answers.
    """

    kind: HeadKind
    ids: npt.NDArray[np.int32]
    types: npt.NDArray[np.int8] | None
    first_piece: IntArray
    first_sequence: IntArray
    words: npt.NDArray[np.int32]
    first_word: IntArray
    context: npt.NDArray[np.int32]
    targets: npt.NDArray[np.int32] | None

    def __len__(self) -> int:
        return len(self.first_sequence) - 1

    @cached_property
    def lengths(self) -> IntArray:
        """Pieces of the longest sequence of each input."""
        return np.maximum.reduceat(np.diff(self.first_piece), self.first_sequence[:-1])

    @cached_property
    def widths(self) -> IntArray:
        """Sequences of each input."""
        return np.diff(self.first_sequence)


def pack(kind: HeadKind, features: Sequence[Features]) -> Inputs:
    """Pack features of one kind. All of them have targets, or all are taken to have none.

    Raises:
        DataError: an input is empty, or a target does not fit its input.
    """
    sequences = [sequence for feature in features for sequence in feature.input_ids]
    for feature in features:
        if not feature.input_ids or not all(feature.input_ids):
            raise DataError("a row was encoded to nothing", where=f"row {feature.row + 1}")
    answered = bool(features) and all(feature.target is not None for feature in features)
    typed = bool(features) and all(feature.token_type_ids is not None for feature in features)
    types = chain.from_iterable(types for feature in features for types in feature.token_type_ids or ())
    context = [(feature.context_start, feature.context_start + len(feature.offsets)) for feature in features]
    return Inputs(
        kind=kind,
        ids=np.fromiter(chain.from_iterable(sequences), np.int32),
        types=np.fromiter(types, np.int8) if typed else None,
        first_piece=_starts(len(sequence) for sequence in sequences),
        first_sequence=_starts(len(feature.input_ids) for feature in features),
        words=np.fromiter(chain.from_iterable(feature.word_starts for feature in features), np.int32),
        first_word=_starts(len(feature.word_starts) for feature in features),
        context=np.array(context, np.int32).reshape(-1, 2),
        targets=_targets(kind, features) if answered else None,
    )


def _starts(lengths: Iterable[int]) -> IntArray:
    return np.cumsum([0, *lengths], dtype=np.int64)


def _targets(kind: HeadKind, features: Sequence[Features]) -> npt.NDArray[np.int32]:
    if kind is HeadKind.TOKEN:
        return np.array([target for feature in features for target in _word_targets(feature)], np.int32)
    targets = np.array([feature.target for feature in features], np.int32)
    if kind is HeadKind.CHOICE:
        _check(features, targets < np.array([len(feature.input_ids) for feature in features]))
    if kind is HeadKind.SPAN:
        starts = np.array([feature.context_start for feature in features])[:, None]
        ends = starts + np.array([len(feature.offsets) for feature in features])[:, None]
        _check(features, ((targets == 0) | ((targets >= starts) & (targets < ends))).all(axis=1))
    return targets


def _check(features: Sequence[Features], valid: npt.NDArray[np.bool_]) -> None:
    if not valid.all():
        wrong = features[int(np.argmin(valid))]
        raise DataError(f"the target {wrong.target} lies outside the input", where=f"row {wrong.row + 1}")


def _word_targets(feature: Features) -> list[int]:
    """One label index for each word that is tagged here."""
    target = feature.target if isinstance(feature.target, tuple) else ()
    if len(target) != len(feature.word_starts):
        raise DataError(f"{len(target)} tags for {len(feature.word_starts)} words", where=f"row {feature.row + 1}")
    return list(target)


def join(parts: Sequence[Inputs]) -> Inputs:
    """Put packed inputs of one kind one behind the other."""
    if len(parts) == 1:
        return parts[0]
    types = [part.types for part in parts if part.types is not None]
    targets = [part.targets for part in parts if part.targets is not None]
    return Inputs(
        kind=parts[0].kind,
        ids=np.concatenate([part.ids for part in parts]),
        types=np.concatenate(types) if len(types) == len(parts) else None,
        first_piece=_joined([part.first_piece for part in parts]),
        first_sequence=_joined([part.first_sequence for part in parts]),
        words=np.concatenate([part.words for part in parts]),
        first_word=_joined([part.first_word for part in parts]),
        context=np.concatenate([part.context for part in parts]),
        targets=np.concatenate(targets) if len(targets) == len(parts) else None,
    )


def _joined(starts: Sequence[IntArray]) -> IntArray:
    lengths = np.concatenate([np.diff(start) for start in starts])
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
