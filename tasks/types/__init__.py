"""Task types by name. A task is an instance of a type: its spec says which."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Protocol

from tasks.errors import UserError
from tasks.types.base import TaskType
from tasks.types.bitext_mining import BitextMiningType
from tasks.types.multiple_choice import MultipleChoiceType
from tasks.types.scoring import nearest
from tasks.types.sentence_pair import SentencePairType
from tasks.types.sentence_retrieval import SentenceRetrievalType
from tasks.types.span_qa import SpanQuestionType
from tasks.types.token_tagging import TokenTaggingType

__all__ = ["TYPES", "RegisteredType", "task_type"]


class RegisteredType(TaskType[Any, Any], Protocol):
    """A task type with the trivial answers that a backbone has to beat."""

    def baseline(
        self, train_rows: Sequence[Any], test_rows: Sequence[Any], labels: Sequence[str], *, metric: str
    ) -> list[Any]:
        """Predictions for ``test_rows`` by a rule that looks at no more than the training rows' answers."""
        ...


def _by_name(*types: RegisteredType) -> MappingProxyType[str, RegisteredType]:
    return MappingProxyType({each.name: each for each in types})


TYPES = _by_name(
    SentencePairType(),
    MultipleChoiceType(),
    SpanQuestionType(),
    TokenTaggingType(),
    SentenceRetrievalType(),
    BitextMiningType(),
)


def task_type(name: str) -> RegisteredType:
    """The task type of that name.

    Raises:
        UserError: there is none; the nearest name is given.
    """
    try:
        return TYPES[name]
    except KeyError:
        raise UserError(f"unknown task type {name!r}", where="type", remedy=nearest(name, tuple(TYPES))) from None
