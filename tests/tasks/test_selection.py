"""Parts of a split: whole units, the same whatever the order, and translations that stay together."""

from __future__ import annotations

from tasks.rows import BitextSentence, SentencePair
from tasks.selection import held_out, select_units


def pairs(units: int, rows_a_unit: int = 3) -> list[SentencePair]:
    return [
        SentencePair(id=f"{unit}-{row}", unit=f"premise-{unit}", text_a="a", text_b="b")
        for unit in range(units)
        for row in range(rows_a_unit)
    ]


def corpora(sentences: int, every: int) -> list[BitextSentence]:
    """Two corpora of so many sentences each; one in ``every`` has a translation."""
    rows = []
    for side, other in (("foreign", "english"), ("english", "foreign")):
        for number in range(sentences):
            name = f"{side}-{number}"
            partners = (f"{other}-{number}",) if number % every == 0 else ()
            rows.append(BitextSentence(id=name, unit=name, side=side, text=name, partners=partners))
    return rows


def test_units_are_taken_whole_and_kept_in_file_order() -> None:
    rows = pairs(20)
    chosen = select_units(rows, 31)

    assert 30 == len(chosen)
    assert all(sum(row.unit == other.unit for other in chosen) == 3 for row in chosen)
    assert chosen == [row for row in rows if row in chosen]


def test_a_greater_limit_keeps_what_a_smaller_one_had() -> None:
    rows = pairs(20)

    assert {row.id for row in select_units(rows, 12)} < {row.id for row in select_units(rows, 30)}
    assert rows == select_units(rows, None) == select_units(rows, 60)


def test_a_unit_that_exceeds_the_limit_is_cut() -> None:
    assert ["0-0", "0-1"] == [row.id for row in select_units(pairs(1), 2)]


def test_translations_stay_together_and_fill_a_third_of_two_comparable_corpora() -> None:
    rows = corpora(400, every=40)  # 10 pairs among 800 sentences: a hash alone would take hardly any
    chosen = select_units(rows, 60)
    kept = {row.id for row in chosen}

    assert 60 == len(chosen)
    assert all(set(row.partners or ()) <= kept for row in chosen)
    assert 20 == sum(bool(row.partners) for row in chosen)  # all ten pairs, and not more than a third of the limit
    assert {"foreign", "english"} == {row.side for row in chosen if not row.partners}


def test_sentences_linked_through_a_repeated_one_are_taken_together() -> None:
    rows = [
        BitextSentence(id="f1", unit="f1", side="foreign", text="x", partners=("e1",)),
        BitextSentence(id="f2", unit="f2", side="foreign", text="x", partners=("e1",)),
        BitextSentence(id="e1", unit="e1", side="english", text="y", partners=("f1", "f2")),
        *(BitextSentence(id=f"d{n}", unit=f"d{n}", side="foreign", text="z", partners=()) for n in range(9)),
    ]
    kept = {row.id for row in select_units(rows, 9)}

    assert {"f1", "f2", "e1"} <= kept


def test_a_part_is_held_out_by_whole_units_whatever_else_is_there() -> None:
    rows = pairs(400)
    selecting, training = held_out(rows, 0.1)

    assert len(rows) == len(selecting) + len(training)
    assert {row.unit for row in selecting}.isdisjoint(row.unit for row in training)
    assert 60 <= len(selecting) <= 180  # 120 are expected
    fewer = held_out(rows[:300], 0.1)[0]
    assert fewer == [row for row in selecting if row in rows[:300]]
    assert {row.id for row in held_out(rows, 0.05)[0]} < {row.id for row in selecting}


def test_a_limit_does_not_empty_what_is_held_out() -> None:
    """The two hashes have nothing to do with each other."""
    rows = pairs(400, 1)
    first = select_units(rows, 40)
    selecting, training = held_out(first, 0.5)
    assert 10 <= len(selecting) <= 30
    assert 40 == len(selecting) + len(training)
