"""Showing a run: a live view on a terminal, plain lines elsewhere. Always on standard error; data goes to output."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from harness.errors import Failure, Outcome, printable
from harness.plan.stage import Plan, Stage
from harness.run.explain import Decision, Reason
from harness.run.scheduler import StageResult

if TYPE_CHECKING:
    from rich.progress import TaskID

_LINE_EVERY = 10.0  # seconds between lines about a stage that is still running, where there is no terminal


class Estimate:
    """Time left: what remains to do, at the pace seen so far.

    Stages know their rough cost in seconds of one core; how long such a second takes here is learned as stages end.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._remaining: dict[str, float] = {}
        self._fractions: dict[str, float] = {}
        self._cost_done = 0.0
        self._seconds_done = 0.0

    def expect(self, costs: Mapping[str, float]) -> None:
        """Say which stages are to run, by key, and what they cost."""
        self._remaining |= costs

    def progressed(self, key: str, fraction: float) -> None:
        """A running stage is so far done."""
        self._fractions[key] = fraction

    def ended(self, key: str, seconds: float) -> None:
        """A stage ended; ``seconds`` is 0 if it did not run."""
        cost = self._remaining.pop(key, 0.0)
        self._fractions.pop(key, None)
        if seconds > 0:
            self._cost_done += cost
            self._seconds_done += seconds

    def seconds_left(self) -> float | None:
        """The estimate, or None while nothing has ended."""
        if self._cost_done <= 0:
            return None
        left = sum(cost * (1 - self._fractions.get(key, 0.0)) for key, cost in self._remaining.items())
        return left * (self._seconds_done / self._cost_done) / self._workers


class PlainDisplay:
    """One line per event; for logs, pipes and CI."""

    def __init__(self, workers: int, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._guard = threading.Lock()
        self._estimate = Estimate(workers)
        self._total = 0
        self._counts = dict.fromkeys(Outcome, 0)
        self._last: dict[str, float] = {}

    def say(self, text: str) -> None:
        """Show a sentence, without the control characters that words of a stage may hold."""
        with self._guard:
            self._stream.write(printable(text, lines=True) + "\n")
            self._stream.flush()

    def planned(self, plan: Plan, decisions: Mapping[str, Decision]) -> None:
        """A plan is about to be executed; of those after the first of a run nothing is said."""
        running = {stage.key: stage.cost for stage in plan.stages if decisions[stage.key].runs}
        self._estimate.expect(running)
        first, self._total = self._total == 0, self._total + len(plan.stages)
        if first:
            unselected = sum(decisions[stage.key].reason is Reason.NOT_SELECTED for stage in plan.stages)
            kept = self._total - len(running) - unselected
            rest = f", {unselected} not asked for" if unselected else ""
            self.say(f"{self._total} stages: {len(running)} to run, {kept} kept from before{rest}.")

    def begun(self, stage: Stage, decision: Decision) -> None:
        """A stage starts."""
        self._last[stage.key] = time.monotonic()
        self.say(f"  run    {stage.name} ({decision})")

    def progressed(self, stage: Stage, fraction: float, note: str) -> None:
        """A stage is so far done."""
        self._estimate.progressed(stage.key, fraction)
        if time.monotonic() - self._last.get(stage.key, 0.0) >= _LINE_EVERY:
            self._last[stage.key] = time.monotonic()
            self.say(f"         {stage.name} {fraction:.0%} {note}")

    def retried(self, stage: Stage, failure: Failure, wait: float) -> None:
        """The machine ended a stage, and it is started again."""
        self._estimate.progressed(stage.key, 0.0)
        self.say(f"  again  {stage.name} in {wait:.0f} s ({failure.kind}: {failure.reason})")

    def ended(self, stage: Stage, end: StageResult) -> None:
        """A stage ended, in whatever way."""
        self._counts[end.outcome] += 1
        self._estimate.ended(stage.key, end.seconds)
        if end.outcome in (Outcome.DONE, Outcome.FAILED):
            self.say(f"  {end.outcome:6} {stage.name} {end.seconds:.1f} s  [{self.status()}]")
        if end.outcome is Outcome.FAILED and end.failure is not None:
            self.say(f"         {end.failure.kind}: {end.failure.reason}")

    def close(self) -> None:
        """The run is over; another one may be shown."""
        self._total = 0
        self._counts = dict.fromkeys(Outcome, 0)

    def status(self) -> str:
        """Counts and time left, in a few words."""
        settled = sum(self._counts.values())
        parts = [f"{settled}/{self._total} stages"]
        parts += [f"{count} {outcome}" for outcome, count in self._counts.items() if count]
        left = self._estimate.seconds_left()
        if left is not None and settled < self._total:
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)


class LiveDisplay(PlainDisplay):
    """A terminal: finished stages scroll by, running ones stay at the foot with a bar each."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._overall: TaskID | None = None

    def say(self, text: str) -> None:
        self._console.print(printable(text, lines=True), markup=False, soft_wrap=True)

    def planned(self, plan: Plan, decisions: Mapping[str, Decision]) -> None:
        super().planned(plan, decisions)
        if self._overall is None:
            self._overall = self._bars.add_task("all stages", total=self._total, note="")
            self._bars.start()
        self._bars.update(self._overall, total=self._total)

    def begun(self, stage: Stage, decision: Decision) -> None:
        self._tasks[stage.key] = self._bars.add_task(f"  {stage.name}", total=1.0, note=str(decision))

    def progressed(self, stage: Stage, fraction: float, note: str) -> None:
        self._estimate.progressed(stage.key, fraction)
        if stage.key in self._tasks:
            self._bars.update(self._tasks[stage.key], completed=fraction, note=printable(note))

    def ended(self, stage: Stage, end: StageResult) -> None:
        super().ended(stage, end)
        bar = self._tasks.pop(stage.key, None)
        if bar is not None:
            self._bars.remove_task(bar)
        if self._overall is not None:
            self._bars.update(self._overall, completed=sum(self._counts.values()), note=self.status())

    def close(self) -> None:
        super().close()
        self._bars.stop()
        if self._overall is not None:
            self._bars.remove_task(self._overall)
            self._overall = None


def make_display(workers: int, *, quiet: bool = False) -> PlainDisplay:
    """The right display for where standard error goes; ``quiet`` forces plain lines."""
    return LiveDisplay(workers) if sys.stderr.isatty() and not quiet else PlainDisplay(workers)


def duration(seconds: float) -> str:
    """A time for people: ``45 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 90:  # noqa: PLR2004
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004
