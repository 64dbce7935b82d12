"""Phase ``intermediate``: train a checkpoint on one English task, or on a mixture of several."""

from __future__ import annotations

from harness.context import StageContext
from harness.plan.params import IntermediateParams
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
    params = IntermediateParams.read(context.params, "params")
    tasks = {task.name: task for task in params.tasks}
    if len(tasks) != len(params.tasks):
        raise UserError("intermediate training needs tasks, each once", where="params.tasks", remedy="list them")
    train_checkpoint(
        context,
        params.hyper,
        tasks,
        params.mixing,
        heads_of={task.name: task.head for task in params.tasks if task.head is not None},
        translated=params.translated or {},
        mlm=params.mlm,
    )
