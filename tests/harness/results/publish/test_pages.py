"""``codestilts site publish`` and ``site serve``, on a bare repository and on the loopback address."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import EnvironmentFault
from harness.results.publish import pages
from harness.results.publish.git import Repository
from harness.results.publish.pages import server
from leaderboard.site import build_site
from tests.harness.results.conftest import Call, Made

ALLOW = "--allow-miniature"


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(autouse=True)
def nobodys_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    configuration = tmp_path / "gitconfig"
    configuration.write_text("[init]\n defaultBranch = main\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    folder = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(folder)], check=True)
    return folder


@pytest.fixture
def checkout(tmp_path: Path, remote: Path) -> Path:
    """A checkout in the middle of work: something staged, something changed, something new, line endings to mend."""
    folder = tmp_path / "checkout"
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    for name, value in (("user.name", "Someone"), ("user.email", "s@example.org"), ("core.autocrlf", "true")):
        git(folder, "config", name, value)
    (folder / "code.py").write_text("1\n", encoding="utf-8")
    (folder / ".gitignore").write_text("*.html\nsite\n", encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    git(folder, "remote", "add", "origin", str(remote))
    git(folder, "push", "--quiet", "origin", "main")
    (folder / "code.py").write_text("2\n", encoding="utf-8")
    git(folder, "add", "code.py")
    (folder / "code.py").write_text("3\n", encoding="utf-8")
    (folder / "new.txt").write_text("new\r\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def built(original: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "site"
    build_site(original.results, out)
    return out


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path / "site")
    return tmp_path / "site"


def everything(folder: Path) -> dict[str, bytes]:
    """The files of a checkout, its index, branches and configuration; objects, and what is noted of remotes, apart."""
    apart = {"objects", "remotes"}
    found = [path for path in folder.rglob("*") if path.is_file() and not apart & {*path.relative_to(folder).parts}]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def publish(call: Call, site: Path, checkout: Path, *more: str) -> tuple[int, str, str]:
    return call("site", "publish", "--site", site, "--repository", checkout, *more)


def test_a_site_goes_to_the_branch_byte_for_byte_and_the_checkout_stays(
    call: Call, site: Path, checkout: Path, remote: Path, tmp_path: Path
) -> None:
    before = everything(checkout)
    code, out, err = publish(call, site, checkout, ALLOW, "--json")
    assert (0, "") == (code, err)
    report = json.loads(out)
    assert before == everything(checkout)
    assert report["commit"] == git(remote, "rev-parse", "gh-pages")
    assert "1" == git(remote, "rev-list", "--count", "gh-pages")
    git(tmp_path, "-c", "core.autocrlf=false", "clone", "--quiet", "--branch", "gh-pages", str(remote), "pages")
    there = {path.name: path.read_bytes() for path in (tmp_path / "pages").iterdir() if path.is_file()}
    assert b"" == there.pop(".nojekyll")
    assert {path.name: path.read_bytes() for path in site.iterdir()} == there
    assert "Board tiny: 4 rows, 20 results" == git(remote, "log", "-1", "--format=%s", "gh-pages")


def test_nothing_changed_makes_no_commit_and_a_change_makes_one(
    call: Call, site: Path, checkout: Path, remote: Path
) -> None:
    publish(call, site, checkout, ALLOW)
    first = git(remote, "rev-parse", "gh-pages")
    code, out, _ = publish(call, site, checkout, ALLOW)
    assert (0, first) == (code, git(remote, "rev-parse", "gh-pages"))
    assert out.startswith("Nothing changed on gh-pages")
    page = site / "index.html"
    page.write_text(page.read_text(encoding="utf-8") + "<!-- -->\n", encoding="utf-8")
    code, out, _ = publish(call, site, checkout, ALLOW, "--dry-run")
    assert (0, first) == (code, git(remote, "rev-parse", "gh-pages"))
    assert out.startswith("1 file would change on ")
    assert 0 == publish(call, site, checkout, ALLOW)[0]
    assert first == git(remote, "rev-parse", "gh-pages~1")
    assert "index.html" == git(remote, "diff", "--name-only", "gh-pages~1", "gh-pages")


def test_a_file_that_is_gone_goes_and_the_name_of_the_host_stays(
    call: Call, site: Path, checkout: Path, remote: Path, tmp_path: Path
) -> None:
    publish(call, site, checkout, ALLOW)
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", "--branch", "gh-pages", str(remote), str(work))
    (work / "CNAME").write_text("board.example.org\n", encoding="utf-8")
    (work / "stale.html").write_text("old", encoding="utf-8")
    git(work, "add", "-f", ".")
    git(work, "-c", "user.name=S", "-c", "user.email=s@example.org", "commit", "--quiet", "-m", "CNAME")
    git(work, "push", "--quiet")
    assert 0 == publish(call, site, checkout, ALLOW)[0]
    names = git(remote, "ls-tree", "--name-only", "gh-pages").split("\n")
    assert "CNAME" in names
    assert "stale.html" not in names


def test_a_board_that_is_not_for_the_public_is_refused(call: Call, site: Path, checkout: Path, remote: Path) -> None:
    scores = json.loads((site / "scores.json").read_text(encoding="utf-8"))
    scores["suite"]["name"] = "tiny-smoke"
    scores["gaps"] = [{}, {}]
    (site / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    code, _, err = publish(call, site, checkout)
    assert 2 == code
    for said in (
        "2 of its cells have no result",
        "generated data",
        "a smoke run",
        "say --allow-incomplete --allow-placeholder --allow-miniature",
    ):
        assert said in err
    assert 2 == publish(call, site, checkout, "--allow-incomplete", "--allow-miniature")[0]
    assert "" == git(remote, "branch", "--list", "gh-pages")
    assert 0 == publish(call, site, checkout, "--allow-incomplete", "--allow-placeholder", ALLOW)[0]


def test_a_branch_that_holds_something_else_is_left_alone(call: Call, site: Path, checkout: Path, remote: Path) -> None:
    before = git(remote, "rev-parse", "main")
    code, _, err = publish(call, site, checkout, ALLOW, "--branch", "main")
    assert 2 == code
    assert "branch 'main' holds something other than a site" in err
    assert before == git(remote, "rev-parse", "main")


def test_a_branch_with_a_readme_alone_is_no_empty_one(call: Call, site: Path, checkout: Path, remote: Path) -> None:
    """A repository just begun: its main branch has nothing else yet, and a wrong --branch would replace it."""
    git(checkout, "checkout", "--quiet", "--force", "--orphan", "young")
    git(checkout, "rm", "--quiet", "-r", "--cached", ".")
    (checkout / "README.md").write_text("begun\n", encoding="utf-8")
    git(checkout, "add", "README.md")
    git(checkout, "commit", "--quiet", "-m", "begun")
    git(checkout, "push", "--quiet", "origin", "young")
    before = git(remote, "rev-parse", "young")
    code, _, err = publish(call, site, checkout, ALLOW, "--branch", "young")
    assert 2 == code
    assert "branch 'young' holds something other than a site of codestilts (README.md)" in err
    assert before == git(remote, "rev-parse", "young")


def test_a_push_in_between_is_one_sentence(
    site: Path, checkout: Path, remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(site, tmp_path / "other")
    (tmp_path / "other" / "style.css").write_text("other", encoding="utf-8")
    commit = Repository.commit

    def late(self: Repository, tree: str, parent: str | None, message: str) -> str:
        monkeypatch.setattr(Repository, "commit", commit)
        pages.publish(
            tmp_path / "other", Repository(checkout), remote="origin", branch="gh-pages", allowed=["miniature"]
        )
        return commit(self, tree, parent, message)

    for _ in range(2):  # onto a new branch, and onto one that is there
        monkeypatch.setattr(Repository, "commit", late)
        with pytest.raises(EnvironmentFault, match="moved on while this was under way, and nothing was pushed"):
            pages.publish(site, Repository(checkout), remote="origin", branch="gh-pages", allowed=["miniature"])
        assert "other" == git(remote, "show", "gh-pages:style.css")
        (tmp_path / "other" / "style.css").write_text("other", encoding="utf-8")
        pages.publish(site, Repository(checkout), remote="origin", branch="gh-pages", allowed=["miniature"])
        (site / "index.html").write_text("changed", encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--remote", "upstream"), 2, "there is no remote 'upstream'; it has origin"),
        (("--remote", "./nowhere.git"), 3, "the remote cannot be read"),
        (("--branch", "a..b"), 2, "'a..b' cannot be a branch"),
        (("--branch=-x",), 2, "'-x' cannot be a branch"),
        (("--repository", "/"), 2, "it is in no git repository"),
    ],
)
def test_bad_places_are_one_sentence(
    call: Call, site: Path, checkout: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    found, _, err = call("site", "publish", "--site", site, "--repository", checkout, ALLOW, *arguments)
    assert code == found
    assert said in err
    assert 1 == len(err.splitlines())


def test_who_commits_must_be_known(call: Call, site: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(checkout, "config", "--unset", "user.email")
    git(checkout, "config", "user.useConfigOnly", "true")
    code, _, err = publish(call, site, checkout, ALLOW)
    assert 2 == code
    assert "git config user.email ADDRESS" in err


def test_what_is_no_whole_site_is_not_published(call: Call, site: Path, checkout: Path, tmp_path: Path) -> None:
    assert "it is no site built by codestilts" in publish(call, tmp_path, checkout)[2]
    (site / "style.css").unlink()
    code, _, err = publish(call, site, checkout, ALLOW)
    assert 2 == code
    assert "style.css: a file of the site is missing" in err


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    with server(site, "127.0.0.1", 0) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()
        thread.join()


def test_a_site_is_served_and_nothing_beside_it(address: str, site: Path) -> None:
    (site.parent / "secret").write_text("x", encoding="utf-8")
    with urllib.request.urlopen(f"{address}/") as answer:
        assert (site / "index.html").read_bytes() == answer.read()
        assert "no-store" == answer.headers["Cache-Control"]
    for path in ("/../secret", "/%2e%2e/secret", "//etc/passwd"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(address + path)


def test_a_port_that_is_taken_is_one_sentence(address: str, site: Path, call: Call) -> None:
    code, _, err = call("site", "serve", "--site", site, "--port", address.rpartition(":")[2])
    assert 3 == code
    assert "something listens there already" in err
