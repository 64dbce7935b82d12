"""One backbone's checkpoint for tools outside a suite: by the name of its spec, or from a folder."""

from __future__ import annotations

from pathlib import Path

from harness.context import StageContext
from harness.errors import EnvironmentFault
from harness.outcome import Outcome
from harness.plan.build import build_plan
from harness.plan.sources import data_files
from harness.plan.stage import Phase
from harness.planning import Planned, Where, surroundings
from harness.run import Display, Request, walking
from harness.runners.places import RunnerName, bases
from harness.specs.catalog import Catalog, resolve
from harness.specs.suite import SuiteSpec
from harness.store.artifacts import State, Store
from harness.walk import select
from tasks.errors import UserError


def named_checkpoint(
    name: str,
    store_folder: Path,
    workers: int,
    display: Display,
    allowed: tuple[str, ...] = (),
    *,
    runner: RunnerName = "local",
) -> Path:
    """The checkpoint of a backbone's spec, from the store, or fetched and made there as in any run.

    Args:
        name: of the backbone.
        store_folder: the store.
        workers: stages at once.
        display: shows the run, if there is one.
        allowed: what a person has allowed by name, of what the backbone needs.
        runner: where its stages run; what is made in containers is kept beside what is made here, not taken for it.

    Raises:
        UserError: there is no such spec, or it is trained on release files: what of them may be read depends on what a
            suite scores.
        EnvironmentFault: a stage failed; its reason is given.
    """
    catalog = Catalog()
    spec = catalog.backbone(name)
    # The smallest suite that needs the checkpoint; of its stages those that make it are all that runs.
    suite = SuiteSpec(
        name=f"backbone-{spec.name}",
        title=spec.title,
        description="the checkpoint of one backbone",
        backbones=(name,),
        recipes=("none",),
        targets=("mini-tatoeba",),
        training="mini",
    )
    resolved = resolve(suite, catalog, allowed)
    if data_files(resolved):
        raise UserError(
            f"it is trained on text of release files ({', '.join(data_files(resolved))}), less what a suite scores",
            where=f"backbone {name}",
            remedy=f"make it by 'codestilts run SUITE --only pretrain/{name}', and name its folder in the store",
        )
    store = Store(store_folder)
    around = surroundings(resolved, store.root, where=Where(bases=bases(runner)))
    plan = build_plan(resolved, around)
    (key,) = {stage.inputs["checkpoint"] for stage in plan.stages if stage.phase is Phase.RETRIEVE}
    if store.look(key).state is State.PRESENT:
        return store.folder(key)
    request = Request(suite=suite.name, store=store_folder, workers=workers, runner=runner)
    planned = Planned(resolved=resolved, plan=plan, around=around, data=None)
    selected = select(plan, {plan.by_key()[key].name})
    with walking(planned, store, display, request, set(), selected) as walked:
        ends = walked.ends
    failed = [end for end in ends.values() if end.outcome is Outcome.FAILED and end.failure is not None]
    if failed or store.look(key).state is not State.PRESENT:
        reason = failed[0].failure.reason if failed and failed[0].failure else "a stage did not run"
        raise EnvironmentFault(f"its checkpoint could not be made: {reason.rstrip('.')}", where=f"backbone {name}")
    return store.folder(key)


def folder_checkpoint(folder: Path, aside: Path) -> Path:
    """A checkpoint from a folder: one already, or a published model with ``config.json``, converted to ``aside``.

    Of a published model the embedding is the mean of the pieces, of a decoder its last piece, since nothing says
    otherwise.

    Raises:
        UserError: the folder is neither, what it holds cannot be used, or it brings code of its own, which nobody has
            allowed to be run.
    """
    if (folder / "backbone.json").is_file() and (folder / "encoder").is_dir():
        from harness.training.backbone import Backbone, read_json

        if Backbone.from_json(read_json(folder / "backbone.json")).remote_code:
            raise UserError(
                "this checkpoint brings Python code of its own, which would be run here",
                where=str(folder / "backbone.json"),
                remedy="such a backbone is used by its name alone, which stands for its spec, with --allow remote-code",
            )
        return folder
    if not (folder / "config.json").is_file():
        raise UserError(
            "neither a checkpoint (backbone.json, encoder/, tokenizer/) nor a published model (config.json)",
            where=str(folder),
            remedy="name such a folder, or a backbone that 'codestilts backbones list' shows",
        )
    from harness.phases import convert
    from harness.training.encoder import read_config

    config = read_config(folder)
    decoder = getattr(config, "is_decoder", False) or config.model_type.startswith(("qwen", "llama", "gpt"))
    spec = {
        "kind": "checkpoint",
        "name": folder.resolve().name,
        "architecture": config.model_type,
        "layers": config.num_hidden_layers,
        "hidden_size": config.hidden_size,
        "max_length": min(convert.positions(config) or 512, 512),
        "pooling": "last" if decoder else "mean",
    }
    aside.mkdir(parents=True)
    convert.run(
        StageContext(
            params={"backbone": spec}, inputs={"source": folder}, out=aside, progress=lambda _fraction, _note: None
        )
    )
    return aside
