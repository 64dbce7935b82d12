"""The provenance of a row: stages, digests, seeds, hardware, versions, times, failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from leaderboard.names import row_id
from leaderboard.pages.blocks import Block, Prose, Section, TableBlock, paragraphs
from leaderboard.pages.frame import Site
from leaderboard.pages.look import Look
from leaderboard.provenance import StageRecord, commands, cost_of
from leaderboard.scores import Row
from leaderboard.tables.value import Column, Field, Table
from leaderboard.words import plural

_MIB = 2**20


def provenance_sections(site: Site, row: Row, stages: Sequence[StageRecord], predictions: str) -> tuple[Section, ...]:
    """Return the command to reproduce the row, and its inputs."""
    sections = [Section(id="reproduce", title="Make it again", blocks=tuple(_again(site, row, stages, predictions)))]
    if stages:
        sections.append(_stages(site, row, stages))
        sections.append(_surroundings(stages))
    return tuple(sections)


def _again(site: Site, row: Row, stages: Sequence[StageRecord], predictions: str) -> Iterator[Block]:
    yield Prose(
        html=Markup(
            '<div class="scroll" role="region" aria-label="The command that computes this row" tabindex="0">\n'
            '<pre><code translate="no">{}</code></pre>\n</div>\n'
            "<p>A suite that reads release files also needs <code>--data DIR</code>. The same code and suite on the "
            "same kind of processor give the same bytes of predictions.{}</p>\n"
        ).format(commands(site.board.suite, row, stages), _commits(stages))
    )
    if predictions:
        yield Prose(
            html=Markup(
                '<p><a href="{}" download>Download its predictions</a>, in XTREME\'s layout, a folder a seed: '
                "<code>codestilts score</code> scores them again.</p>\n"
            ).format(predictions)
        )
    else:
        held = [stage for stage in stages if stage.phase in ("predict", "retrieve")]
        where = f" They are in the store of the run, in {plural(len(held), 'artifact')} named below." if held else ""
        yield paragraphs(f"Its predictions were not available when this site was built.{where}")
    cost = cost_of(stages)
    if stages:
        hours = [f"{cost.cpu_hours:.3g} CPU-hours"] if cost.cpu_hours or not cost.gpu_hours else []
        hours += [f"{cost.gpu_hours:.3g} GPU-hours"] if cost.gpu_hours else []
        lost = f" The time of {plural(cost.unknown, 'stage')} was not recorded." if cost.unknown else ""
        yield paragraphs(
            f"Training, predicting and retrieving took {' and '.join(hours)}, stages shared with other rows counted "
            f"whole.{lost} {_failures(row, stages)}"
        )


def _commits(stages: Sequence[StageRecord]) -> str:
    """Which code that was, where it is one commit."""
    commits = {stage.git for stage in stages}
    return f" The code was that of git commit {commits.pop()}." if len(commits) == 1 and "" not in commits else ""


def _failures(row: Row, stages: Sequence[StageRecord]) -> str:
    """Describe recorded failures and retries."""
    missing = row.scores.average.missing
    again = [stage for stage in stages if stage.attempts not in ("", "1")]
    words = "No cell of it is missing." if not missing else f"{plural(len(missing), 'cell')} of it failed: see Gaps."
    if again:
        return f"{words} Retried: " + "; ".join(f"{stage.name} ({stage.attempts} attempts)" for stage in again) + "."
    if any(stage.attempts for stage in stages):
        return f"{words} No stage was retried."
    return f"{words} Attempts were not recorded."


def _stages(site: Site, row: Row, stages: Sequence[StageRecord]) -> Section:
    table = Table(
        name=f"stages-{row_id(row.backbone.name, row.recipe.name)}",
        caption="Every stage behind this row, with its key and the digest of its output",
        columns=(
            Column(key="stage", title="Stage", kind="text"),
            Column(key="key", title="Key", kind="text"),
            Column(key="digest", title="Digest", kind="text"),
            Column(key="seed", title="Seed", kind="text"),
            Column(key="seconds", title="Seconds", kind="number"),
            Column(key="memory", title="Peak MiB", kind="number"),
            Column(key="attempts", title="Attempts", kind="text"),
            Column(key="device", title="Device", kind="text"),
            Column(key="hardware", title="Hardware", kind="text"),
            Column(key="image", title="Image", kind="text"),
        ),
        rows=tuple(
            (
                Field(value=stage.name),
                Field(value=stage.key),
                Field(value=stage.digest),
                Field(value=stage.seed),
                Field(value=stage.seconds),
                Field(value=None if stage.memory is None else round(stage.memory / _MIB)),
                Field(value=stage.attempts or None),
                Field(value=stage.device),
                Field(value=stage.hardware),
                Field(value=stage.image),
            )
            for stage in stages
        ),
        miniature=site.frame.miniature,
    )
    look = Look(id="table-stages", label="Stages", heads=("stage",), words=True, downloads=())
    text = paragraphs(
        "The digests of prepare stages are the data's, those of fetch and convert stages the weights', that of a score "
        "stage the score's. Image is the id of the image that a stage ran in; where that was not recorded, its base's "
        "digest, or local."
    )
    return Section(id="stages", title="Stages", blocks=(text, TableBlock(table=table, look=look)))


def _surroundings(stages: Sequence[StageRecord]) -> Section:
    """Versions, locks, commits and runners, each said once with the stages that had it."""
    blocks: list[Block] = []
    found: dict[tuple[str, str], list[str]] = {}
    for stage in stages:
        facts = (*stage.versions, ("dependency lock", stage.lock), ("git commit", stage.git), ("runner", stage.runner))
        for name, value in facts:
            if value:
                found.setdefault((name, value), []).append(stage.name)
    table = Table(
        name="versions",
        caption="Versions, dependency locks and code, with the stages that used them",
        columns=(
            Column(key="what", title="What", kind="text"),
            Column(key="value", title="Version or hash", kind="text"),
            Column(key="stages", title="Stages", kind="text"),
        ),
        rows=tuple(
            (Field(value=name), Field(value=value), Field(value=_which(names, len(stages))))
            for (name, value), names in found.items()
        ),
    )
    look = Look(id="table-versions", label="Versions", heads=("what",), words=True, downloads=())
    blocks.append(TableBlock(table=table, look=look))
    return Section(id="versions", title="Versions", blocks=tuple(blocks))


def _which(names: Sequence[str], total: int) -> str:
    if len(names) == total:
        return "all"
    phases = dict.fromkeys(name.partition("/")[0] for name in names)
    return f"{len(names)} of {total}: {', '.join(phases)}"
