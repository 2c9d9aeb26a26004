"""The digest of a context: changes with everything that a build can see, and with nothing else."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.sources.contexthash import ContextHasher, digest_of
from buildx_tasks.execution.sources.filehash import FileHashes

Change = Callable[[Path], object]

FILES = {
    "Dockerfile": "FROM scratch\nCOPY src /\n",
    "README.md": "about\n",
    "src/main.c": "int main;\n",
    "src/lib/one.c": "1\n",
    "src/lib/two.c": "2\n",
    "node_modules/x/index.js": "x\n",
    "docs/a.md": "a\n",
    "docs/keep.md": "keep\n",
}


@pytest.fixture
def context(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
    (root / "empty").mkdir(mode=0o755)
    (root / "link").symlink_to("src/main.c")
    return root


def digest(root: Path, sources: Sequence[str] | None = None, dockerfile: str = "Dockerfile") -> str:
    return digest_of(ContextHasher(FileHashes(None)).context(root, root / dockerfile, sources))


def _write(name: str, text: str = "changed\n") -> Change:
    return lambda root: (root / name).write_text(text)


def _relink(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("src/lib/one.c")


def _link_becomes_file(root: Path) -> None:
    (root / "link").unlink()
    shutil.copy(root / "src/main.c", root / "link")


def _swap(root: Path) -> None:
    one, two = root / "src/lib/one.c", root / "src/lib/two.c"
    one.rename(root / "t")
    two.rename(one)
    (root / "t").rename(two)


def _rename(root: Path) -> None:
    (root / "src/lib").rename(root / "src/bil")


def _fifo(root: Path) -> None:
    os.mkfifo(root / "src/pipe")


def _into_name(root: Path) -> None:
    """The end of a content moves into a name."""
    (root / "src/lib/one.c").rename(root / "src/lib/one.c1")
    (root / "src/lib/one.c1").write_text("\n")


SEEN: dict[str, Change] = {
    "content": _write("src/main.c"),
    "content of the same size": _write("src/main.c", "int niam;\n"),
    "nothing instead of content": _write("src/main.c", ""),
    "a new file": _write("src/new.c"),
    "a new empty file": lambda root: (root / "src/new.c").touch(),
    "a file gone": lambda root: (root / "src/lib/two.c").unlink(),
    "a file's mode": lambda root: (root / "src/main.c").chmod(0o755),
    "a folder's mode": lambda root: (root / "src/lib").chmod(0o700),
    "a new empty folder": lambda root: (root / "src/new").mkdir(),
    "a new link": lambda root: (root / "src/new").symlink_to("main.c"),
    "a renamed folder": _rename,
    "two files swapped": _swap,
    "a pipe": _fifo,
    "content into a name": _into_name,
    "a hidden file": _write("src/.hidden"),
}
WHOLE: dict[str, Change] = {
    "a link to another place": _relink,
    "a link becomes a file": _link_becomes_file,
    "an empty folder gone": lambda root: (root / "empty").rmdir(),
    "a file at the top": _write("README.md"),
    "the ignore file": _write(".dockerignore", "nothing\n"),
    "the context's own mode": lambda root: root.chmod(0o700),
}
UNSEEN: dict[str, Change] = {
    "an ignored file": _write("node_modules/x/index.js"),
    "a new ignored file": _write("node_modules/new.js"),
    "an ignored file's mode": lambda root: (root / "node_modules/x/index.js").chmod(0o755),
    "the times of a file": lambda root: os.utime(root / "src/main.c", (1, 1)),
    "the times of a folder": lambda root: os.utime(root / "src", (1, 1)),
    "an ignored file below one that is not": _write("docs/a.md"),
}


@pytest.mark.parametrize("name", [*SEEN, *WHOLE])
def test_what_a_build_sees_changes_the_digest_of_everything(context: Path, name: str) -> None:
    before = digest(context)
    (SEEN | WHOLE)[name](context)
    assert digest(context) != before


@pytest.mark.parametrize("name", SEEN)
def test_what_a_build_sees_changes_the_digest_of_its_sources(context: Path, name: str) -> None:
    before = digest(context, ["src"])
    SEEN[name](context)
    assert digest(context, ["src"]) != before


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_not_among_the_sources_does_not_count(context: Path, name: str) -> None:
    before = digest(context, ["src"])
    WHOLE[name](context)
    assert digest(context, ["src"]) == before


@pytest.mark.parametrize("ignore_file", [".dockerignore", "Dockerfile.dockerignore"])
@pytest.mark.parametrize("name", UNSEEN)
def test_what_is_ignored_does_not_count(context: Path, ignore_file: str, name: str) -> None:
    (context / ignore_file).write_text("node_modules\ndocs/*\n!docs/keep.md\n")
    before = digest(context)
    UNSEEN[name](context)
    assert digest(context) == before
    (context / "docs/keep.md").write_text("changed\n")
    assert digest(context) != before


def test_the_ignore_file_beside_the_dockerfile_is_the_only_one(context: Path) -> None:
    (context / ".dockerignore").write_text("src\n")
    (context / "Dockerfile.dockerignore").write_text("docs\n")
    before = digest(context)
    (context / "docs/a.md").write_text("ignored\n")
    assert digest(context) == before
    (context / "src/main.c").write_text("seen\n")
    assert digest(context) != before


def test_ignored_folders_are_not_walked(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (context / ".dockerignore").write_text("node_modules\n")
    walked: list[str] = []
    real = os.scandir

    def spy(path: str) -> object:
        walked.append(path)
        return real(path)

    monkeypatch.setattr(os, "scandir", spy)
    digest(context)
    assert not [path for path in walked if "node_modules" in path]
    assert len(walked) == 5


@pytest.mark.parametrize(
    ("sources", "change", "counts"),
    [
        (["*.md"], "README.md", True),
        (["*.md"], "docs/a.md", False),
        (["src/*"], "src/lib/one.c", True),
        (["src/lib/?ne.c"], "src/lib/one.c", True),
        (["src/lib/?ne.c"], "src/lib/two.c", False),
        (["Dockerfile", "docs"], "docs/a.md", True),
        (["."], "README.md", True),
        (["missing", "docs"], "src/main.c", False),
        ([], "src/main.c", False),
        (["link"], "src/main.c", True),
        (["link"], "docs/a.md", True),
    ],
)
def test_sources_are_paths_and_patterns(context: Path, sources: list[str], change: str, counts: bool) -> None:
    before = digest(context, sources)
    (context / change).write_text("changed\n")
    assert (digest(context, sources) != before) is counts


def test_a_link_on_the_way_to_a_source_may_lead_anywhere(context: Path) -> None:
    (context / "alias").symlink_to("src/lib")
    before = digest(context, ["alias/one.c"])
    (context / "src/lib/one.c").write_text("changed\n")
    assert digest(context, ["alias/one.c"]) != before


def test_a_new_match_of_a_pattern_counts(context: Path) -> None:
    before = digest(context, ["*.txt", "src"])
    (context / "new.txt").touch()
    assert digest(context, ["*.txt", "src"]) != before


def test_a_socket_is_left_out_as_builders_leave_it_out(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(context)
    monkeypatch.chdir(context)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert digest(context) == before


def test_equal_contexts_have_equal_digests_wherever_they_are(context: Path, tmp_path: Path) -> None:
    shutil.copytree(context, tmp_path / "copy", symlinks=True)
    assert digest(tmp_path / "copy") == digest(context)
    assert digest(tmp_path / "copy", ["src", "docs"]) == digest(context, ["docs", "src"])


def test_one_folder_is_walked_once(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = ContextHasher(FileHashes(None))
    first = hasher.context(context, context / "Dockerfile", None)
    monkeypatch.setattr(os, "scandir", None)
    assert hasher.context(context, context / "Dockerfile", None) == first


def test_an_ignore_file_that_docker_refuses_is_refused(context: Path) -> None:
    (context / ".dockerignore").write_text("[\n")
    with pytest.raises(CannotStart):
        digest(context)


class TestDockerfile:
    def test_one_that_can_not_be_understood_may_read_everything(self, context: Path) -> None:
        (context / "Dockerfile").write_text("FORM scratch\n")
        assert ContextHasher(FileHashes(None)).use(context / "Dockerfile").sources is None

    def test_its_bytes_count_also_through_a_link(self, context: Path, tmp_path: Path) -> None:
        (tmp_path / "there").symlink_to(context / "Dockerfile")
        hasher = ContextHasher(FileHashes(None))
        before = hasher.file(tmp_path / "there")
        (context / "Dockerfile").write_text("FROM scratch\nCOPY src / \n")
        assert hasher.file(tmp_path / "there") != before


def test_a_list_of_files_counts_what_is_not_there(context: Path) -> None:
    hasher = ContextHasher(FileHashes(None))
    files = ["src/main.c", str(context / "README.md"), "later"]
    before = hasher.listed(context, files)
    assert hasher.listed(context, list(reversed(files))) == before
    (context / "later").touch()
    assert hasher.listed(context, files) != before
