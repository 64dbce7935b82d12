"""Pages written by several processes are those that one writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leaderboard.writer import in_order

_BUILD = """
import os, sys
from pathlib import Path
from leaderboard import site, writer
from leaderboard.writer import can_copy
assert can_copy()
seen = Path(sys.argv[3])
write = writer.Writer.write
def counted(self, page):
    (seen / str(os.getpid())).touch()
    return write(self, page)
writer.Writer.write = counted
for workers in (1, 3):
    out = Path(sys.argv[2]) / str(workers)
    site.build_site(Path(sys.argv[1]), out, site.Extras(workers=workers))
"""
_DIES = """
import os, signal
from leaderboard.writer import in_order
parent = os.getpid()
def job(place):
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return place
assert in_order(job, 5, 2) == [0, 1, 2, 3, 4]
"""


def python(code: str, *arguments: Path) -> None:
    """In a process of its own: this one may have threads, and is not copied then."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux alone")
def test_a_site_is_the_same_whoever_wrote_it(shared_results: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()

    python(_BUILD, shared_results, tmp_path, seen)

    one, several = ({path.name: path.read_bytes() for path in (tmp_path / workers).iterdir()} for workers in ("1", "3"))
    assert one == several
    assert len(list(seen.iterdir())) > 2, "the process itself, and copies of it"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux alone")
def test_work_of_a_copy_that_dies_is_done_here() -> None:
    python(_DIES)


def test_one_worker_is_this_process_and_tells_how_far_it_is() -> None:
    told: list[float] = []

    assert [os.getpid()] * 4 == in_order(lambda _: os.getpid(), 4, 1, told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux alone")
def test_an_error_of_a_copy_is_raised_here() -> None:
    python("""
from leaderboard.writer import in_order
from tasks.errors import UserError
def job(place):
    raise UserError("bad", where="here", remedy="mend it")
try:
    in_order(job, 3, 2)
except UserError as error:
    assert str(error) == "here: bad; mend it."
else:
    raise SystemExit("no error")
""")
