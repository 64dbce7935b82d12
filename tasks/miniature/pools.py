"""Pools of facts: every kind of fact about a person, and every question, belongs to one pool.

Train splits and plain text tell facts of the open pool, validation and test splits those of their own. Every sentence
tells a fact about somebody by name, or asks a question that hangs on one, so no sentence of a validation or test split
can come up in another split or in text, whatever seed either was drawn with. People, places and things themselves are
in all pools, and so is every relation, of other people.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from functools import cache

from tasks.miniature.clauses import Mark
from tasks.miniature.draw import Draw, seed_of
from tasks.miniature.relations import RELATIONS, Fact
from tasks.miniature.vocabulary import PEOPLE


class Pool(StrEnum):
    """Where a fact belongs."""

    OPEN = "open"
    VALIDATION = "validation"
    TEST = "test"


#: Of a person's relations (and of the questions "who ..."), half are open, a quarter each for validation and test.
_QUARTERS = (Pool.OPEN, Pool.OPEN, Pool.VALIDATION, Pool.TEST)


@cache
def _pools(person: str) -> dict[str, Pool]:
    """The pool of each relation of a person, so that everyone has some in every pool."""
    mixed = Draw("pools", person).shuffled(tuple(RELATIONS))
    return {name: _QUARTERS[place % len(_QUARTERS)] for place, name in enumerate(mixed)}


def pool_of(fact: Fact) -> Pool:
    """The pool of a fact, whatever its object: a fact and its contradiction are in one pool."""
    return _pools(fact.person)[fact.relation]


@cache
def _who_pool(relation: str, given: str) -> Pool:
    return _QUARTERS[seed_of("who", relation, given) % len(_QUARTERS)]


def question_pool(fact: Fact, asking: int) -> Pool:
    """The pool of a question, which depends on the part that it states, the person or the object, not on its answer."""
    if fact.kind.askings[asking].wanted is Mark.OBJECT:
        return pool_of(fact)
    return _who_pool(fact.relation, fact.object)


@cache
def organisation_pool(person: str, dealing: str) -> Pool:
    """The pool of a person's relations to organisations."""
    return _QUARTERS[seed_of("organisation", dealing, person) % len(_QUARTERS)]


class FactBook:
    """The facts of one pool."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._relations = {
            person: tuple(name for name in RELATIONS if _pools(person)[name] is pool) for person in PEOPLE
        }

    def relations(self, person: str, among: Collection[str] = RELATIONS) -> tuple[str, ...]:
        """The relations, of those in ``among``, of which the pool has facts about ``person``."""
        found = self._relations[person]
        return found if among is RELATIONS else tuple(name for name in found if name in among)

    def fact(self, draw: Draw, person: str, relation: str, *, but: str = "") -> Fact:
        """A fact about ``person`` with another object than ``but``."""
        left = [name for name in RELATIONS[relation].objects if name not in {person, but}]
        return Fact(person=person, relation=relation, object=draw.one(left))

    def facts(self, draw: Draw, person: str, count: int, among: Collection[str] = RELATIONS) -> list[Fact]:
        """Up to ``count`` facts about ``person``, each of another relation."""
        relations = self.relations(person, among)
        return [self.fact(draw, person, name) for name in draw.some(relations, min(count, len(relations)))]


@cache
def fact_book(pool: Pool) -> FactBook:
    """The facts of a pool."""
    return FactBook(pool)
