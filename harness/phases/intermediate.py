"""Phase ``intermediate``: train a checkpoint on one English task, or on a mixture of several."""

from __future__ import annotations

from harness.context import StageContext
from harness.training.interleaved import MlmParams
from harness.training.mixture import Mixing
from harness.training.parameters import TaskParams
from harness.training.supervised import train_checkpoint
from tasks.errors import UserError


def run(context: StageContext) -> None:
    """Write a checkpoint with the trained encoder and a head for each task, under the name the task gives it (its own).

    Tasks that give the same name share the head.

    ``params.mlm`` puts masked-language-model steps on ``inputs.corpus`` between the steps on tasks (``+mlm``);
    ``params.translated`` names, by task, the languages whose rows of ``inputs.translated:TASK`` are trained on beside
    the English ones (``+translated``). Validation is English in any case.

    Raises:
        UserError: there is no task, or one twice, or the backbone has no mask piece or masked-LM head,
            which ``+mlm`` needs.
        DataError: rows or weights are missing or do not fit.
        harness.errors.Diverged: the loss is no longer finite.
    """
    tasks = {task.name: task for task in map(TaskParams.from_params, context.params["tasks"])}
    if not tasks or len(tasks) != len(context.params["tasks"]):
        raise UserError("intermediate training needs tasks, each once", where="params.tasks", remedy="list them")
    mlm = context.params.get("mlm")
    train_checkpoint(
        context,
        tasks,
        Mixing.from_params(context.params.get("mixing") or {}),
        heads_of={task["name"]: task["head"] for task in context.params["tasks"] if task.get("head")},
        translated=context.params.get("translated") or {},
        mlm=None if mlm is None else MlmParams(**mlm),
    )
