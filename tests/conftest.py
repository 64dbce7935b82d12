"""What a test needs of the machine: looked for once, skipped with the reason, and listed at the end of the run.

A test marked ``docker``, ``images``, ``gpu``, ``data``, ``network`` or ``browser`` is skipped where ``codestilts
doctor`` finds that thing not usable, one marked ``mini`` where no finished suite ``mini`` of this very code is found,
one marked ``node`` or ``latex`` where the tools are not there that pages and exported tables are judged with.
``CODESTILTS_REQUIRE=data,browser`` turns such a skip into a failure: set it where the thing must be there, as .ci/run
does.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from harness import provenance
from harness.cli import doctor
from harness.data.release import DATA_VARIABLE
from harness.plan.suite import plan_suite
from tests.hub_server import HubServer

# Before anything imports torch or a tokenizer: results must not depend on the machine's cores, nor on a hub.
for _name, _value in {
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}.items():
    os.environ.setdefault(_name, _value)

REQUIRE_VARIABLE = "CODESTILTS_REQUIRE"
NAMED_DATA = os.environ.pop(DATA_VARIABLE, None)  # what a test reads of it, it gets through the fixture alone
SHARED_DATA = Path(NAMED_DATA) if NAMED_DATA else Path(__file__).resolve().parents[2] / "shared" / "data"

#: Results of the suite ``mini``: the folder that this names, or where ``make benchmark`` leaves them.
MINI_RESULTS = Path(
    os.environ.get("CODESTILTS_MINI_RESULTS") or Path(__file__).resolve().parents[1] / "store" / "results" / "mini"
)


def check_mini() -> doctor.Finding:
    """Is there a finished suite ``mini`` whose stages are the ones that this code would run?"""
    stages = MINI_RESULTS / "stages.json"
    if not stages.is_file():
        return doctor.Finding(name="mini", status="missing", detail="no results of mini; run `make benchmark` first")
    made = json.loads(stages.read_text(encoding="utf-8"))["stages"].keys()
    wanted = {cell.score for cell in plan_suite("mini", data_dir=None).plan.cells}
    if not wanted <= made:
        detail = "the results of mini are another code's, or unfinished; run `make benchmark` first"
        return doctor.Finding(name="mini", status="missing", detail=detail)
    return doctor.Finding(name="mini", status="ok", detail=str(MINI_RESULTS))


#: The npm packages that pages are judged with, pinned by the lock file beside them.
NODE_PACKAGES = Path(__file__).resolve().parent / "browser"


def check_node() -> doctor.Finding:
    """Are Node.js and the locked packages there?"""
    if shutil.which("node") is None:
        return doctor.Finding(name="node", status="missing", detail="no Node.js found")
    if not (NODE_PACKAGES / "node_modules" / "axe-core").is_dir():
        return doctor.Finding(name="node", status="missing", detail="run `npm ci --prefix tests/browser` first")
    return doctor.Finding(name="node", status="ok", detail=str(NODE_PACKAGES))


def check_latex() -> doctor.Finding:
    """Are pdfLaTeX and booktabs there?"""
    finder = shutil.which("kpsewhich")
    if shutil.which("pdflatex") is None or finder is None:
        return doctor.Finding(name="latex", status="missing", detail="no pdflatex found")
    if not provenance.output_of([finder, "booktabs.sty"], 20.0)[1].strip():
        return doctor.Finding(name="latex", status="missing", detail="pdflatex without booktabs.sty")
    return doctor.Finding(name="latex", status="ok", detail=str(finder))


CHECKS: dict[str, Callable[[], doctor.Finding]] = {
    "docker": doctor.check_docker,
    "gpu": lambda: doctor.check_gpu(provenance.installed()),
    "data": lambda: doctor.check_data(SHARED_DATA),
    "network": doctor.check_network,
    "browser": doctor.check_browser,
    "mini": check_mini,
    "node": check_node,
    "latex": check_latex,
    "images": doctor.check_images,
}


@cache
def finding(need: str) -> doctor.Finding:
    """What the doctor says of one thing; asked only when a selected test needs it."""
    return CHECKS[need]()


@cache
def required() -> frozenset[str]:
    """What must be usable, by the environment's word."""
    names = frozenset(name.strip() for name in os.environ.get(REQUIRE_VARIABLE, "").split(",")) - {""}
    if unknown := names - CHECKS.keys():
        raise pytest.UsageError(f"{REQUIRE_VARIABLE} names {', '.join(sorted(unknown))}; known: {', '.join(CHECKS)}")
    return names


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a misspelt requirement at once: it would require nothing."""
    required()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run, or fail where it was required."""
    for need in CHECKS:
        if item.get_closest_marker(need) and finding(need).status != "ok":
            reason = f"{need}: {finding(need).detail}"
            if need in required():
                pytest.fail(f"{reason} ({REQUIRE_VARIABLE} says it must be usable)", pytrace=False)
            pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what was not run, and why."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports)
    if reasons:
        terminalreporter.section("not run on this machine")
        for reason, count in sorted(reasons.items()):
            terminalreporter.write_line(f"{count} test{'s' if count > 1 else ''}: {reason}")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of original release files: ``CODESTILTS_DATA``, or ``../shared/data`` beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"data: no such folder: {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def mini_results() -> Path:
    """Results of a finished suite ``mini``; for tests that are marked so."""
    return MINI_RESULTS


@pytest.fixture(scope="session")
def browser() -> Path:
    """The browser that pages are looked at with."""
    found = provenance.browser()
    if found is None:
        pytest.skip("browser: no Chromium or Chrome found")
    return found


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub on loopback that the environment names; no test reaches another one. Nobody waits between two tries."""
    import huggingface_hub.constants
    import huggingface_hub.utils

    from harness.data.hub import patience

    server = HubServer()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(patience, "sleep", server.waits.append)
    yield server
    huggingface_hub.utils.close_session()
    server.close()
