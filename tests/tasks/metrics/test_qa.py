"""Golden numbers were computed with the official scripts as google-research/xtreme keeps them (third_party)."""

import pytest

from tasks.errors import UserError
from tasks.metrics import (
    mlqa_exact_match,
    mlqa_f1,
    mlqa_languages,
    squad_exact_match,
    squad_f1,
    squad_v2_exact_match,
    squad_v2_f1,
)


@pytest.mark.parametrize(
    ("exact", "f1", "prediction", "golds"),
    [
        (1, 1.0, "The  Cat's (hat)", ["cats hat", "a dog"]),
        (0, 2 / 3, "308 points", ["308", "308 in all"]),
        (1, 0.0, "the", ["a"]),
        (1, 0.0, "", ["the"]),
        (0, 0.5, "in the year 1999.", ["1999"]),
        (1, 1.0, "U.S.", ["US"]),
        (0, 0.0, "北京 大学", ["北京大学"]),
        (0, 2 / 3, "der Turm", ["Turm"]),
    ],
)
def test_squad(exact: int, f1: float, prediction: str, golds: list[str]) -> None:
    assert exact == squad_exact_match(prediction, golds)
    assert pytest.approx(f1) == squad_f1(prediction, golds)


@pytest.mark.parametrize(
    ("exact", "f1", "language", "prediction", "gold"),
    [
        (1, 1.0, "de", "der große Turm", "große Turm"),
        (1, 1.0, "es", "¿la casa?", "casa"),
        (1, 1.0, "vi", "của Việt Nam", "việt nam"),
        (1, 1.0, "ar", "المدينة الكبيرة", "مدينة كبيرة"),
        (0, 8 / 9, "zh", "北京大学 PKU", "北京\uff0c大学"),
        (1, 1.0, "zh", "2010年", "2010 年"),
        (1, 1.0, "hi", "नई दिल्ली।", "नई दिल्ली"),
        (0, 2 / 3, "en", "the “quoted” name", "quoted"),
        (0, 2 / 3, "es", "el perro negro", "un perro"),
    ],
)
def test_mlqa(exact: int, f1: float, language: str, prediction: str, gold: str) -> None:
    assert exact == mlqa_exact_match(prediction, [gold], language)
    assert pytest.approx(f1) == mlqa_f1(prediction, [gold], language)


def test_mlqa_knows_its_seven_languages_only() -> None:
    assert {"en", "es", "hi", "vi", "de", "ar", "zh"} == set(mlqa_languages())
    with pytest.raises(UserError, match="no rules for language 'th'; it knows en, es"):
        mlqa_f1("a", ["a"], "th")


@pytest.mark.parametrize(
    ("exact", "f1", "prediction", "golds"),
    [
        (1, 1.0, "", []),
        (0, 0.0, "something", []),
        (0, 0.0, "", ["308"]),
        (1, 1.0, "308", ["", "308"]),
        (1, 1.0, "", ["the"]),
    ],
)
def test_squad_v2_scores_no_answer(exact: int, f1: float, prediction: str, golds: list[str]) -> None:
    assert exact == squad_v2_exact_match(prediction, golds)
    assert f1 == squad_v2_f1(prediction, golds)
