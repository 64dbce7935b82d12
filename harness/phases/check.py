"""Phase ``check``: what a checkpoint can do, tried out. In no suite: ``codestilts backbones check`` asks for it."""

from __future__ import annotations

import json
from dataclasses import asdict

from harness.adding.conformance import Claims, examine, expected
from harness.context import StageContext

#: In the output folder: what was found so far, so that a check that ends the process takes no other's finding with it.
RESULTS = "checks.json"


def run(context: StageContext) -> None:
    """Examine the checkpoint, one check after the other.

    Raises:
        UserError: the checkpoint cannot be loaded.
    """
    claims, samples = Claims(**context.params["claims"]), context.params["samples"]
    found = []
    for result in examine(claims, samples, context.inputs["checkpoint"]):
        found.append(asdict(result))
        (context.out / RESULTS).write_text(json.dumps(found), encoding="utf-8")
        context.progress(len(found) / expected(samples), result.check)
