"""Units of partly parallel test sets: one name in all languages for what holds the same questions."""

from __future__ import annotations

from pathlib import Path

from tasks.readers.squad import SquadReader
from tasks.rows import Answer, SpanQuestion
from tasks.scoring import with_joint_units


def questions(**units: str) -> list[SpanQuestion]:
    """Questions by id, in the paragraphs named."""
    answers = (Answer(text="a", start=0),)
    return [
        SpanQuestion(id=name, unit=unit, context="a", question="?", answers=answers) for name, unit in units.items()
    ]


def test_paragraphs_that_share_a_question_have_one_name() -> None:
    english = questions(q1="0", q2="1", q3="2")
    german = questions(q2="0", q9="1", q1="2")

    joined = with_joint_units({"en": english, "de": german})

    assert ["en/0", "en/1", "en/2"] == [row.unit for row in joined["en"]]
    assert ["en/1", "de/1", "en/0"] == [row.unit for row in joined["de"]]
    assert [row.id for row in german] == [row.id for row in joined["de"]]
    assert joined["de"][0].answers == german[0].answers


def test_paragraphs_are_joined_through_those_of_other_languages() -> None:
    """Two English paragraphs of which one German paragraph asks are one unit, and what Arabic adds is of it."""
    joined = with_joint_units(
        {"en": questions(q1="0", q2="1", q3="2"), "de": questions(q1="5", q2="5"), "ar": questions(q2="7", q4="7")}
    )

    assert ["en/0", "en/0", "en/2"] == [row.unit for row in joined["en"]]
    assert {"en/0"} == {row.unit for language in ("de", "ar") for row in joined[language]}


def test_equal_paragraph_numbers_alone_join_nothing() -> None:
    joined = with_joint_units({"en": questions(q1="0"), "de": questions(q2="0")})

    assert ["en/0", "de/0"] == [joined["en"][0].unit, joined["de"][0].unit]


def test_groups_of_real_mlqa_stay_small(shared_data: Path) -> None:
    """Most groups are one paragraph a language: joining costs hardly any units."""
    languages = ("en", "es", "de", "ar", "hi", "vi", "zh")
    rows = {
        code: SquadReader()(
            [shared_data / "mlqa" / f"dev-context-{code}-question-{code}.json"], language=code, labels=()
        ).rows
        for code in languages
    }

    joined = with_joint_units(rows)

    before, after = ({code: {row.unit for row in some[code]} for code in languages} for some in (rows, joined))
    assert all(0.9 * len(before[code]) < len(after[code]) <= len(before[code]) for code in languages)
    assert all(after[code] <= after["en"] for code in languages), "every question of these files is in English too"
    assert len(after["en"] & after["zh"]) > 250
