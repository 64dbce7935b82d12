"""The tables of a board's pages as files, without the pages: the very files that lie beside each table there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from harness.errors import UnknownNameError
from leaderboard.site import build_site
from tasks.errors import UserError

#: Suffix of the files, by form.
SUFFIX: dict[Literal["csv", "latex"], str] = {"csv": ".csv", "latex": ".tex"}


def write_tables(results: Path, form: Literal["csv", "latex"], names: Sequence[str], out: Path) -> list[Path]:
    """Write tables of a results folder; the files written, sorted.

    Args:
        results: the folder.
        form: of the files.
        names: of the tables; all if there are none.
        out: folder for the files; what else is in it stays.

    Raises:
        UserError: the results are not in order, or a name is no table's.
    """
    with tempfile.TemporaryDirectory(prefix="codestilts-tables-") as scratch:
        site = Path(scratch) / "site"
        build_site(results, site)
        made = {path.stem: path for path in sorted(site.glob(f"*{SUFFIX[form]}"))}
        for name in names:
            if name not in made:
                raise UnknownNameError("table", name, made, where="--table")
        if out.exists() and not out.is_dir():
            raise UserError("it is a file", where=str(out), remedy="name a folder with --out")
        out.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copyfile(made[name], out / made[name].name)) for name in names or made]
