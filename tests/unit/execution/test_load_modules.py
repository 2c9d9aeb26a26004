"""Which configs a run consists of, in which order, with which profiles: Skaffold's own setups and our errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from loading import load_configs

from buildx_tasks.errors import CannotStart, ConfigInvalid
from buildx_tasks.execution.config.gitcache import cache_name
from buildx_tasks.model.command import Command, Completed, Write
from buildx_tasks.model.config import Config
from buildx_tasks.model.settings import Settings

Files = dict[str, dict[str, str]]
"""Path of a file -> name of each of its configs -> the ``requires`` of that config."""

DOCUMENT = """\
apiVersion: skaffold/v4beta14
kind: Config
metadata:
  name: {name}
{requires}
build:
  artifacts:
  - image: image{number}
profiles:
- name: pf0
  build:
    artifacts:
    - image: pf0image{number}
- name: pf1
  build:
    artifacts:
    - image: pf1image{number}
"""


DEFAULT = Settings()


class NoRunner:
    """Nothing may be run."""

    def capture(self, command: Command) -> Completed:
        raise AssertionError(command)

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        raise AssertionError(command)

    def stop(self) -> None:
        raise AssertionError


class Project:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.notices: list[str] = []

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def write_all(self, files: Files) -> None:
        for path, configs in files.items():
            documents = (
                DOCUMENT.format(name=name, number=name.removeprefix("cfg"), requires=requires)
                for name, requires in configs.items()
            )
            self.write(path, "---\n".join(documents))

    def load(self, settings: Settings = DEFAULT) -> tuple[Config, ...]:
        return load_configs(
            settings,
            environ={"HOME": str(self.root / "home")},
            cwd=self.root,
            kube_context="",
            runner=NoRunner(),
            notify=self.notices.append,
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def summary(configs: tuple[Config, ...], root: Path) -> list[tuple[str, str, str]]:
    """Name, image and context of each config; the root folder is called ROOT."""
    return [
        (config.name, config.artifacts[0].image, config.artifacts[0].context.replace(str(root), "ROOT"))
        for config in configs
    ]


def requires(*entries: str) -> str:
    return "requires:\n" + "".join(f"- {entry}\n" for entry in entries)


ONE = {"skaffold.yaml": {"cfg00": ""}}
TWO = {"skaffold.yaml": {"cfg00": "", "cfg01": ""}}
DOC1 = {"doc1/skaffold.yaml": {"cfg10": "", "cfg11": ""}}
DOC2 = {"doc2/skaffold.yaml": {"cfg20": "", "cfg21": ""}}
TO_10 = requires("{path: doc1, configs: [cfg10]}")
TO_11 = requires("{path: doc1, configs: [cfg11]}")
TO_21 = requires("{path: ../doc2, configs: [cfg21]}")
CHAIN: Files = {
    "skaffold.yaml": {"cfg00": TO_10, "cfg01": ""},
    "doc1/skaffold.yaml": {"cfg10": TO_21, "cfg11": ""},
    **DOC2,
}


def chain_with(profile: str, second: str = "") -> Files:
    """The chain whose requirements ask for profiles."""
    first = requires(f"{{path: doc1, configs: [cfg10], activeProfiles: [{profile}]}}")
    then = requires(f"{{path: ../doc2, configs: [cfg21], activeProfiles: [{second or profile}]}}")
    return {"skaffold.yaml": {"cfg00": first, "cfg01": ""}, "doc1/skaffold.yaml": {"cfg10": then, "cfg11": ""}, **DOC2}


TWO_WAYS: Files = {
    "skaffold.yaml": {"cfg00": TO_10, "cfg01": TO_11},
    "doc1/skaffold.yaml": {"cfg10": TO_21, "cfg11": TO_21},
    **DOC2,
}
C00, C01 = ("cfg00", "image00", "."), ("cfg01", "image01", ".")
C10, C21 = ("cfg10", "image10", "ROOT/doc1"), ("cfg21", "image21", "ROOT/doc2")


def with_profile(profile: str, *configs: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    return [(name, profile + image, context) for name, image, context in configs]


ALONE = Settings(propagate_profiles=False)
SETUPS = [
    pytest.param(ONE, ALONE, [C00], id="one config"),
    pytest.param(TWO, Settings(module=("cfg01",)), [C01], id="module flag"),
    pytest.param(
        TWO, Settings(module=("cfg01",), profile=("pf0",)), with_profile("pf0", C01), id="module and profile flags"
    ),
    pytest.param(
        {
            "skaffold.yaml": {
                "cfg00": requires("{path: doc1, configs: [cfg10]}", "{path: doc2, configs: [cfg21]}"),
                "cfg01": "",
            },
            **DOC1,
            **DOC2,
        },
        ALONE,
        [C10, C21, C00, C01],
        id="branches",
    ),
    pytest.param(CHAIN, ALONE, [C21, C10, C00, C01], id="cascade"),
    pytest.param(
        {
            "skaffold.yaml": {
                "cfg00": requires("{configs: [cfg01]}", "{path: doc2, configs: [cfg21]}"),
                "cfg01": "",
            },
            **DOC2,
        },
        ALONE,
        [C01, C21, C00],
        id="a config of the same file",
    ),
    pytest.param(
        {
            "skaffold.yaml": {"cfg00": requires("{path: doc1}")},
            "doc1/skaffold.yaml": {"cfg10": requires("{configs: [cfg11]}"), "cfg11": ""},
        },
        ALONE,
        [("cfg11", "image11", "ROOT/doc1"), C10, C00],
        id="the same file of a required one",
    ),
    pytest.param(
        {
            **CHAIN,
            "doc2/skaffold.yaml": {"cfg20": "", "cfg21": requires("{path: ../, configs: [cfg00]}")},
        },
        ALONE,
        [C21, C10, C00, C01],
        id="cycle",
    ),
    pytest.param(
        CHAIN,
        Settings(profile=("pf0",), propagate_profiles=False),
        [C21, C10, *with_profile("pf0", C00, C01)],
        id="profiles stay in the root",
    ),
    pytest.param(
        chain_with("{name: pf0, activatedBy: [pf0]}"),
        Settings(profile=("pf0",), propagate_profiles=False),
        with_profile("pf0", C21, C10, C00, C01),
        id="activatedBy",
    ),
    pytest.param(
        chain_with("{name: pf0, activatedBy: [pf1]}"),
        Settings(profile=("pf0",), propagate_profiles=False),
        [C21, C10, *with_profile("pf0", C00, C01)],
        id="activatedBy another",
    ),
    pytest.param(
        chain_with("{name: pf0}", "{name: pf1}"),
        ALONE,
        [*with_profile("pf1", C21), *with_profile("pf0", C10), C00, C01],
        id="activeProfiles always",
    ),
    pytest.param(
        TWO_WAYS, Settings(module=("cfg11",)), [C21, ("cfg11", "image11", "ROOT/doc1")], id="module of another file"
    ),
    pytest.param(
        TWO_WAYS, ALONE, [C21, C10, C00, ("cfg11", "image11", "ROOT/doc1"), C01], id="a diamond is built once"
    ),
    pytest.param(
        CHAIN, Settings(profile=("pf0",)), with_profile("pf0", C21, C10, C00, C01), id="profiles go everywhere"
    ),
]


@pytest.mark.parametrize(("files", "settings", "expected"), SETUPS)
def test_all_configs(project: Project, files: Files, settings: Settings, expected: list[tuple[str, str, str]]) -> None:
    project.write_all(files)
    assert summary(project.load(settings), project.root) == expected


@pytest.mark.parametrize(
    "settings", [Settings(sync_remote_cache="never"), Settings(sync_remote_cache="never", remote_cache_dir="c")]
)
def test_git_requirements_are_read_from_the_cache(project: Project, settings: Settings) -> None:
    folder = settings.remote_cache_dir or "home/.skaffold/remote-cache"
    clone = f"{folder}/{cache_name('doc2', 'main')}"
    git = requires("{git: {repo: doc2, path: skaffold.yaml, ref: main}, configs: [cfg21]}")
    whole = requires("{git: {repo: doc2, ref: main}, configs: [cfg21]}")
    project.write_all(
        {
            "skaffold.yaml": {"cfg00": requires("{path: doc1}"), "cfg01": ""},
            "doc1/skaffold.yaml": {"cfg10": git, "cfg11": whole},
            f"{clone}/skaffold.yaml": {"cfg20": "", "cfg21": ""},
        }
    )

    class Remotes(NoRunner):
        def capture(self, command: Command) -> Completed:
            assert command.argv == ("git", "remote")
            return Completed(command=command, code=0, stdout="origin\n")

    configs = load_configs(
        settings, environ={"HOME": str(project.root / "home")}, cwd=project.root, kube_context="", runner=Remotes()
    )
    assert summary(configs, project.root) == [
        ("cfg21", "image21", f"ROOT/{clone}"),
        C10,
        ("cfg11", "image11", "ROOT/doc1"),
        C00,
        C01,
    ]


def test_the_reasons_of_profiles_reach_the_configs(project: Project) -> None:
    project.write_all(chain_with("{name: pf1, activatedBy: [pf0]}", "{name: pf1}"))
    settings = Settings(profile=("pf0",), propagate_profiles=False, origins={"profile": "environment"})
    reasons = {
        config.name: [(active.name, active.reason) for active in config.profiles] for config in project.load(settings)
    }
    assert reasons == {
        "cfg21": [("pf1", "required by cfg10")],
        "cfg10": [("pf1", "activatedBy pf0 in cfg00")],
        "cfg00": [("pf0", "environment")],
        "cfg01": [("pf0", "environment")],
    }


ERRORS = [
    pytest.param(
        {"skaffold.yaml": {"cfg00": TO_10, "cfg01": ""}, "doc1/skaffold.yaml": {"cfg10": "", "cfg00": ""}},
        Settings(),
        ["doc1/skaffold.yaml:22:3: config name 'cfg00' is used in skaffold.yaml too"],
        id="a name in two files",
    ),
    pytest.param(
        {"skaffold.yaml": {"cfg00": requires("{path: doc1, configs: [cfg1, cfg10, cfg91]}")}, **DOC1},
        Settings(),
        [
            "skaffold.yaml:6:26: requires[0].configs[0]: doc1/skaffold.yaml has no config 'cfg1', did you mean cfg11?",
            "skaffold.yaml:6:39: requires[0].configs[2]: doc1/skaffold.yaml has no config 'cfg91', did you mean cfg11?",
        ],
        id="unknown config names",
    ),
    pytest.param(
        {"skaffold.yaml": {"cfg00": requires("{path: nowhere}", "{path: also/skaffold.yaml}")}},
        Settings(),
        [
            "skaffold.yaml:6:3: requires[0]: required config file nowhere was not found",
            "skaffold.yaml:7:3: requires[1]: required config file also/skaffold.yaml was not found",
        ],
        id="missing files",
    ),
    pytest.param(
        {
            "skaffold.yaml": {
                "cfg00": requires("{googleCloudStorage: {source: gs://a}}", "{googleCloudBuildRepoV2: {projectID: a}}")
            }
        },
        Settings(),
        [
            "skaffold.yaml:6:4: requires[0].googleCloudStorage: configs from googleCloudStorage can't be",
            "skaffold.yaml:7:4: requires[1].googleCloudBuildRepoV2: configs from googleCloudBuildRepoV2 can't be",
        ],
        id="sources of Google Cloud",
    ),
    pytest.param(
        {"skaffold.yaml": {"cfg00": requires("{git: {repo: r, ref: main}}")}},
        Settings(sync_remote_cache="never"),
        ["skaffold.yaml:6:3: requires[0]: git repository r is not in the cache"],
        id="a repository that is not cached",
    ),
    pytest.param(
        {
            "skaffold.yaml": {
                "cfg00": requires("{path: doc1, configs: [cfg10], activeProfiles: [{name: pf0}]}"),
                "cfg01": requires("{path: doc1, configs: [cfg10], activeProfiles: [{name: pf1}]}"),
            },
            **DOC1,
        },
        Settings(),
        ["doc1/skaffold.yaml:4:3: config cfg10 is required with different profiles: pf0 and pf1"],
        id="one config with different profiles",
    ),
]


@pytest.mark.parametrize(("files", "settings", "lines"), ERRORS)
def test_problems_are_told_with_their_place(
    project: Project, files: Files, settings: Settings, lines: list[str]
) -> None:
    project.write_all(files)
    with pytest.raises(ConfigInvalid) as caught:
        project.load(settings)
    told = caught.value.message.splitlines()
    assert len(told) == len(lines)
    for line, expected in zip(told, lines, strict=True):
        assert line.startswith(expected)


def test_a_name_twice_in_one_file(project: Project) -> None:
    text = DOCUMENT.format(name="cfg00", number="00", requires="")
    project.write("skaffold.yaml", f"{text}---\n{text}")
    with pytest.raises(ConfigInvalid, match="'cfg00' is defined twice in this file"):
        project.load()


def test_two_configs_without_a_name_are_fine(project: Project) -> None:
    text = "apiVersion: skaffold/v4beta14\nkind: Config\nbuild: {artifacts: [{image: %s}]}\n"
    project.write("skaffold.yaml", f"{text % 'a'}---\n{text % 'b'}")
    assert [config.artifacts[0].image for config in project.load()] == ["a", "b"]


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        (Settings(module=("cfg3",)), "there is no module 'cfg3'", "did you mean cfg21?"),
        (Settings(module=("zz", "cfg00")), "there is no module 'zz'", "modules: cfg00"),
        (Settings(module=("cfg11",)), "module 'cfg11' is in doc1/skaffold.yaml", "--filename doc1/skaffold.yaml"),
        (Settings(profile=("pf0", "pf2")), "there is no profile 'pf2'", "did you mean pf1?"),
        (Settings(profile=("-nope",)), "there is no profile 'nope'", "profiles: pf0, pf1"),
    ],
)
def test_unknown_modules_and_profiles(project: Project, settings: Settings, message: str, hint: str) -> None:
    project.write_all(CHAIN)
    with pytest.raises(CannotStart) as caught:
        project.load(settings)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_profile_that_no_required_config_has_is_noticed(project: Project) -> None:
    project.write_all(chain_with("{name: pf9}", "{name: pf1}"))
    project.load(ALONE)
    assert project.notices == ["skaffold.yaml:6: no config of doc1/skaffold.yaml has a profile 'pf9'"]


def test_problems_of_all_files_come_together(project: Project) -> None:
    project.write_all({"skaffold.yaml": {"cfg00": requires("{path: doc1}", "{path: doc2}", "{path: doc3}")}})
    project.write("doc1/skaffold.yaml", "apiVersion: skaffold/v9\n")
    project.write("doc2/skaffold.yaml", "a: [\n")
    with pytest.raises(ConfigInvalid) as caught:
        project.load()
    assert [line.split(":")[0] for line in caught.value.message.splitlines()] == [
        "doc1/skaffold.yaml",
        "doc2/skaffold.yaml",
        "skaffold.yaml",
    ]
