"""Run a suite into two stores with different numbers of workers; every prediction file must have the same SHA-256.

python benchmarks/two_stores.py [--suite mini] [--first STORE] [--data DIR]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from predictions import compare, prediction_digests, run


def main() -> int:
    """Run both and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--suite", default="mini")
    parser.add_argument("--first", type=Path, help="a store with the suite run by two workers; made if not given")
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        first = arguments.first or Path(folder) / "two-workers"
        run(arguments.suite, first, arguments.data, ["--workers", "2"])
        second = Path(folder) / "one-worker"
        run(arguments.suite, second, arguments.data, ["--workers", "1"])
        left, right = prediction_digests(first), prediction_digests(second)
        differing = compare(left, right)
        print(f"{len(left)} prediction files by two workers, {len(right)} by one: {len(differing)} differ")
        for name in differing:
            print(f"  {name}")
    return 1 if differing or not left else 0


if __name__ == "__main__":
    sys.exit(main())
