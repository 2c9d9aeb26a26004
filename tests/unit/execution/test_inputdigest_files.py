"""Source files found on disk, and the digest of them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.sources import inputdigest
from buildx_tasks.execution.sources.inputdigest import SourceScan, dockerfile_dependencies
from buildx_tasks.execution.sources.walk import find_paths
from buildx_tasks.golang.template import TemplateError
from buildx_tasks.model.command import Command, Completed, Write
from buildx_tasks.model.config import Artifact, CustomArtifact, CustomDependencies, Dependency, DockerArtifact

FILES = (".dot", "bar", "docker/bar", "docker/nginx.conf", "file", "server.go", "test.conf", "worker.go")
EVERYTHING = sorted((*FILES, "Dockerfile", "emptydir"))


def write(top: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        target = top / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return top


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "emptydir").mkdir()
    return write(tmp_path, dict.fromkeys(FILES, ""))


def without(*names: str) -> list[str]:
    return [name for name in EVERYTHING if name not in names]


COPY_ALL = "FROM nginx\nCOPY . /\n"
COPY_DIRECTORY = "FROM nginx\nADD . /etc/\nCOPY ./file /etc/file\n"
SOME = ["Dockerfile", "server.go", "worker.go"]


@pytest.mark.parametrize(
    ("dockerfile", "ignore", "expected"),
    [
        (COPY_ALL, None, EVERYTHING),
        (COPY_ALL, ".*", without(".dot")),
        (COPY_ALL, "/.*", without(".dot")),
        (COPY_ALL, "**\n!docker/**", ["Dockerfile", "docker/bar", "docker/nginx.conf"]),
        (COPY_ALL, "**\n!server.go", ["Dockerfile", "server.go"]),
        (COPY_ALL, "docker", without("docker/bar", "docker/nginx.conf")),
        (COPY_DIRECTORY, "emptydir\nbar\ndocker/*", without("emptydir", "bar", "docker/bar", "docker/nginx.conf")),
        ("FROM x\nCOPY docker /d\n", "docker", ["Dockerfile"]),
        ("FROM x\nCOPY docker /d\n", "docker\n!docker/bar", ["Dockerfile", "docker/bar"]),
        ("FROM x\nCOPY file /d\n", "file", ["Dockerfile"]),
        ("FROM x\nCOPY server.go .\n", "Dockerfile", ["Dockerfile", "server.go"]),
        ("FROM x\nCOPY server.go .\n", None, ["Dockerfile", "server.go"]),
        ("FROM x\nCOPY /server.go ./docker/../file .\n", None, ["Dockerfile", "file", "server.go"]),
        ("FROM x\nADD *.go /dst/\n", None, SOME),
        ("FROM x\nADD *.go *.none /dst/\n", None, SOME),
        ("FROM x\nADD [sw]*er.go /dst/\n", None, SOME),
        ("FROM x\nADD d*/*.conf ?ar /dst/\n", None, ["Dockerfile", "bar", "docker/nginx.conf"]),
        ("FROM x\nADD * /dst/\n", None, EVERYTHING),
        ("FROM x\nCOPY emptydir /dst/\n", None, ["Dockerfile", "emptydir"]),
        ("FROM x\nADD https://example.com/test /test\n", None, ["Dockerfile"]),
        ("FROM x\nENV foo bar\nCOPY $foo /quux\n", None, ["Dockerfile", "bar"]),
        ("FROM x\nCOPY worker.go .\nFROM y\nCOPY --from=0 /go ./\n", None, ["Dockerfile", "worker.go"]),
        ("FROM x\nCOPY worker.go .\nFROM y\nADD server.go .\n", None, SOME),
        ("FROM noimage:latest\nADD ./file /etc/file\n", None, ["Dockerfile", "file"]),
        ("ARG BASE\nFROM $BASE\nCOPY file .\n", None, ["Dockerfile", "file"]),
        ("FROM x\nCOPY $nothing /\n", None, EVERYTHING),
    ],
)
def test_dependencies(project: Path, dockerfile: str, ignore: str | None, expected: list[str]) -> None:
    write(project, {"Dockerfile": dockerfile} | ({".dockerignore": ignore} if ignore else {}))
    assert dockerfile_dependencies(".", "Dockerfile", {}, project) == expected
    assert dockerfile_dependencies(str(project), "Dockerfile", {}, project) == expected


def test_the_ignore_file_of_one_dockerfile(project: Path) -> None:
    ignore = {"Dockerfile.dockerignore": "emptydir\nbar\ndocker/*", ".dockerignore": "*"}
    write(project, {"Dockerfile": COPY_DIRECTORY, **ignore})
    found = dockerfile_dependencies(".", "Dockerfile", {}, project)
    assert found == sorted([*without("emptydir", "bar", "docker/bar", "docker/nginx.conf"), "Dockerfile.dockerignore"])


@pytest.mark.parametrize(
    ("args", "expected"),
    [({"FOO": "worker.go"}, "worker.go"), ({"FOO": None}, "server.go"), ({}, "server.go")],
)
def test_build_args(project: Path, args: dict[str, str | None], expected: str) -> None:
    write(project, {"Dockerfile": "FROM x\nARG FOO=server.go\nCOPY $FOO .\n"})
    assert dockerfile_dependencies(".", "Dockerfile", args, project) == ["Dockerfile", expected]


@pytest.mark.parametrize(
    ("dockerfile", "ignore", "reason"),
    [
        ("FROM x\nADD *.none /dst/\n", "", r"\*\.none must match at least one file"),
        ("FROM x\nADD nope /dst/\n", "", "nope must match at least one file"),
        ("FROM x\nADD [ /dst/\n", "", "syntax error in pattern"),
        ("FROM\nCOPY . /\n", "", r"Dockerfile:1: FROM needs an argument"),
        (COPY_ALL, "[", r"\.dockerignore:1: "),
    ],
)
def test_mistakes(project: Path, dockerfile: str, ignore: str, reason: str) -> None:
    write(project, {"Dockerfile": dockerfile, ".dockerignore": ignore})
    with pytest.raises(CannotStart, match=reason):
        dockerfile_dependencies(".", "Dockerfile", {}, project)


def test_no_dockerfile(project: Path) -> None:
    assert dockerfile_dependencies(".", "Dockerfile", {}, project) == ["Dockerfile"]


def test_a_dockerfile_elsewhere(project: Path) -> None:
    write(project, {"shared/Dockerfile": "FROM x\nCOPY bar /\n"})
    assert dockerfile_dependencies("docker", "shared/Dockerfile", {}, project) == ["bar", "shared/Dockerfile"]
    absolute = str(project / "shared/Dockerfile")
    assert dockerfile_dependencies("docker", absolute, {}, project) == sorted(["bar", absolute])


def test_links_are_files(project: Path) -> None:
    (project / "link").symlink_to("docker")
    (project / "broken").symlink_to("nowhere")
    write(project, {"Dockerfile": COPY_ALL})
    assert dockerfile_dependencies(".", "Dockerfile", {}, project) == sorted([*EVERYTHING, "link", "broken"])


def test_ignored_folders_are_not_entered(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[str] = []

    def listed(folder: Path) -> Iterator[os.DirEntry[str]]:
        entered.append(folder.name)
        return scandir(folder)

    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", listed)
    write(project, {"Dockerfile": COPY_ALL, ".dockerignore": "big", "big/deep/x": ""})
    assert dockerfile_dependencies(".", "Dockerfile", {}, project) == EVERYTHING
    assert "docker" in entered
    assert "big" not in entered


@pytest.mark.parametrize(
    ("pattern", "deep", "expected"),
    [
        (".", False, ["."]),
        ("bar", False, ["bar"]),
        ("nope", False, []),
        ("*ar", False, ["bar"]),
        ("*/bar", False, ["docker/bar"]),
        ("*/", False, ["bar", "docker", "emptydir", "file", "server.go", "test.conf", "worker.go", ".dot"]),
        ("**/bar", False, ["docker/bar"]),
        ("**/bar", True, ["bar", "docker/bar"]),
        ("**", True, ["."]),
        ("docker/**", True, ["docker"]),
        ("**/*.conf", True, ["docker/nginx.conf", "test.conf"]),
        ("./docker/../*.go", True, ["server.go", "worker.go"]),
    ],
)
def test_patterns(project: Path, pattern: str, deep: bool, expected: list[str]) -> None:
    assert sorted(find_paths(project, pattern, deep=deep)) == sorted(expected)


@pytest.mark.timeout(20)
def test_a_doubled_star_visits_each_folder_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.joinpath(*["a"] * 60).mkdir(parents=True)
    visited: list[Path] = []
    scandir = os.scandir

    def counted(folder: Path) -> object:
        visited.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", counted)
    found = find_paths(tmp_path, "**/a/" * 12 + "**/*", deep=True)
    assert sorted(found) == ["/".join(["a"] * count) for count in range(13, 61)]
    assert len(visited) <= 14 * 2 * 61


@pytest.mark.timeout(20)
def test_many_stars_in_a_name_do_not_stall(tmp_path: Path) -> None:
    (tmp_path / ("a" * 200)).touch()
    assert find_paths(tmp_path, "*a" * 15 + "b") == []


class Runner:
    """Answers commands from a table of outputs by argv; anything else fails."""

    def __init__(self, **outputs: str) -> None:
        self.outputs = outputs
        self.commands: list[Command] = []

    def capture(self, command: Command) -> Completed:
        self.commands.append(command)
        name = command.argv[0]
        return Completed(command=command, code=0 if name in self.outputs else 3, stdout=self.outputs.get(name, ""))

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        raise NotImplementedError

    def stop(self) -> None:
        pass


def scan(top: Path, *artifacts: Artifact, **outputs: str) -> SourceScan:
    def expand(text: str) -> str:
        if "{{" in text:
            raise TemplateError(text, 0, "unclosed action")
        return text

    return SourceScan(artifacts={one.image: one for one in artifacts}, cwd=top, expand=expand, runner=Runner(**outputs))


def expected_digest(*files: tuple[str, str]) -> str:
    parts = [hashlib.md5(f"{name}{text}".encode()).hexdigest() for name, text in files]
    return hashlib.sha256((json.dumps(parts, separators=(",", ":")) + "\n").encode()).hexdigest()


def docker(image: str = "app", context: str = ".", dockerfile: str = "Dockerfile", **more: object) -> Artifact:
    return Artifact(image=image, context=context, docker=DockerArtifact(dockerfile=dockerfile, **more))  # type: ignore[arg-type]


def custom(**dependencies: object) -> Artifact:
    wanted = CustomDependencies(**dependencies)  # type: ignore[arg-type]
    return Artifact(image="tool", kind="custom", context="app", custom=CustomArtifact(dependencies=wanted))


DOCKERFILE = "FROM x\nCOPY main.go /\n"


def test_a_context_at_the_root_counts_its_dockerfile_twice(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": DOCKERFILE, "main.go": "m"})
    answer = scan(tmp_path).input_digest(docker())
    assert answer.text == expected_digest(("Dockerfile", DOCKERFILE), ("Dockerfile", DOCKERFILE), ("main.go", "m"))


def test_a_context_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, {"app/Dockerfile": DOCKERFILE, "app/main.go": "m"})
    answer = scan(tmp_path).input_digest(docker(context="app"))
    assert answer.text == expected_digest(("Dockerfile", DOCKERFILE), ("main.go", "m"))


def test_a_dockerfile_in_both_folders(tmp_path: Path) -> None:
    write(tmp_path, {"app/Dockerfile": DOCKERFILE, "app/main.go": "m", "Dockerfile": "other"})
    answer = scan(tmp_path).input_digest(docker(context="app"))
    assert answer.text == expected_digest(("../Dockerfile", "other"), ("Dockerfile", DOCKERFILE), ("main.go", "m"))


def test_an_absolute_context(tmp_path: Path) -> None:
    write(tmp_path, {"app/Dockerfile": DOCKERFILE, "app/main.go": "m", "Dockerfile": "other"})
    answer = scan(tmp_path).input_digest(docker(context=str(tmp_path / "app")))
    assert answer.text == expected_digest(("Dockerfile", DOCKERFILE), ("main.go", "m"), ("Dockerfile", "other"))


def test_a_shared_dockerfile(tmp_path: Path) -> None:
    write(tmp_path, {"app/main.go": "m", "Dockerfile": DOCKERFILE})
    answer = scan(tmp_path).input_digest(docker(context="app"))
    assert answer.text == expected_digest(("../Dockerfile", DOCKERFILE), ("main.go", "m"))


def test_the_same_files_in_two_contexts(tmp_path: Path) -> None:
    write(
        tmp_path,
        {f"{name}/{file}": text for name in "ab" for file, text in (("Dockerfile", DOCKERFILE), ("main.go", "m"))},
    )
    both = [scan(tmp_path).input_digest(docker(context=name)).text for name in "ab"]
    assert both[0] == both[1]
    write(tmp_path, {"b/main.go": "changed"})
    assert scan(tmp_path).input_digest(docker(context="b")).text != both[0]


def test_links_and_folders_count_by_name(tmp_path: Path) -> None:
    write(tmp_path, {"app/Dockerfile": "FROM x\nCOPY . /\n"})
    (tmp_path / "app/empty").mkdir()
    (tmp_path / "app/link").symlink_to("Dockerfile")
    answer = scan(tmp_path).input_digest(docker(context="app"))
    assert answer.text == expected_digest(("Dockerfile", "FROM x\nCOPY . /\n"), ("empty", ""), ("link", ""))


def test_required_images_count(tmp_path: Path) -> None:
    own = "ARG BASE\nFROM $BASE\nCOPY main.go /\n"
    write(
        tmp_path,
        {"app/Dockerfile": own, "app/main.go": "m", "base/Dockerfile": "FROM x\nCOPY lib /\n", "base/lib": "l"},
    )
    base = docker("base", "base")
    app = Artifact(image="app", context="app", requires=(Dependency(image="base", alias="BASE"),))
    found = scan(tmp_path, base, app)
    assert found.input_digest(app).text == expected_digest(
        ("Dockerfile", own), ("main.go", "m"), ("../base/Dockerfile", "FROM x\nCOPY lib /\n"), ("../base/lib", "l")
    )
    assert found.input_digest(base).text == expected_digest(("Dockerfile", "FROM x\nCOPY lib /\n"), ("lib", "l"))


def test_required_images_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path, {"a/Dockerfile": "FROM x", "b/Dockerfile": "FROM x"})
    one = Artifact(image="a", context="a", requires=(Dependency(image="b", alias="B"),))
    two = Artifact(image="b", context="b", requires=(Dependency(image="a", alias="A"),))
    assert scan(tmp_path, one, two).input_digest(one).text == expected_digest(
        ("Dockerfile", "FROM x"), ("../b/Dockerfile", "FROM x")
    )


@pytest.mark.parametrize(
    ("wanted", "files"),
    [
        ({}, (("a.go", "a"), ("sub/b.go", "b"), ("sub/c.txt", "c"))),
        ({"paths": ("**/*.go",)}, (("a.go", "a"), ("sub/b.go", "b"))),
        ({"paths": ("sub/**",)}, (("sub/b.go", "b"), ("sub/c.txt", "c"))),
        ({"paths": (".",), "ignore": ("**/*.txt", "a.go")}, (("sub/b.go", "b"),)),
        ({"paths": ("*.go", "a.go")}, (("a.go", "a"),)),
        ({"command": "list --json"}, (("a.go", "a"), ("sub/b.go", "b"))),
    ],
)
def test_custom_artifacts(tmp_path: Path, wanted: dict[str, object], files: tuple[tuple[str, str], ...]) -> None:
    write(tmp_path, {"app/a.go": "a", "app/sub/b.go": "b", "app/sub/c.txt": "c"})
    found = scan(tmp_path, list='["sub/b.go", "a.go"]')
    assert found.input_digest(custom(**wanted)).text == expected_digest(*files)
    commands = found.runner.commands  # type: ignore[union-attr]
    assert commands == ([Command(argv=("list", "--json"), cwd=str(tmp_path / "app"))] if "command" in wanted else [])


def test_a_custom_artifact_with_a_dockerfile(tmp_path: Path) -> None:
    text = "FROM x\nARG F\nCOPY $F /\n"
    write(tmp_path, {"app/Dockerfile": text, "app/a.go": "a", "Dockerfile": "other"})
    answer = scan(tmp_path).input_digest(custom(dockerfile="Dockerfile", build_args=(("F", "a.go"),)))
    assert answer.text == expected_digest(("../Dockerfile", "other"), ("Dockerfile", text), ("a.go", "a"))


@pytest.mark.parametrize(
    ("artifact", "reason"),
    [
        (docker(), "No such file"),
        (docker(context="app", dockerfile="Broken"), "Broken:1: unknown instruction MAGIC"),
        (docker(context="app", build_args=(("A", "{{"),)), "unclosed action"),
        (custom(paths=("*.none",)), r"pattern '\*.none' did not match any file"),
        (custom(command="nope"), "nope: exit status 3"),
        (custom(command="object"), "object: its output is not a JSON array of paths"),
        (custom(command="text"), "text: its output is not a JSON array of paths"),
        (Artifact(image="app", kind="jib"), "the source files of jib artifacts are not known"),
    ],
)
def test_no_digest(tmp_path: Path, artifact: Artifact, reason: str) -> None:
    write(tmp_path, {"app/Dockerfile": "FROM x", "app/Broken": "MAGIC"})
    answer = scan(tmp_path, object='{"a": 1}', text="hello").input_digest(artifact)
    assert not answer.text
    assert answer.error.startswith(f"inputDigest of {artifact.image!r}: ")
    assert reason.replace("\\", "") in answer.error


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    write(tmp_path, {"app/Dockerfile": "FROM x\nCOPY . /\n"})
    monkeypatch.setattr(inputdigest, "_content", refuse)
    assert "app/Dockerfile: Permission denied" in scan(tmp_path).input_digest(docker(context="app")).error


def test_names_that_no_file_can_have(project: Path) -> None:
    for name in ("x" * 5000, "a\0b"):
        write(project, {"Dockerfile": f"FROM x\nCOPY {name} /\n"})
        assert "must match at least one file" in scan(project).input_digest(docker()).error
