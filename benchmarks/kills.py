"""Kill a run's whole process group at random moments, again and again, and compare with an undisturbed run.

    python benchmarks/kills.py [--suite mini] [--kills 20] [--seed 1] [--reference STORE] [--data DIR]

Says how many stages were finished before each kill and checks that: no finished stage was ever run again, and every
prediction file has the SHA-256 it has in the undisturbed run. Exit status 1 if not.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from harness.store.ledger import read_events

sys.path.insert(0, str(Path(__file__).parent))
from predictions import command, compare, prediction_digests, run


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--suite", default="mini")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=60.0, help="seconds until a kill, at most")
    parser.add_argument("--reference", type=Path, help="store of an undisturbed run; made if not given")
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        reference = arguments.reference or Path(folder) / "undisturbed"
        run(arguments.suite, reference, arguments.data)
        disturbed = Path(folder) / "disturbed"
        draw = random.Random(arguments.seed)  # noqa: S311 - moments, not secrets
        for number in range(1, arguments.kills + 1):
            moment = draw.uniform(0.2, arguments.longest)
            ended = _run_and_kill(command(arguments.suite, disturbed, arguments.data), moment)
            print(f"kill {number:2} after {moment:5.1f} s: {_finished(disturbed)} stages finished", flush=True)
            if ended:
                print("the run was over before the kill; later kills hit a run with nothing left to do")
        run(arguments.suite, disturbed, arguments.data)
        differing = compare(prediction_digests(reference), prediction_digests(disturbed))
        again = [name for name, count in _done(disturbed).items() if count > 1]
        total = len(prediction_digests(reference))
        print(f"{total} prediction files, {len(differing)} differ; {len(again)} finished stages were run again")
        for name in [*differing, *again]:
            print(f"  {name}")
    return 1 if differing or again else 0


def _run_and_kill(arguments: list[str], moment: float) -> bool:
    """Start a run in a process group of its own, kill the group after a while; whether it had ended before."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + moment
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    ended = process.poll() is not None
    if not ended:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return ended


def _done(store: Path) -> Counter[str]:
    """How often each stage was run to its end, over all runs of a store."""
    counts: Counter[str] = Counter()
    for path in sorted((store / "runs").glob("*.jsonl")) if (store / "runs").is_dir() else []:
        for event in read_events(store, path.stem):
            if event["event"] == "ended" and event["outcome"] == "done" and not event["reason"].startswith("missing"):
                counts[event["stage"]] += 1
    return counts


def _finished(store: Path) -> int:
    return len(_done(store))


if __name__ == "__main__":
    sys.exit(main())
