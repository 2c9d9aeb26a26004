"""Paths and values that docker or the system would not take as they stand: each ends in an error that names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from recording import Here, Project, make_project

LONG = "l" * 300
"""A name that no file can have: most file systems stop at 255 bytes."""

BIG = "b" * 3_000_000
"""More than one argument can have, whatever the size of a page."""


def project(folder: Path, *, block: dict[str, Any] | None = None, build: str = "", **artifact: Any) -> Project:
    entry = json.dumps({"image": "app", "context": "app", **artifact})
    ours = json.dumps({"artifacts": {"app": block or {}}})
    text = f"build:\n  artifacts: [{entry}]\n{build}.buildx: {ours}\n"
    return make_project(folder, f"apiVersion: skaffold/v4beta14\nkind: Config\n{text}")


def test_paths_that_begin_with_a_dash_are_no_flags(here: Here, tmp_path: Path) -> None:
    found = project(
        tmp_path,
        context="-ctx",
        docker={"dockerfile": "-Dockerfile", "secrets": [{"id": "a", "src": "-secret"}], "buildArgs": {"A": "-a"}},
        block={"buildContexts": {"more": "-more"}, "outputs": ["type=oci,dest=-out.tar"]},
    )
    for name in ("-ctx/-Dockerfile", "-secret", "-more/file"):
        found.write(name, "FROM scratch\n")
    assert here.invoke(found, "buildx.build").code == 0
    argv = found.docker.builds[0]["argv"]
    assert argv[2] == "./-ctx"
    assert argv[argv.index("--file") + 1] == str(found.folder / "-ctx/-Dockerfile")
    assert argv[argv.index("--secret") + 1] == "id=a,src=./-secret"
    assert argv[argv.index("--build-context") + 1] == "more=./-more"
    assert argv[argv.index("--output") + 1] == "type=oci,dest=./-out.tar"


def test_plain_docker_gets_such_a_context_too(here: Here, tmp_path: Path) -> None:
    found = project(tmp_path, context="-")
    found.write("-/Dockerfile", "FROM scratch\n")
    found.docker.without_buildx()
    assert here.invoke(found, "buildx.build").code == 0
    assert found.docker.builds[0]["argv"][:2] == ["build", "./-"]


@pytest.mark.parametrize(
    ("words", "config", "said"),
    [
        (["--builder=-x"], {}, "builder in flag can't begin with a dash: '-x'"),
        ([], {"docker": {"cacheFrom": ["-x"]}}, "cache entry '-x' is neither a reference nor attributes"),
    ],
)
def test_names_that_begin_with_a_dash_are_refused(
    here: Here, tmp_path: Path, words: list[str], config: dict[str, Any], said: str
) -> None:
    done = here.invoke(project(tmp_path, **config), "buildx.build", *words)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize(
    ("config", "code", "said"),
    [
        ({"context": LONG}, 2, f"context '{LONG}' does not exist"),
        ({"docker": {"dockerfile": LONG}}, 2, f"/{LONG}"),
        ({"docker": {"secrets": [{"id": "a", "src": LONG}]}}, 2, f"secret a: there is no file {LONG}"),
        ({"docker": {"secrets": [{"id": LONG}]}}, 2, f"neither a variable nor a file is named {LONG}"),
        ({"docker": {"ssh": f"a={LONG}"}}, 2, f"ssh a: there is no file {LONG}"),
        ({"block": {"buildContexts": {"a": LONG}}}, 2, f"build context 'a': there is no folder {LONG}"),
        ({"hooks": {"before": [{"command": ["true"], "dir": LONG}]}}, 1, f"/{LONG} does not exist"),
        ({"custom": {"buildCommand": "true"}, "context": LONG}, 2, f"context '{LONG}' does not exist"),
        (
            {"build": "  tagPolicy: {inputDigest: {}}\n", "docker": {"dockerfile": LONG}},
            2,
            "no Dockerfile at /",
        ),
    ],
)
def test_names_that_no_file_can_have_are_names_of_nothing(
    here: Here, tmp_path: Path, config: dict[str, Any], code: int, said: str
) -> None:
    found = project(tmp_path, **config)
    done = here.invoke(found, "buildx.build")
    assert (done.code, found.docker.builds) == (code, [])
    assert said in done.err
    assert here.invoke(found, "buildx.doctor").code in (0, 4)


@pytest.mark.parametrize("task", ["schema.validate", "schema.upgrade"])
def test_a_long_list_of_files_is_a_list(here: Here, tmp_path: Path, task: str) -> None:
    found = project(tmp_path)
    names = [f"a-file-of-mine-{number}.yaml" for number in range(40)]
    for name in names:
        found.write(name, "apiVersion: skaffold/v4beta14\nkind: Config\n")
    assert here.invoke(found, task, "--filename", ",".join(names)).code == 0
    done = here.invoke(found, task, "--filename", LONG)
    assert (done.code, done.err.splitlines()[0]) == (2, f"{LONG}: no such file")


TOO_LONG = [
    ({"docker": {"buildArgs": {"CERT": BIG}}}, "--build-arg CERT has 3000005 bytes"),
    (
        {"docker": {"buildArgs": {"A_TOKEN": BIG}}},
        "build arg whose name looks like a secret (A_TOKEN) has 3000008 bytes",
    ),
    ({"docker": {"cliFlags": [f"--label=a={BIG}"]}}, "--label has 3000010 bytes"),
    ({"block": {"labels": {"a": BIG}}}, "--label a has 3000002 bytes"),
    ({"custom": {"buildCommand": f"true {BIG}"}}, "custom.buildCommand has 3000005 bytes"),
    ({"hooks": {"before": [{"command": ["true", BIG]}]}}, "an argument of a hook has 3000000 bytes"),
    (
        {"build": f"  hooks: {{before: [{{command: [echo, {BIG}]}}]}}\n"},
        "skaffold.yaml: an argument of a hook around the builds has 3000000 bytes",
    ),
]


@pytest.mark.skipif("sys.platform != 'linux'")
@pytest.mark.parametrize(("config", "said"), TOO_LONG, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_too_long_for_an_argument_is_said_before_the_build(
    here: Here, tmp_path: Path, config: dict[str, Any], said: str
) -> None:
    found = project(tmp_path, **config)
    done = here.invoke(found, "buildx.build")
    assert (done.code, found.docker.builds) == (2, [])
    assert f"{said}, and an argument can have " in done.err
    assert BIG not in done.err
    done = here.invoke(found, "buildx.doctor")
    assert done.code == 4
    assert said in done.out


@pytest.mark.skipif("sys.platform != 'linux'")
def test_a_bake_file_holds_what_an_argument_cannot(here: Here, tmp_path: Path) -> None:
    found = project(tmp_path, docker={"buildArgs": {"CERT": BIG}})
    assert "buildx.plan --format bake" in here.invoke(found, "buildx.build").err
    done = here.invoke(found, "buildx.plan", "--format", "bake")
    assert done.code == 0
    assert json.loads(done.out)["target"]["app"]["args"] == {"CERT": BIG}


@pytest.mark.skipif("sys.platform != 'linux'")
def test_a_check_refuses_only_what_it_needs(here: Here, tmp_path: Path) -> None:
    clean = json.dumps({"warnings": [], "sources": []})
    unneeded: list[dict[str, Any]] = [
        {"block": {"labels": {"a": BIG}}},
        {"hooks": {"before": [{"command": ["true", BIG]}]}},
        {"build": f"  hooks: {{before: [{{command: [echo, {BIG}]}}]}}\n"},
    ]
    for number, config in enumerate(unneeded):
        found = project(tmp_path / str(number), **config)
        found.docker.table["buildx build"] = (0, clean, "")
        assert here.invoke(found, "buildx.check").code == 0
    done = here.invoke(project(tmp_path / "needed", docker={"buildArgs": {"CERT": BIG}}), "buildx.check")
    assert done.code == 2
    assert "--build-arg CERT has 3000005 bytes" in done.err


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"context": "x\0y"}, "context"),
        ({"docker": {"dockerfile": "x\0y"}}, "docker.dockerfile"),
        ({"docker": {"buildArgs": {"A": "x\0y"}}}, "docker.buildArgs"),
        ({"docker": {"secrets": [{"id": "a", "src": "x\0y"}]}}, "docker.secrets.src"),
        ({"docker": {"target": "x\0y"}}, "docker.target"),
        ({"custom": {"buildCommand": "x\0y"}}, "custom.buildCommand"),
        ({"hooks": {"after": [{"command": ["x\0y"]}]}}, "hooks.after.command"),
        ({"hooks": {"before": [{"command": ["true"], "dir": "x\0y"}]}}, "hooks.before.dir"),
        ({"block": {"outputs": ["type=oci,dest=x\0y"]}}, "extras.outputs"),
    ],
)
def test_a_nul_character_is_said_before_anything_is_looked_up(
    here: Here, tmp_path: Path, config: dict[str, Any], field: str
) -> None:
    found = project(tmp_path, **config)
    for words in (("buildx.build",), ("buildx.build", "--dry-run"), ("buildx.plan",), ("buildx.check",)):
        done = here.invoke(found, *words)
        assert (done.code, found.docker.builds) == (2, [])
        assert f"artifact 'app': {field} has a NUL character, which no path or argument can hold" in done.err
        assert "x\0y" not in done.err
    assert here.invoke(found, "buildx.doctor").code == 4


def test_a_nul_character_in_the_hooks_around_all_builds(here: Here, tmp_path: Path) -> None:
    found = project(tmp_path, build='  hooks: {before: [{command: ["x\\0y"]}]}\n')
    done = here.invoke(found, "buildx.build")
    assert done.code == 2
    assert "skaffold.yaml: build.hooks.before.command has a NUL character" in done.err


@pytest.mark.parametrize("number", ["0x", "9" * 6000, "0x" + "f" * 6000, "0o" + "7" * 6000, "1e999", ".nan", "0b_"])
def test_what_is_no_whole_number_of_builds(here: Here, tmp_path: Path, number: str) -> None:
    found = project(tmp_path, build=f"  local: {{concurrency: {number}}}\n")
    done = here.invoke(found, "buildx.build")
    assert done.code == 2
    assert done.err.startswith("skaffold.yaml:5:11: build.local.concurrency: must be a whole number, not ")
    assert len(done.err) < 300
    assert here.invoke(found, "schema.validate").code == 1
    if number[0].isdigit():
        assert here.invoke(found, "buildx.build", "--concurrency", number).code == 2
