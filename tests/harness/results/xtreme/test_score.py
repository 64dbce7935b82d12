"""``codestilts score`` from outside: XTREME's keys and averages, and one sentence for what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.results.xtreme.layout import GROUPS, XtremeTask, xtreme_tasks


def questions(*golds: tuple[str, ...]) -> str:
    qas = [
        {"id": f"q{number}", "question": "?", "answers": [{"text": text, "answer_start": 0} for text in texts]}
        for number, texts in enumerate(golds)
    ]
    return json.dumps({"version": "1.1", "data": [{"paragraphs": [{"context": "c", "qas": qas}]}]})


#: For each kind of file the labels, predictions, and the scores that belong to them, worked out by hand.
CASES: dict[str, tuple[str, str, dict[str, float]]] = {
    "labels": ("a\nb\nc\nd\n", "a\nb\nc\na\n", {"accuracy": 75.0}),
    # Gold chunks: PER 0-1, LOC 3 and PER 0 of the second sentence; one of the three predicted ones is right.
    "tags": (
        "B-PER\nI-PER\nO\nB-LOC\n\nB-PER\n",
        "B-PER\nI-PER\nO\nB-PER\n\nI-LOC\n\n",
        {"f1": 100 / 3, "precision": 100 / 3, "recall": 100 / 3},
    ),
    # A repeated pair counts once: two of three are right, of four gold ones.
    "pairs": (
        "x1\ten1\nx2\ten2\nx3\ten3\nx4\ten4\n",
        "x1\ten1\nx1\ten1\nx2\ten2\nx3\ten4\n",
        {"f1": 400 / 7, "precision": 200 / 3, "recall": 50.0},
    ),
    # Exact after normalisation; half of the tokens (F1 2/3); nothing. F1 takes the better of two gold answers.
    "answers": (
        questions(("Red",), ("blue sky", "sky"), ("green",)),
        json.dumps({"q0": " red!", "q1": "blue", "q2": "grey"}),
        {"exact_match": 100 / 3, "f1": (100 + 200 / 3) / 3},
    ),
}


def write(folder: Path, task: XtremeTask, language: str, kind: int) -> None:
    path = folder / task.name / task.file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CASES[task.kind][kind], encoding="utf-8")


@pytest.fixture
def folders(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Writes predictions and labels of some tasks, in all their languages."""

    def make(*names: str) -> tuple[Path, Path]:
        sides = tmp_path / "predictions", tmp_path / "labels"
        for name in names or xtreme_tasks():
            for language in xtreme_tasks()[name].languages:
                for kind, side in zip((1, 0), sides, strict=True):
                    write(side, xtreme_tasks()[name], language, kind)
        return sides

    return make


def call(capsys: pytest.CaptureFixture[str], sides: tuple[Path, Path], *more: str) -> tuple[int, str, str]:
    code = main(["score", "--predictions", str(sides[0]), "--labels", str(sides[1]), *more])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_whole_submission_has_evaluates_keys(
    folders: Callable[..., tuple[Path, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, err = call(capsys, folders(), "--json")
    found: dict[str, Any] = json.loads(said)

    assert (0, "") == (code, err)
    assert set(found) == {"all_task", *GROUPS, *xtreme_tasks()}
    for task in xtreme_tasks().values():
        scores = CASES[task.kind][2]
        assert set(found[task.name]) == {*scores, *(f"avg_{metric}" for metric in scores), "avg_metric"}
        for metric, value in scores.items():
            assert dict.fromkeys(task.languages, pytest.approx(value, abs=1e-9)) == found[task.name][metric]
            assert pytest.approx(value) == found[task.name][f"avg_{metric}"]
    em, f1 = CASES["answers"][2]["exact_match"], CASES["answers"][2]["f1"]
    assert pytest.approx((em + f1) / 2) == found["mlqa"]["avg_metric"]
    assert pytest.approx(found["mlqa"]["avg_metric"]) == found["qa"]
    assert pytest.approx((400 / 7 + 75) / 2) == found["retrieval"]
    every = [found[name]["avg_metric"] for name in xtreme_tasks()]
    assert pytest.approx(sum(every) / 9) == found["all_task"]


def test_groups_and_the_average_want_all_of_their_tasks(
    folders: Callable[..., tuple[Path, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    sides = folders("xnli", "pawsx", "udpos")
    (sides[0] / "mewslix").mkdir()
    code, said, err = call(capsys, sides, "--json")

    assert 0 == code
    assert {"classification", "xnli", "pawsx", "udpos"} == set(json.loads(said))
    assert "mewslix is not scored" in err
    plain = call(capsys, sides)[1]
    assert "xnli        75.0  accuracy 75.0" in plain
    assert "tagging" not in plain


def test_with_partial_a_missing_language_takes_the_means_with_it(
    folders: Callable[..., tuple[Path, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    sides = folders("xnli", "pawsx")
    (sides[0] / "xnli" / "test-sw.tsv").unlink()
    code, _, err = call(capsys, sides)
    assert (2, True) == (code, "test-sw.tsv: no such file; give all languages, or say --partial" in err)
    code, said, _ = call(capsys, sides, "--partial", "--json")
    found = json.loads(said)

    assert 0 == code
    assert {"accuracy"} == set(found["xnli"])
    assert 14 == len(found["xnli"]["accuracy"])
    assert {"xnli", "pawsx"} == set(found)
    assert "no mean: sw missing" in call(capsys, sides, "--partial")[1]


def test_a_question_without_an_answer_is_refused_or_wrong(
    folders: Callable[..., tuple[Path, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    sides = folders("xquad")
    (sides[0] / "xquad" / "test-de.json").write_text('{"q0": "red"}', encoding="utf-8")
    code, _, err = call(capsys, sides)
    assert 2 == code
    assert "test-de.json: 2 of 3 questions have no prediction, the first is 'q1'" in err
    found = json.loads(call(capsys, sides, "--unanswered", "--json")[1])
    assert pytest.approx(100 / 3) == found["xquad"]["f1"]["de"]


BAD: list[tuple[str, str, bytes, str]] = [
    ("predictions", "xnli/test-de.tsv", b"a\nb\n", r"xnli/test-de.tsv, line 2: 2 predictions, but 4 labels"),
    ("predictions", "xnli/test-de.tsv", b"a\n" * 5, r"xnli/test-de.tsv, line 5: 5 predictions, but 4 labels"),
    ("predictions", "xnli/test-de.tsv", b"", r"xnli/test-de.tsv, line 1: 0 predictions, but 4 labels"),
    ("predictions", "xnli/test-de.tsv", "a\nb\n".encode("utf-16"), r"test-de.tsv, line 1: byte 0xff is not UTF-8"),
    ("predictions", "xnli/test-de.tsv", b"\xef\xbb\xbfa\r\nb\rc\n\xe4\n", r"line 4: byte 0xe4 is not UTF-8; save it"),
    ("predictions", "xnli/test-de.tsv", b"a\n\nb\nc\n", r"test-de.tsv, line 2: the line is empty"),
    ("predictions", "xnli/test-de.tsv", b"a\n\xff\n", r"test-de.tsv, line 2: byte 0xff is not UTF-8"),
    ("labels", "xnli/test-de.tsv", b"", r"labels/xnli/test-de.tsv: the file is empty"),
    ("predictions", "xnli/test-xx.tsv", b"a\n", r"test-xx.tsv: xnli has no such language or file"),
    ("predictions", "xnli/test-de.json", b"{}", r"test-de.json: xnli has no such language or file"),
    ("predictions", "panx/test-de.tsv", b"O\nO\n", r"panx/test-de.tsv, line 1: 1 sentences, but 2 in the labels"),
    ("predictions", "panx/test-de.tsv", b"", r"panx/test-de.tsv: 0 sentences, but 2 in the labels"),
    ("predictions", "panx/test-de.tsv", b"O\nO\nO\nO\n\nO\n\nO\n", r"line 8: 3 sentences, but 2 in the labels"),
    ("predictions", "panx/test-de.tsv", b"O\nO\nO\nO\n\nO\nO\n", r"line 6: 2 tags for a sentence of 1 tokens"),
    ("predictions", "bucc2018/test-de.tsv", b"x1\n", r"bucc2018/test-de.tsv, line 1: 'x1' is no pair"),
    ("labels", "bucc2018/test-de.tsv", b"", r"labels/bucc2018/test-de.tsv: the file is empty"),
    ("predictions", "mlqa/test-de.json", b'{"q0": "a",\n"q0": "b"}', r"test-de.json, line 2: 'q0' comes twice"),
    ("predictions", "mlqa/test-de.json", b'{"q0": "a",\n', r"mlqa/test-de.json, line 2: not JSON"),
    ("predictions", "mlqa/test-de.json", b'["a"]', r"mlqa/test-de.json: not an object of answers by question id"),
    ("predictions", "mlqa/test-de.json", b'{\n"q0": 3}', r"test-de.json, line 2: the answer to 'q0' is no text"),
    (
        "predictions",
        "mlqa/test-de.json",
        b"[" * 100_000,
        r"mlqa/test-de.json: not SQuAD's JSON: it is nested too deeply",
    ),
    (
        "predictions",
        "mlqa/test-de.json",
        b'{"q0": "a",\r\n"q1": "\xff"}',
        r"test-de.json, line 2: byte 0xff is not UTF-8",
    ),
    (
        "labels",
        "mlqa/test-de.json",
        questions(("a",), ()).encode(),
        r"test-de.json, line 1: question 'q1' has no gold answer",
    ),
    (
        "labels",
        "mlqa/test-de.json",
        questions(("a",), ("b",)).replace('"b"', "null").encode(),
        r"labels/mlqa/test-de.json, line 1: a gold answer of question 'q1' is no text",
    ),
    ("labels", "mlqa/test-de.json", questions(("a",), ("", " ")).encode(), r"question 'q1' has no gold answer; take"),
    ("labels", "xnli/test-de.tsv", b"neutral\n" * 50, r"test-de.tsv: all 50 have the one label 'neutral', which is a"),
    ("labels", "panx/test-de.tsv", b"O\n\n" * 50, r"panx/test-de.tsv: all 50 have the one label 'O', which is a"),
    ("labels", "mlqa/test-de.json", b'{"data": [{"qas": []}]}', r"not SQuAD's JSON: a part of it lacks 'paragraphs'"),
    (
        "labels",
        "mlqa/test-de.json",
        questions(("a",)).encode(),
        r"test-de.json, line 1: 2 predictions are for questions",
    ),
]


@pytest.mark.parametrize(("side", "name", "content", "message"), BAD, ids=[case[3] for case in BAD])
def test_bad_input_is_one_sentence(
    folders: Callable[..., tuple[Path, Path]],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    side: str,
    name: str,
    content: bytes,
    message: str,
) -> None:
    sides = folders(name.split("/", maxsplit=1)[0])
    (tmp_path / side / name).write_bytes(content)
    code, said, err = call(capsys, sides)

    assert (2, "") == (code, said)
    assert message in err
    assert 1 == len(err.splitlines())


def test_folders_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sides = tmp_path / "predictions", tmp_path / "labels"
    assert "predictions: no such folder" in call(capsys, sides)[2]
    sides[0].write_bytes(b"PK")
    assert "predictions: a file, where a folder of files is wanted; unpack it" in call(capsys, sides)[2]
    sides[0].unlink()
    for side in sides:
        side.mkdir()
    code, _, err = call(capsys, sides)
    assert 2 == code
    assert "no task of XTREME is both here and in" in err


def test_long_sentences_that_have_all_tags_are_no_placeholders(
    folders: Callable[..., tuple[Path, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    sides = folders("panx")
    for side in sides:
        sentences = ("B-PER\nI-PER\nO\n" * (1 + number) for number in range(60))
        (side / "panx" / "test-de.tsv").write_text("\n".join(sentences), encoding="utf-8")
    assert 100.0 == json.loads(call(capsys, sides, "--json")[1])["panx"]["f1"]["de"]


def test_a_folder_where_a_file_should_be(
    folders: Callable[..., tuple[Path, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    sides = folders("xnli")
    (sides[0] / "xnli" / "test-de.tsv").unlink()
    (sides[0] / "xnli" / "test-de.tsv").mkdir()
    code, _, err = call(capsys, sides)
    assert (2, 1) == (code, len(err.splitlines()))
    assert "test-de.tsv: no such file" in err


def test_line_ends_and_byte_order_marks_do_not_matter(
    folders: Callable[..., tuple[Path, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    sides = folders("xnli")
    (sides[0] / "xnli" / "test-de.tsv").write_bytes(b"\xef\xbb\xbfa\r\nb\nc\r\na")
    (sides[0] / "xnli" / "test-fr.tsv").write_bytes(b"a\rb\r\nc \ra")
    accuracy = json.loads(call(capsys, sides, "--json")[1])["xnli"]["accuracy"]
    assert (75.0, 75.0) == (accuracy["de"], accuracy["fr"])


#: Of evaluate.py: each task's group and languages, in its order.
EVALUATED = {
    "pawsx": ("classification", "de en es fr ja ko zh"),
    "xnli": ("classification", "ar bg de el en es fr hi ru sw th tr ur vi zh"),
    "panx": (
        "tagging",
        (
            "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw yo my zh "
            "kk tr et fi hu"
        ),
    ),
    "udpos": (
        "tagging",
        "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh",
    ),
    "bucc2018": ("retrieval", "de fr ru zh"),
    "tatoeba": (
        "retrieval",
        "ar he vi id jv tl eu ml ta te af nl de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw zh kk tr et fi hu",
    ),
    "xquad": ("qa", "en es de el ru tr ar vi th zh hi"),
    "mlqa": ("qa", "en es de ar hi vi zh"),
    "tydiqa": ("qa", "en ar bn fi id ko ru sw te"),
}


def test_groups_and_languages_are_those_of_evaluate() -> None:
    """Their order, too: means are sums in that order, to the last digit."""
    tasks = [(task.name, (task.group, " ".join(task.languages))) for task in xtreme_tasks().values()]
    assert list(EVALUATED.items()) == tasks
