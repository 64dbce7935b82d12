"""One backbone's checkpoint for tools outside a suite: by the name of its spec, or from a folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from harness.plan.checkpoint import Single, plan_checkpoint, tool_stage
from harness.plan.params import ConvertParams, PublishedBackbone
from harness.plan.stage import Phase, Plan
from harness.plan.suite import RunLocation
from harness.run.explain import selected_stages
from harness.run.session import Display, open_session
from harness.runners.base import RunnerName, RunnerRequest
from harness.runners.hosts import bases
from harness.store.artifacts import State, Store
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
        StageFailedError: a stage failed.
    """
    store = Store(store_folder)
    where = RunLocation(bases=bases(runner))
    single = plan_checkpoint(name, store=store.root, where=where, allowed=allowed)
    return ensure_checkpoint(single, store, workers, display, runner)


def ensure_checkpoint(
    single: Single, store: Store, workers: int, display: Display, runner: RunnerName = "local"
) -> Path:
    """The artifact that such a plan is for, from the store, or made there as in any run.

    Raises:
        StageFailedError: a stage failed.
    """
    plan, stage = single.planned.plan, single.checkpoint
    if store.look(stage.key).state is State.PRESENT:
        return store.folder(stage.key)
    keys = selected_stages(plan, [stage.name])
    needed = Plan(suite=plan.suite, stages=tuple(stage for stage in plan.stages if stage.key in keys), cells=())
    with open_session(store, display, RunnerRequest(runner=runner, workers=workers)) as session:
        session.require(needed)
    return store.folder(stage.key)


def folder_checkpoint(folder: Path, scratch: Path, display: Display) -> Path:
    """A checkpoint from a folder: one already, or a published model with ``config.json``, converted in ``scratch``.

    Of a published model the embedding is the mean of the pieces, of a decoder its last piece, since nothing says
    otherwise.

    Args:
        folder: of either.
        scratch: a folder that is not there yet, for a store.
        display: shows the conversion.

    Raises:
        UserError: the folder is neither, what it holds cannot be used, its configuration does not say whether it is a
            decoder, or it brings code of its own, which nobody has allowed to be run.
    """
    if (folder / "backbone.json").is_file() and (folder / "encoder").is_dir():
        from harness.specs.backbone import Backbone
        from harness.training.json_files import read_json

        if Backbone.read(read_json(folder / "backbone.json"), "backbone").remote_code:
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
    from harness.training.encoder import is_causal, read_config

    config = read_config(folder)
    backbone = PublishedBackbone(
        name=folder.resolve().name,
        architecture=config.model_type,
        layers=config.num_hidden_layers,
        hidden_size=config.hidden_size,
        max_length=min(convert.positions(config) or 512, 512),
        pooling="last" if is_causal(config) else "mean",
    )
    params = ConvertParams(backbone=backbone)
    stage = tool_stage(Phase.CONVERT, f"convert/{backbone.name}", params, folders={"source": folder})
    store = Store(scratch)
    with open_session(store, display, RunnerRequest()) as session:
        session.require(Plan(suite="checkpoint", stages=(stage,), cells=()))
    return store.folder(stage.key)


def readable_checkpoint(checkpoint: Path, scratch: Path) -> Path:
    """A checkpoint that whoever a container runs as can read: itself, or a copy where root kept its files to itself."""
    if os.getuid() != 0 or all(path.stat().st_mode & 0o004 for path in checkpoint.rglob("*")):
        return checkpoint
    shutil.copytree(checkpoint, scratch)
    for path in (scratch, *scratch.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return scratch
