"""Which of somebody's files are which rows: by their names, and by reading them as what their names say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.context import Progress
from harness.data.importing.gather import Candidate
from harness.data.importing.slots import Match, Slot, Slots
from harness.data.locate import read_labels
from harness.files import file_digest
from tasks.errors import DataError
from tasks.readers import read_split
from tasks.readers.base import ReadResult, is_stripped
from tasks.readers.placeholders import refuse_unanswered
from tasks.rows import BitextSentence

#: Formats with a row a line: of a large file whose place is certain, the beginning tells enough.
_BY_LINES = frozenset({"nli_jsonl", "glue_mnli_tsv", "glue_qqp_tsv", "xnli_mt_tsv", "udpos_tsv", "panx_tsv", "conllu"})
_LARGE, _BEGINNING = 2**24, 2**20  # bytes


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A file that is to lie below the data directory."""

    candidate: Candidate
    target: str


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A slot whose files were found.

    Attributes:
        rows: how many there are, where all were read.
        lacking: files of it that were not found.
    """

    slot: Slot
    files: tuple[Taken, ...]
    rows: int | None = None
    lacking: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Recognised:
    """What was recognised.

    Attributes:
        unlabelled: files of rows whose answers were taken out, by split.
        refused: files that are not what their names say, or of which several claim one place, a sentence each.
        unknown: files that are nobody's, with why where that can be said.
    """

    filled: list[Filled] = field(default_factory=list)
    unlabelled: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refused: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


_Claim = tuple[Match, Candidate]


def recognise(candidates: Sequence[Candidate], slots: Slots, aside: Path, progress: Progress) -> Recognised:
    """Tell what files are. Of several slots that a name fits equally well, a file fills the one whose rows it has."""
    return _Recognition(slots, aside, progress).run(candidates)


class _Recognition:
    def __init__(self, slots: Slots, aside: Path, progress: Progress) -> None:
        self._slots, self._aside, self._progress = slots, aside, progress
        self._found = Recognised()
        self._outcomes: dict[object, DataError | int | None] = {}
        self._reasons: dict[str, str] = {}
        self._used: set[str] = set()

    def run(self, candidates: Sequence[Candidate]) -> Recognised:
        claims: dict[int, dict[int, list[_Claim]]] = defaultdict(lambda: defaultdict(list))
        by_id = {}
        for candidate in candidates:
            for match in self._slots.matches(candidate.parts):
                by_id[id(match.slot)] = match.slot
                claims[id(match.slot)][match.position].append((match, candidate))
        for number, (key, positions) in enumerate(claims.items()):
            self._progress(number / len(claims), f"recognising {by_id[key].title}")
            self._fill(by_id[key], positions)
        for candidate in candidates:
            if candidate.shown not in self._used:
                self._found.unknown.append(candidate.shown + self._why_unknown(candidate))
        return self._found

    def _fill(self, slot: Slot, positions: dict[int, list[_Claim]]) -> None:
        chosen = self._choose(slot, positions)
        lacking = tuple(pattern for position, pattern in enumerate(slot.patterns) if position not in positions)
        sure = all(match.full for match, _ in chosen)
        if lacking and not sure:
            for _, candidate in chosen:
                self._reasons.setdefault(candidate.shown, f"{slot.title} needs {', '.join(lacking)}, too")
        elif chosen:
            self._take(slot, chosen, lacking, sure=sure)

    def _choose(self, slot: Slot, positions: dict[int, list[_Claim]]) -> list[_Claim]:
        """A file for each position that has some; none at all where a person must say which."""
        chosen: list[_Claim] = []
        for position in sorted(positions):
            claims = positions[position]
            if "*" in slot.patterns[position]:
                chosen += self._of_pattern(claims)
                continue
            best = max(match.rank for match, _ in claims)
            likeliest = [claim for claim in claims if claim[0].rank == best]
            one = self._one_of(slot, likeliest)
            if one is None:
                return []
            for _, candidate in claims:
                if candidate is not one[1]:
                    self._reasons.setdefault(candidate.shown, f"{one[1].shown} is likelier {slot.title}")
            chosen.append(one)
        return chosen

    def _take(self, slot: Slot, chosen: Sequence[_Claim], lacking: tuple[str, ...], *, sure: bool) -> None:
        """Read the files as what their names say, and take them if they are."""
        outcome = None if lacking else self._read(slot, [candidate for _, candidate in chosen], sure=sure)
        if isinstance(outcome, DataError):
            self._not_so(slot, chosen, outcome, sure=sure)
            return
        if not sure and slot.published not in (None, outcome):
            for _, candidate in chosen:
                what = f"named as {slot.title}, with {outcome:,} rows of {slot.published:,} and in another folder"
                self._reasons[candidate.shown] = what  # whatever it was found not to be
            return
        if not sure and any(candidate.shown in self._used for _, candidate in chosen):
            return  # a likelier source, named before this one in the specs, has it
        files = tuple(Taken(candidate=candidate, target=match.target) for match, candidate in chosen)
        self._used.update(taken.candidate.shown for taken in files)
        self._found.filled.append(Filled(slot=slot, files=files, rows=outcome, lacking=lacking))

    def _of_pattern(self, claims: Sequence[_Claim]) -> list[_Claim]:
        """All files of a pattern, each place once."""
        found: dict[str, _Claim] = {}
        for claim in claims:
            found.setdefault(claim[0].target, claim)
        return [found[target] for target in sorted(found, key=lambda name: (name.rpartition("/")[2], name))]

    def _one_of(self, slot: Slot, claims: Sequence[_Claim]) -> _Claim | None:
        """The file for a place; of several that are the same, the first.

        Those that are not the same are refused together: which is right, a person must say.
        """
        if len(claims) == 1 or len({file_digest(candidate.path) for _, candidate in claims}) == 1:
            self._used.update(candidate.shown for _, candidate in claims[1:])
            return claims[0]
        names = sorted(candidate.shown for _, candidate in claims)
        if claims[0][0].full:
            self._used.update(names)
            several = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")  # noqa: PLR2004
            sentence = f"{several}: {len(names)} files that are not the same would be {claims[0][0].target}"
            self._refuse(f"{sentence}; remove those that are not, or import one folder at a time.")
        for name in names:
            self._reasons.setdefault(name, f"{len(names)} different files are named as {slot.title}")
        return None

    def _not_so(self, slot: Slot, chosen: Sequence[_Claim], error: DataError, *, sure: bool) -> None:
        names = [candidate.shown for _, candidate in chosen]
        if _holds_several(slot) and "in language" in error.what:
            for name in names:
                self._reasons.setdefault(name, error.what)
        elif is_stripped(error):
            self._used.update(names)
            told = self._found.unlabelled[slot.title]
            told += [name for name in names if name not in told]
        elif sure:
            self._used.update(names)
            self._refuse(f"{slot.title}: {error}")
        else:
            for name in names:
                self._reasons.setdefault(name, f"named as {slot.title}, but {error.what}")

    def _refuse(self, sentence: str) -> None:
        if sentence not in self._found.refused:
            self._found.refused.append(sentence)

    def _why_unknown(self, candidate: Candidate) -> str:
        reason = self._reasons.get(candidate.shown)
        if reason is None and (pattern := self._slots.nearly(candidate.parts)):
            reason = f"taken as {pattern} alone, which says the release"
        return f" ({reason})" if reason else ""

    # -- reading -------------------------------------------------------------------------------------------------------

    def _read(self, slot: Slot, candidates: Sequence[Candidate], *, sure: bool) -> DataError | int | None:
        """How many rows there are; None where only the beginning was read; or what is wrong."""
        if slot.format is None:
            return self._labels(candidates[0])
        large = sum(one.path.stat().st_size for one in candidates) > _LARGE
        language = None if large and sure and _holds_several(slot) else slot.language  # then looked at once for all
        key = (slot.format, tuple(one.shown for one in candidates), sure, language)
        if key not in self._outcomes:
            self._outcomes[key] = self._try(slot, candidates, sure=sure)
        return self._outcomes[key]

    def _try(self, slot: Slot, candidates: Sequence[Candidate], *, sure: bool) -> DataError | int | None:
        assert slot.format is not None, slot
        paths, cut = [], False
        for number, candidate in enumerate(candidates):
            named = self._named(candidate, number)
            if sure and slot.format in _BY_LINES and named.stat().st_size > _LARGE:
                named, cut = self._beginning(named), True
            paths.append(named)
        try:
            result = read_split(slot.format, paths, language=slot.language, labels=slot.task.labels)
            refuse_unanswered(result.rows, slot.task.metric, ", ".join(map(str, paths)))
        except DataError as error:
            where = error.where or ""
            for path, candidate in zip(paths, candidates, strict=True):
                where = where.replace(str(path), candidate.shown)
            return DataError(error.what, where=where or None, remedy=error.remedy)
        except (KeyError, IndexError, ValueError, TypeError, StopIteration) as error:
            return DataError(f"not in the format ({type(error).__name__})", where=candidates[0].shown)
        return None if cut else _count(result)

    def _named(self, candidate: Candidate, number: int) -> Path:
        """The file under its own name: a reader may look at that."""
        if not candidate.packed:
            return candidate.path
        link = self._aside / f"{number}" / candidate.parts[-1]
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(candidate.path)
        return link

    def _beginning(self, path: Path) -> Path:
        """A copy of a file's first whole lines; of sentences that blank lines part, its first whole sentences."""
        with path.open("rb") as file:
            head = file.read(_BEGINNING)
        blank = head.rfind(b"\n\n")
        end = blank + 2 if blank > 0 else head.rfind(b"\n") + 1
        target = self._aside / "beginning" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(head[:end])
        return target

    def _labels(self, candidate: Candidate) -> DataError | int | None:
        try:
            return len(read_labels(candidate.path))
        except DataError as error:
            return error


def _holds_several(slot: Slot) -> bool:
    """Whether one file holds the rows of several languages."""
    return len(slot.task.languages) > 1 and not any(mark in slot.source for mark in ("{lang}", "{code}"))


def _count(result: ReadResult) -> int:
    """Rows in the unit that is published: of corpora, pairs."""
    if result.rows and isinstance(result.rows[0], BitextSentence):
        return sum(len(row.partners or ()) for row in result.rows if isinstance(row, BitextSentence)) // 2
    return len(result.rows) + result.mended.get("rows_dropped", 0)
