"""Phase ``retrieve``: retrieval with no training, by nearest neighbours among a checkpoint's embeddings.

Two task types are answered so: ``sentence_retrieval`` (:mod:`harness.retrieval.nearest`) and ``bitext_mining``
(:mod:`harness.retrieval.mining`). Which hidden state is read, and how it is pooled, is chosen on a sample of sentences
none of which is scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from harness.context import StageContext
from harness.files import write_json
from harness.plan.params import RetrieveParams
from harness.retrieval.embed import SentenceEmbedder
from harness.retrieval.mining import BitextMiner
from harness.retrieval.nearest import NearestRetriever
from harness.retrieval.readings import Choice, Reading, by_rule, by_sample
from harness.retrieval.sentences import Answers, Embeddings, Reports, SampleSet
from harness.training.encoding import limits
from harness.training.runtime import Reporter, set_up
from tasks.errors import UserError

NEAREST, MINING = "sentence_retrieval", "bitext_mining"
_MEASURED = 0.5  # of the time of the stage


class Retriever(Protocol):
    """Answers one language after the other."""

    def measure(self, language: str, report: Reporter) -> dict[Reading, float]:
        """The score on one language's sample of every reading that is embedded."""
        ...

    def retrieve(
        self, language: str, chosen: Reading, fixed: Mapping[str, Reading], answers: Answers, report: Reporter
    ) -> Reports:
        """Write the predictions of a language by the chosen reading, and by fixed ones under their names."""
        ...

    def details(self) -> dict[str, Any]:
        """What ``details.json`` is to hold beside the choice."""
        ...


def run(context: StageContext) -> None:
    """Write XTREME's prediction files, those of variants, and how they came about.

    Leaves ``predictions/TASK/test-LANG.tsv``, the same below ``variants/NAME``, ``details.json`` (the choice with its
    curve), ``curves.json`` (the curve of every language of the sample, if something was chosen) and the tokenizer's
    reports: ``encoding.json`` on the foreign side of each language, ``encoding-english.json`` on its English side.

    Raises:
        UserError: the task is of another type, names no language, or is bitext mining without a sample.
        DataError: the rows of a language are missing, hold answers or lack one side, or the checkpoint is not whole.
    """
    device = set_up(context)
    params = RetrieveParams.read(context.params, "params")
    task, languages = params.task, params.languages
    if task.type not in (NEAREST, MINING):
        raise UserError(
            f"the task {task.name} is of type {task.type}, not {NEAREST} or {MINING}", where="params.task.type"
        )
    sample = _sample(context, params)
    report = Reporter(context.progress)
    report(0.0, "loading the checkpoint")
    embedder = SentenceEmbedder(
        context.inputs["checkpoint"], device=device, precision=context.precision, scratch=context.out
    )
    embeddings = Embeddings(
        type=task.type,
        embedder=embedder,
        limits=limits(task, embedder.backbone, embedder.tokenizer),
        threads=context.threads,
    )
    inputs = context.inputs["inputs"]
    retriever: Retriever
    if task.type == MINING:
        assert sample is not None, task.name
        retriever = BitextMiner(embeddings=embeddings, inputs=inputs, sample=sample)
    else:
        retriever = NearestRetriever(embeddings=embeddings, inputs=inputs, sample=sample, metric=task.metric)
    choice = _choose(params.dev, sample, retriever, embedder, report.part(0.0, _MEASURED))
    answers = Answers(out=context.out, task=task.name, type=task.type)
    reports: dict[str, Reports] = {}
    rest = report.part(_MEASURED if sample else 0.0, 1.0)
    for place, language in enumerate(languages):
        part = rest.part(place / len(languages), (place + 1) / len(languages))
        reports[language] = retriever.retrieve(language, choice.reading, choice.fixed, answers, part)
    details = {**choice.details(embedder.backbone), **retriever.details()}
    if task.type == MINING and params.dev == "scored":
        details["oracle_threshold"] = True
    write_json(context.out / "details.json", details)
    if choice.scores:
        write_json(context.out / "curves.json", choice.by_language(embedder.backbone))
    write_json(context.out / "encoding.json", {name: both.foreign.with_rates() for name, both in reports.items()})
    write_json(
        context.out / "encoding-english.json", {name: both.english.with_rates() for name, both in reports.items()}
    )
    context.progress(1.0, f"retrieved in {len(languages)} languages")


def _sample(context: StageContext, params: RetrieveParams) -> SampleSet | None:
    """What the inputs have to choose and tune on."""
    task = params.task
    if params.dev == "none":
        if task.type == MINING:
            raise UserError(
                "there is no sample set to tune the threshold on",
                where=f"task {task.name}",
                remedy="give BUCC's sample set (XTREME's dev files) as the task's validation split",
            )
        return None
    if params.dev == "scored" and task.type == NEAREST:
        return None  # it has no threshold, and a reading is never chosen on what is scored
    return SampleSet(
        inputs=context.inputs["dev"],
        labels=context.inputs["dev_labels"],
        languages=params.dev_languages or (),
    )


def _choose(
    dev: str, sample: SampleSet | None, retriever: Retriever, embedder: SentenceEmbedder, report: Reporter
) -> Choice:
    """The reading, and an embedder that computes no more than is wanted from here on."""
    ruled = by_rule(embedder.backbone)
    choice = ruled
    if dev != "sample":
        embedder.narrow(ruled.readings())
    if sample is not None:
        scores = {
            language: retriever.measure(
                language, report.part(place / len(sample.languages), (place + 1) / len(sample.languages))
            )
            for place, language in enumerate(sample.languages)
        }
        choice = ruled if dev == "scored" else by_sample(scores, embedder.backbone)
    embedder.narrow(choice.readings())
    return choice
