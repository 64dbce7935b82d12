"""Phase ``score``: predictions against references. The only phase that sees test labels; it holds no model."""

from __future__ import annotations

from harness.context import StageContext
from harness.plan.params import ScoreParams
from tasks.scoring import read_references, score_baseline, score_predictions, write_scores


def run(context: StageContext) -> None:
    """Leave ``result.json`` (scores per language) and ``units.json`` (counts per resampling unit).

    Where units are joint, equal names in ``units.json`` are one unit, and statistics draw them together.
    """
    params = ScoreParams.read(context.params, "params")
    inputs = context.inputs
    references = read_references(params.task, inputs["labels"], params.languages, joint=params.joint_units)
    if params.kind == "baseline":
        scores = score_baseline(params.task, inputs.get("rows"), inputs["inputs"], references)
    else:
        scores = score_predictions(params.task, inputs["predictions"], references)
    write_scores(context.out, scores)
