"""Relations of a person, with their statements and questions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tasks.miniature import vocabulary
from tasks.miniature.clauses import Case, Clause, Mark, Phrase, Sentence, Tag


class Form(StrEnum):
    """How a pattern spreads a fact over its clause."""

    DIRECT = "direct"  # Talmi keeps a goat.
    TURNED = "turned"  # Vostel hosts Talmi: the object is the subject
    OWNED = "owned"  # The pet of Talmi is a goat.


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """One way of saying a relation.

    Attributes:
        form: see :class:`Form`.
        verb: of the clause.
        case: of the complement.
        quality: "older", "old", or empty.
        noun, adjective: of an owned form, the thing owned ("the favourite food of").
    """

    form: Form = Form.DIRECT
    verb: str = "be"
    case: Case = Case.PREDICATE
    quality: str = ""
    noun: str = ""
    adjective: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """One way of asking: the pattern, the part of the fact that is wanted, and the question word (with its noun)."""

    pattern: Pattern
    wanted: Mark
    word: str
    noun: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """A kind of fact. A person stands in it to one object at a time, so another object contradicts the first.

    Attributes:
        name: of the relation.
        objects: possible objects of the relation.
        tag: of the object's head.
        patterns: ways of saying it, all of one meaning.
        askings: ways of asking after it.
        plural: is the object in the plural ("likes plums")?
        definite: has it the article "the" even when new ("plays the drum")?
        counted: the object counts this noun in the first pattern ("34 years"), or empty.
    """

    name: str
    objects: tuple[str, ...]
    tag: Tag
    patterns: tuple[Pattern, ...]
    askings: tuple[Asking, ...]
    plural: bool = False
    definite: bool = False
    counted: str = ""

    @property
    def personal(self) -> bool:
        """Is the object a person too?"""
        return self.objects is vocabulary.PEOPLE


def _owned(noun: str, case: Case = Case.PREDICATE, adjective: str = "", verb: str = "be") -> Pattern:
    return Pattern(form=Form.OWNED, noun=noun, case=case, adjective=adjective, verb=verb)


def _asks(pattern: Pattern, word: str, noun: str = "") -> Asking:
    return Asking(pattern=pattern, wanted=Mark.OBJECT, word=word, noun=noun)


def _who(pattern: Pattern) -> Asking:
    return Asking(pattern=pattern, wanted=Mark.PERSON, word="who")


_LIVE = Pattern(verb="live", case=Case.PLACE)
_TRAVEL = Pattern(verb="travel", case=Case.GOAL)
_WORK = Pattern(verb="work", case=Case.ROLE)
_LIKE = Pattern(verb="like", case=Case.OBJECT)
_OWN = Pattern(verb="own", case=Case.OBJECT)
_BELONG = Pattern(form=Form.TURNED, verb="belong", case=Case.GOAL)
_KEEP = Pattern(verb="keep", case=Case.OBJECT)
_PLAY = Pattern(verb="play", case=Case.OBJECT)
_CAN = Pattern(verb="can")
_IS = Pattern()
_MOOD = _owned("mood")
_OLD = Pattern(quality="old")
_AGE = _owned("age")
_VISIT = Pattern(verb="visit", case=Case.OBJECT)
_HOST = Pattern(form=Form.TURNED, verb="host", case=Case.OBJECT)
_OLDER = Pattern(quality="older", case=Case.THAN)
_YOUNGER = Pattern(form=Form.TURNED, quality="younger", case=Case.THAN)

RELATIONS: dict[str, Relation] = {
    relation.name: relation
    for relation in (
        Relation(
            name="lives",
            objects=vocabulary.PLACES,
            tag=Tag.PROPN,
            patterns=(_LIVE, _owned("home", Case.PLACE)),
            askings=(_asks(_LIVE, "where"), _who(_LIVE)),
        ),
        Relation(
            name="travels",
            objects=vocabulary.PLACES,
            tag=Tag.PROPN,
            patterns=(_TRAVEL, _owned("journey", Case.GOAL, verb="lead")),
            askings=(_asks(_TRAVEL, "where"), _who(_TRAVEL)),
        ),
        Relation(
            name="works",
            objects=vocabulary.JOBS,
            tag=Tag.NOUN,
            patterns=(_WORK, _IS),
            askings=(_asks(_owned("job"), "what"), _who(_WORK)),
        ),
        Relation(
            name="likes",
            objects=vocabulary.FOODS,
            tag=Tag.NOUN,
            patterns=(_LIKE, _owned("food", adjective="favourite")),
            askings=(_asks(_LIKE, "what", "food"), _who(_LIKE)),
            plural=True,
        ),
        Relation(
            name="owns",
            objects=tuple(f"{colour} {thing}" for thing in vocabulary.THINGS for colour in vocabulary.COLOURS),
            tag=Tag.NOUN,
            patterns=(_OWN, _BELONG),
            askings=(_asks(_OWN, "what"), _who(_OWN)),
        ),
        Relation(
            name="keeps",
            objects=vocabulary.ANIMALS,
            tag=Tag.NOUN,
            patterns=(_KEEP, _owned("pet")),
            askings=(_asks(_KEEP, "what", "pet"), _who(_KEEP)),
        ),
        Relation(
            name="plays",
            objects=vocabulary.INSTRUMENTS,
            tag=Tag.NOUN,
            patterns=(_PLAY, _owned("instrument")),
            askings=(_asks(_PLAY, "what", "instrument"), _who(_PLAY)),
            definite=True,
        ),
        Relation(
            name="can",
            objects=vocabulary.SKILLS,
            tag=Tag.VERB,
            patterns=(_CAN,),
            askings=(_asks(_CAN, "what"), _who(_CAN)),
        ),
        Relation(
            name="feels",
            objects=vocabulary.MOODS,
            tag=Tag.ADJ,
            patterns=(_IS, _MOOD),
            askings=(_asks(_MOOD, "what"), _who(_IS)),
        ),
        Relation(
            name="age",
            objects=vocabulary.AGES,
            tag=Tag.NUM,
            patterns=(_OLD, _AGE),
            askings=(_asks(_AGE, "what"), _who(_OLD)),
            counted="year",
        ),
        Relation(
            name="visits",
            objects=vocabulary.PEOPLE,
            tag=Tag.PROPN,
            patterns=(_VISIT, _HOST),
            askings=(_asks(_VISIT, "who"), _who(_VISIT)),
        ),
        Relation(
            name="older",
            objects=vocabulary.PEOPLE,
            tag=Tag.PROPN,
            patterns=(_OLDER, _YOUNGER),
            askings=(_asks(_YOUNGER, "who"), _who(_OLDER)),
        ),
    )
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A person, a relation, and its object."""

    person: str
    relation: str
    object: str

    @property
    def kind(self) -> Relation:
        """The relation itself."""
        return RELATIONS[self.relation]

    def person_phrase(self) -> Phrase:
        return Phrase(head=self.person, tag=Tag.PROPN, mark=Mark.PERSON)

    def object_phrase(self, *, known: bool = False) -> Phrase:
        """The object as a phrase; a thing that is ``known`` takes the definite article."""
        adjective, _, head = self.object.rpartition(" ")
        kind = self.kind
        definite = kind.tag is Tag.NOUN and (known or kind.definite)
        return Phrase(
            head=head, tag=kind.tag, adjective=adjective, plural=kind.plural, definite=definite, mark=Mark.OBJECT
        )


def clause(fact: Fact, pattern: int = 0) -> Clause:
    """Say a fact by one of its relation's patterns."""
    return _clause(fact, fact.kind.patterns[pattern], fact.person_phrase(), None)


def _clause(fact: Fact, said: Pattern, person: Phrase, wanted: Phrase | None) -> Clause:
    """``wanted`` stands in the object's place, if the question asks for the object."""
    known = said.form is Form.TURNED
    thing = fact.object_phrase(known=known) if wanted is None else wanted
    if wanted is None and said.quality == "old":
        thing = Phrase(head=fact.kind.counted, tag=Tag.NOUN, count=fact.object, plural=True, mark=Mark.OBJECT)
    subject, complement = (thing, person) if known else (person, thing)
    if said.form is Form.OWNED:
        subject = Phrase(head=said.noun, tag=Tag.NOUN, adjective=said.adjective, definite=True, owner=person)
    return Clause(subject=subject, verb=said.verb, complement=complement, case=said.case, quality=said.quality)


def question(fact: Fact, asking: int) -> Sentence:
    """Ask for the part of a fact that one of its relation's askings wants."""
    return question_by(fact, fact.kind.askings[asking])


def question_by(fact: Fact, asked: Asking) -> Sentence:
    """Ask for the part of a fact that ``asked`` wants, which need not be one of its relation's askings."""
    tag = Tag.ADV if asked.word == "where" else Tag.PRON
    wanted = Phrase(head=asked.word, tag=tag, asked=asked.noun)
    if asked.wanted is Mark.PERSON:
        return Sentence.of(_clause(fact, asked.pattern, wanted, None))
    return Sentence.of(_clause(fact, asked.pattern, fact.person_phrase(), wanted))


def statement(fact: Fact, pattern: int = 0) -> Sentence:
    """A sentence that says one fact."""
    return Sentence.of(clause(fact, pattern))


def turned_round(fact: Fact) -> Fact:
    """The same relation between the same two people, the other way round."""
    return Fact(person=fact.object, relation=fact.relation, object=fact.person)
