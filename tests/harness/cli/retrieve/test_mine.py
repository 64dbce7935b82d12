"""``codestilts retrieve mine`` from outside: what it writes, beside the method in plain loops, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from harness.cli import main

Matrix = npt.NDArray[np.float64]
WIDTH = 6


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    code = main(["retrieve", "mine", *(str(argument) for argument in arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


class Mined:
    """A small comparable corpus: texts with repeated lines, their embeddings saved."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        draw = np.random.default_rng(seed)
        self.texts = [[f"s{n % 25}" for n in range(30)], [f"t{n % 17}" for n in range(20)]]
        different = [draw.normal(size=(25, WIDTH)), draw.normal(size=(17, WIDTH))]
        different[1][:12] = different[0][3:15] + 0.3 * draw.normal(size=(12, WIDTH))
        self.vectors = [different[0][[n % 25 for n in range(30)]], different[1][[n % 17 for n in range(20)]]]
        self.files = [folder / name for name in ("source.npy", "target.npy", "source.txt", "target.txt")]
        self.out = folder / "pairs.tsv"
        self.save()

    def save(self) -> None:
        for path, vectors in zip(self.files, self.vectors, strict=False):
            np.save(path, vectors.astype(np.float32))
        for path, lines in zip(self.files[2:], self.texts, strict=True):
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def arguments(self, *more: object, text: bool = True) -> list[object]:
        given: list[object] = ["--source-embeddings", self.files[0], "--target-embeddings", self.files[1]]
        if text:
            given += ["--source-text", self.files[2], "--target-text", self.files[3]]
        return [*given, "--out", self.out, *more]

    def pairs(self) -> list[tuple[float, int, int]]:
        rows = [line.split("\t") for line in self.out.read_text(encoding="utf-8").splitlines()]
        return [(float(score), int(source), int(target)) for score, source, target in rows]


@pytest.fixture
def corpus(tmp_path: Path) -> Mined:
    return Mined(tmp_path)


def plainly(source: Matrix, target: Matrix, margin: str, retrieval: str, k: int) -> list[tuple[float, int, int]]:
    """Artetxe and Schwenk (2019) in loops: every similarity, the means of the k largest, the best in each direction."""
    left, right = (np.float32(side) for side in (source, target))
    left, right = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (left, right))
    cosines = left.astype(np.float64) @ right.T.astype(np.float64)
    ahead = {i: sorted(range(len(right)), key=lambda j: -cosines[i, j])[:k] for i in range(len(left))}
    back = {j: sorted(range(len(left)), key=lambda i: -cosines[i, j])[:k] for j in range(len(right))}

    def score(i: int, j: int) -> float:
        mean = (np.mean([cosines[i, other] for other in ahead[i]]) + np.mean([cosines[o, j] for o in back[j]])) / 2
        found = {"ratio": cosines[i, j] / mean, "distance": cosines[i, j] - mean, "absolute": cosines[i, j]}
        return float(found[margin])

    forward = [(score(i, j), i, j) for i in ahead for j in [max(ahead[i], key=lambda j: score(i, j))]]
    backward = [(score(i, j), i, j) for j in back for i in [max(back[j], key=lambda i: score(i, j))]]
    if retrieval == "fwd":
        return forward
    if retrieval == "bwd":
        return backward
    if retrieval == "intersect":
        best = {j: i for _, i, j in backward}
        return [pair for pair in forward if best[pair[2]] == pair[1]]
    kept: list[tuple[float, int, int]] = []
    for pair in sorted(forward + backward, key=lambda pair: -pair[0]):
        if pair[0] > 0 and not {pair[1]} & {other[1] for other in kept} and not {pair[2]} & {o[2] for o in kept}:
            kept.append(pair)
    return kept


@pytest.mark.parametrize("retrieval", ["max", "intersect", "fwd", "bwd"])
@pytest.mark.parametrize("margin", ["ratio", "distance", "absolute"])
def test_pairs_are_those_of_the_published_method(
    corpus: Mined, capsys: pytest.CaptureFixture[str], margin: str, retrieval: str
) -> None:
    code, _, err = call(capsys, *corpus.arguments("--margin", margin, "--retrieval", retrieval, "--k", 3))

    assert (0, "") == (code, err)
    expected = sorted(plainly(corpus.vectors[0][:25], corpus.vectors[1][:17], margin, retrieval, 3), reverse=True)
    found = corpus.pairs()
    assert sorted((i, j) for _, i, j in expected) == sorted((i, j) for _, i, j in found)
    np.testing.assert_allclose([score for score, _, _ in expected], [score for score, _, _ in found], atol=1e-6)


def test_without_texts_every_row_is_a_sentence_of_its_own(corpus: Mined, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, *corpus.arguments("--retrieval", "fwd", text=False))
    assert list(range(30)) == sorted(source for _, source, _ in corpus.pairs())
    call(capsys, *corpus.arguments("--retrieval", "fwd"))
    assert list(range(25)) == sorted(source for _, source, _ in corpus.pairs())


def test_all_rows_of_repeated_lines(corpus: Mined, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, *corpus.arguments())
    firsts = corpus.pairs()
    call(capsys, *corpus.arguments("--all-rows"))
    rows = [[[row for row, line in enumerate(side) if line == one] for one in side] for side in corpus.texts]
    assert sorted((s, i, j) for s, a, b in firsts for i in rows[0][a] for j in rows[1][b]) == sorted(corpus.pairs())


def test_a_threshold_holds_for_every_way_and_the_summary_is_json(
    corpus: Mined, capsys: pytest.CaptureFixture[str]
) -> None:
    call(capsys, *corpus.arguments("--retrieval", "fwd"))
    everything = corpus.pairs()
    cut = everything[7][0]
    _, out, _ = call(capsys, *corpus.arguments("--retrieval", "fwd", "--threshold", repr(cut), "--json"))
    assert [pair for pair in everything if pair[0] >= cut] == corpus.pairs()
    summary = json.loads(out)
    assert (len(corpus.pairs()), cut) == (summary["pairs"], summary["threshold"])
    assert [{"rows": 30, "different": 25}, {"rows": 20, "different": 17}] == summary["sides"]


def test_threads_and_memory_change_no_byte(corpus: Mined, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, *corpus.arguments("--threads", 1))
    expected = corpus.out.read_bytes()
    call(capsys, *corpus.arguments("--threads", 2, "--memory", "2MiB"))
    assert expected == corpus.out.read_bytes()


def test_a_million_identical_lines_are_one(corpus: Mined, capsys: pytest.CaptureFixture[str]) -> None:
    corpus.vectors[0] = np.concatenate([corpus.vectors[0], np.ones((1_000_000, WIDTH))])
    corpus.texts[0] += ["again"] * 1_000_000
    corpus.save()
    code, out, _ = call(capsys, *corpus.arguments("--json"))
    assert (0, {"rows": 1_000_030, "different": 26}) == (code, json.loads(out)["sides"][0])


def test_identical_embeddings_without_texts_end_soon_and_go_to_the_first(
    corpus: Mined, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus.vectors = [np.ones((200_000, WIDTH)), np.ones((150_000, WIDTH))]
    for path, vectors in zip(corpus.files, corpus.vectors, strict=False):
        np.save(path, vectors)
    code, _, _ = call(capsys, *corpus.arguments("--margin", "absolute", text=False))
    assert (0, (0, 0)) == (code, corpus.pairs()[0][1:])


def spoil(corpus: Mined, side: int, row: int, value: float) -> None:
    corpus.vectors[side][row] = value
    corpus.save()


def cut_text(corpus: Mined) -> None:
    corpus.texts[1].pop()
    corpus.save()


def empty_line(corpus: Mined) -> None:
    corpus.texts[0][6] = "  "
    corpus.save()


BAD: list[tuple[Any, list[object], str]] = [
    (lambda c: spoil(c, 0, 4, np.nan), [], r"row 4 of the source embeddings \(.*source.npy\) holds NaN"),
    (lambda c: spoil(c, 1, 16, np.inf), [], "row 16 of the target embeddings"),
    (lambda c: spoil(c, 1, 3, 0.0), [], "row 3 of the target embeddings .* is all zeros"),
    (cut_text, [], "20 embeddings for 19 lines of .*target.txt; give one a line"),
    (empty_line, [], "source.txt, line 7: the line is empty"),
    (lambda c: np.save(c.files[0], np.ones(5)), [], "it has 1 dimensions, not two"),
    (lambda c: np.save(c.files[0], np.ones((30, 2), np.int64)), [], "it holds int64, not floating-point"),
    (lambda c: np.save(c.files[0], np.ones((30, 4))), [], "4 wide, target embeddings 6"),
    (lambda c: np.save(c.files[0], np.array([{}])), [], "not a NumPy array"),
    (lambda c: c.files[0].write_text("no array"), [], "not a NumPy array"),
    (lambda c: np.save(c.files[0], np.empty((0, 6))), [], "it is empty, 0 by 6"),
    (lambda c: c.files[0].unlink(), [], "source.npy: no such file"),
    (lambda c: c.files[2].unlink(), [], "source.txt: no such file"),
    (lambda c: c.files[2].write_bytes(b"one\n\xff\n"), [], "source.txt, line 2: byte 0xff is not UTF-8"),
    (lambda _: None, ["--k", 18], "--k: 18 neighbours .* target side has 17 different sentences; give 17 at most"),
    (lambda c: np.save(c.files[0], np.empty((30, 0))), [], "it is empty, 30 by 0"),
    (lambda _: None, ["--memory", "100"], "--memory: the source embeddings need"),
    (lambda c: c.out.mkdir(), [], "pairs.tsv: this is a folder"),
    (lambda _: None, ["--out", "nowhere/pairs.tsv"], "its folder does not exist"),
]


@pytest.mark.parametrize(("spoiled", "more", "message"), BAD, ids=[message for _, _, message in BAD])
def test_bad_input_is_one_sentence(
    corpus: Mined, capsys: pytest.CaptureFixture[str], spoiled: Any, more: list[object], message: str
) -> None:
    spoiled(corpus)
    code, out, err = call(capsys, *corpus.arguments(*more))

    assert (2, "", 1) == (code, out, len(err.splitlines()))
    assert re.search(message, err), err


def test_a_size_that_is_none(corpus: Mined, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, *corpus.arguments("--memory", "plenty"))
    assert 2 == code
    assert "'plenty' is no size; write 8GB or 512MiB" in err
