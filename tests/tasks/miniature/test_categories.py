"""CCG categories are well formed, and those of every sentence derive a sentence by CCG's rules."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

from tasks.miniature import generate

BASIC = re.compile(r"(?:S\[(?:dcl|wq|q|b|adj)\]|S|NP|NP\[nb\]|N|PP|conj|\.)\Z")
ATOM = re.compile(r"[^()/\\]+")


@cache
def parsed(text: str) -> object:
    """A category as (result, slash, argument), or a basic one as text. Slashes associate to the left."""
    found, rest = operand(text)
    while rest:
        slash, argument, rest = rest[0], *operand(rest[1:])
        assert slash in "/\\"
        found = (found, slash, argument)
    return found


def operand(text: str) -> tuple[object, str]:
    if not text.startswith("("):
        basic = ATOM.match(text).group()
        assert BASIC.match(basic), text
        return basic, text[len(basic) :]
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return parsed(text[1:place]), text[place + 1 :]
    raise AssertionError(text)


def fits(wanted: object, given: object) -> bool:
    """Equal but for features that one of them leaves open."""
    if isinstance(wanted, tuple) and isinstance(given, tuple):
        return wanted[1] == given[1] and fits(wanted[0], given[0]) and fits(wanted[2], given[2])
    if not (isinstance(wanted, str) and isinstance(given, str)):
        return False
    names, features = zip(*((each.partition("[")[0], each.partition("[")[2]) for each in (wanted, given)), strict=True)
    return names[0] == names[1] and (features[0] == features[1] or "" in features)


def combined(left: object, right: object) -> set[object]:
    """Application, forward composition, punctuation, and the first half of coordination."""
    found: set[object] = set()
    if isinstance(left, tuple) and left[1] == "/":
        if fits(left[2], right):
            found.add(left[0])
        if isinstance(right, tuple) and right[1] == "/" and fits(left[2], right[0]):
            found.add((left[0], "/", right[2]))
    if isinstance(right, tuple) and right[1] == "\\" and fits(right[2], left):
        # A modifier (X\X) leaves what it modifies as it is, features and all.
        found.add(left if right[0] == right[2] else right[0])
    if right == ".":
        found.add(left)
    if left == "conj":
        found.add(("and", right))
    if isinstance(right, tuple) and right[0] == "and" and right[1] == left:
        found.add(left)
    return found


def derivations(tags: tuple[str, ...]) -> set[object]:
    """All that the categories of a sentence can be put together to (CKY)."""
    chart: dict[tuple[int, int], set[object]] = defaultdict(set)
    for place, tag in enumerate(tags):
        chart[place, place + 1] = lifted({parsed(tag)})
    for width in range(2, len(tags) + 1):
        for start in range(len(tags) - width + 1):
            end = start + width
            for middle in range(start + 1, end):
                for left in chart[start, middle]:
                    for right in chart[middle, end]:
                        chart[start, end] |= lifted(combined(left, right))
    return chart[0, len(tags)]


def lifted(found: set[object]) -> set[object]:
    """The unary rule from N to NP."""
    return found | {"NP"} if "N" in found else found


def test_the_checker_refuses_what_is_wrong() -> None:
    right = ("N", "(S[dcl]\\NP)/NP", "N", ".")
    assert "S[dcl]" in derivations(right)
    assert "S[dcl]" not in derivations(("N", "(S[dcl]\\NP)/PP", "N", "."))
    assert "S[dcl]" not in derivations(("N", "N", "(S[dcl]\\NP)/NP", "."))


def test_every_sentence_derives() -> None:
    """Statements to S[dcl], questions to S[wq]."""
    shapes = {
        (row.tags, row.tokens[-1])
        for split in ("train", "validation")
        for row in generate("mini-ccg", split, "en", rows=1200)
    }
    assert 80 < len(shapes)
    for tags, mark in shapes:
        assert ("S[wq]" if mark == "?" else "S[dcl]") in derivations(tags), tags


def test_one_word_has_several_categories() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for row in generate("mini-ccg", "train", "en", rows=1200):
        for word, tag in zip(row.tokens, row.tags, strict=True):
            found[word.lower()].add(tag)
    assert {"N", "S[b]\\NP"} == found["cook"]
    assert {"N/N", "(S[adj]\\NP)\\NP"} == found["old"]
    assert 3 <= len(found["is"])
    assert 2 <= len(found["who"])
    assert 2 <= len(found["like"] | found["likes"])
