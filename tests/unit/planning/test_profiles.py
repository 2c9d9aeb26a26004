from __future__ import annotations

from typing import Any

import pytest

from buildx_tasks.document.yaml.source import parse
from buildx_tasks.model.config import ActiveProfile
from buildx_tasks.planning.config.origins import Origins
from buildx_tasks.planning.config.problems import DocumentInvalid
from buildx_tasks.planning.config.profiles import ActivationFacts, apply_profiles

PROD = "prod-context"


def data_of(text: str) -> dict[str, Any]:
    data = parse(text)[0].data
    assert isinstance(data, dict)
    return data


def names(data: dict[str, Any], requested: list[str], facts: ActivationFacts, auto: bool = True) -> list[str]:
    return [active.name for active in apply_profiles(data, requested, facts, auto=auto)[1]]


def profiles(**activations: list[dict[str, str]] | None) -> dict[str, Any]:
    """A document of profiles by name (underscores are dashes), each with its activations."""
    return {
        "profiles": [
            {"name": name.replace("_", "-"), **({"activation": given} if given else {})}
            for name, given in activations.items()
        ]
    }


VALUE = {"KEY": "VALUE"}
ACTIVATED: list[Any] = [
    pytest.param(
        profiles(activated=None, not_activated=None, also_activated=None),
        ["activated", "also-activated"],
        ActivationFacts(),
        ["activated", "also-activated"],
        id="named",
    ),
    pytest.param(
        profiles(
            run_profile=[{"command": "run"}],
            dev_profile=[{"command": "dev"}],
            non_run_profile=[{"command": "!run"}],
            run_or_dev_profile=[{"command": "(run)|(dev)"}],
            other_profile=[{"command": "!(run)|(dev)"}],
        ),
        [],
        ActivationFacts(command="dev"),
        ["dev-profile", "non-run-profile", "run-or-dev-profile"],
        id="by command",
    ),
    pytest.param(
        profiles(
            same=[{"env": "KEY=VALUE"}],
            other=[{"env": "KEY=OTHER"}],
            not_other=[{"env": "KEY=!OTHER"}],
            empty=[{"env": "KEY="}],
            regex=[{"env": "KEY=V.*E"}],
            whole=[{"env": "KEY=^V.*E$"}],
            part=[{"env": "KEY=^VAL"}],
        ),
        [],
        ActivationFacts(env=VALUE),
        ["same", "not-other", "regex", "whole", "part"],
        id="by environment",
    ),
    pytest.param(
        profiles(
            both=[{"env": "KEY=VALUE"}, {"command": "dev"}], no=[{"env": "KEY=OTHER"}], yes=[{"env": "KEY=!OTHER"}]
        ),
        ["both", "yes"],
        ActivationFacts(env=VALUE, command="dev"),
        ["both", "yes"],
        id="activated and named counts once",
    ),
    pytest.param(
        profiles(
            same=[{"kubeContext": PROD}],
            other=[{"kubeContext": "dev-context"}],
            not_other=[{"kubeContext": "!dev-context"}],
            regex=[{"kubeContext": "prod-.*"}],
            other_regex=[{"kubeContext": "dev-.*"}],
            invalid=[{"kubeContext": "\\"}],
        ),
        [],
        ActivationFacts(kube_context=PROD),
        ["same", "not-other", "regex"],
        id="by kube-context",
    ),
    pytest.param(
        profiles(
            yes=[{"env": "KEY=VALUE", "kubeContext": PROD, "command": "dev"}],
            no=[{"env": "KEY=VALUE", "kubeContext": PROD, "command": "build"}],
        ),
        [],
        ActivationFacts(env=VALUE, kube_context=PROD, command="dev"),
        ["yes"],
        id="all criteria of one activation",
    ),
    pytest.param(
        profiles(yes=[{"command": "run"}, {"command": "dev"}]),
        [],
        ActivationFacts(command="dev"),
        ["yes"],
        id="one of several activations",
    ),
    pytest.param(
        profiles(
            empty=[{"env": "ABC="}],
            empty_regex=[{"env": "ABC=^$"}],
            not_empty=[{"env": "ABC=!"}],
            one=[{"env": "ABC=1"}],
            not_one=[{"env": "ABC=!1"}],
        ),
        [],
        ActivationFacts(env={"ABC": ""}),
        ["empty", "empty-regex", "not-one"],
        id="an empty variable",
    ),
    pytest.param(
        profiles(
            empty=[{"env": "ABC="}],
            one=[{"env": "ABC=1"}],
            one_too=[{"command": "never"}, {"env": "ABC=1"}],
            two=[{"command": "run"}, {"env": "ABC=2"}],
            not_two=[{"command": "run"}, {"env": "ABC=!2"}],
        ),
        [],
        ActivationFacts(env={"ABC": "1"}, command="dev"),
        ["one", "one-too", "not-two"],
        id="a filled variable",
    ),
    pytest.param(
        profiles(run_profile=[{"command": "run"}], activated=None, also=None),
        ["also", "activated"],
        ActivationFacts(command="run"),
        ["run-profile", "also", "activated"],
        id="activated ones before named ones",
    ),
    pytest.param(
        profiles(dev_profile=[{"command": "dev"}], run_or_dev=[{"command": "(run)|(dev)"}]),
        ["-dev-profile"],
        ActivationFacts(command="dev"),
        ["run-or-dev"],
        id="switched off",
    ),
    pytest.param(
        profiles(a=None, b=None), ["a", "b", "-a", "a"], ActivationFacts(), ["b", "a"], id="switched off, then on again"
    ),
    pytest.param(profiles(a=None), ["-a", "a", "unknown"], ActivationFacts(), ["a"], id="off before it is on"),
    pytest.param(profiles(a=[{}]), [], ActivationFacts(), ["a"], id="an empty activation holds"),
    pytest.param({}, ["a"], ActivationFacts(), [], id="no profiles at all"),
]


@pytest.mark.parametrize(("data", "requested", "facts", "expected"), ACTIVATED)
def test_activated_profiles(
    data: dict[str, Any], requested: list[str], facts: ActivationFacts, expected: list[str]
) -> None:
    assert names(data, requested, facts) == expected


def test_auto_activation_can_be_switched_off() -> None:
    data = profiles(named=None, auto=[{"kubeContext": PROD}])
    assert names(data, ["named"], ActivationFacts(kube_context=PROD), auto=False) == ["named"]


@pytest.mark.parametrize(("command", "expected"), [("build", ["p"]), ("dev", [])])
def test_requires_all_activations(command: str, expected: list[str]) -> None:
    data = profiles(p=[{"env": "KEY=VALUE"}, {"command": "build"}])
    data["profiles"][0]["requiresAllActivations"] = True
    assert names(data, [], ActivationFacts(env=VALUE, command=command)) == expected


def test_an_activation_without_an_equals_sign_is_an_error_at_its_place() -> None:
    data = profiles(a=[{"env": "KEY=1"}, {"env": "KEY:VALUE"}], b=[{"env": "OTHER"}])
    with pytest.raises(DocumentInvalid, match="KEY=VALUE") as caught:
        names(data, [], ActivationFacts())
    assert [problem.path for problem in caught.value.problems] == [
        ("profiles", 0, "activation", 1, "env"),
        ("profiles", 1, "activation", 0, "env"),
    ]


def test_says_why_a_profile_is_active() -> None:
    data = profiles(
        env=[{"env": "KEY=V.*", "command": "build"}], kube=[{"kubeContext": "prod-.*"}], flag=None, required=None
    )
    facts = ActivationFacts(env=VALUE, kube_context=PROD)
    reasons = {"required": "activatedBy env"}
    assert apply_profiles(data, ["flag", "required"], facts, reasons=reasons)[1] == (
        ActiveProfile(name="env", reason="env KEY=V.* and command build"),
        ActiveProfile(name="kube", reason=f"kube-context {PROD}"),
        ActiveProfile(name="flag", reason="flag"),
        ActiveProfile(name="required", reason="activatedBy env"),
    )


BASE = """\
build:
  tagPolicy: {gitCommit: {variant: Tags}}
  local: {push: true, useBuildkit: true, concurrency: 0}
  platforms: [linux/amd64]
  artifacts: [{image: image, docker: {dockerfile: Dockerfile}}]
  hooks: {before: [{command: [one]}]}
deploy:
  kubectl: {flags: {global: [a]}}
  statusCheck: true
  statusCheckDeadlineSeconds: 10
  logs: {prefix: auto, jsonParse: {fields: [a]}}
test: [{image: old}]
"""

OVERLAYS: list[tuple[str, str, tuple[str | int, ...], Any]] = [
    ("googleCloudBuild replaces local", "build: {googleCloudBuild: {projectId: p}}", ("build", "local"), None),
    ("a tag policy replaces the policy", "build: {tagPolicy: {sha256: {}}}", ("build", "tagPolicy"), {"sha256": {}}),
    ("artifacts are replaced as a list", "build: {artifacts: [{image: b}]}", ("build", "artifacts"), [{"image": "b"}]),
    ("a section is not merged", "build: {local: {push: false}}", ("build", "local"), {"push": False}),
    ("an empty section resets", "build: {local: {}}", ("build", "local"), {}),
    ("an absent section stays", "build: {local: null}", ("build", "local", "push"), True),
    ("an empty list keeps", "build: {platforms: []}", ("build", "platforms"), ["linux/amd64"]),
    ("an empty one-of keeps", "build: {tagPolicy: {}}", ("build", "tagPolicy"), {"gitCommit": {"variant": "Tags"}}),
    ("hooks merge", "build: {hooks: {after: [{command: [b]}]}}", ("build", "hooks", "before", 0, "command"), ["one"]),
    ("a deployer joins", "deploy: {helm: {}}", ("deploy", "kubectl"), {"flags": {"global": ["a"]}}),
    ("a deployer is replaced", "deploy: {kubectl: {}}", ("deploy", "kubectl"), {}),
    ("false by pointer counts", "deploy: {statusCheck: false}", ("deploy", "statusCheck"), False),
    ("zero keeps", "deploy: {statusCheckDeadlineSeconds: 0}", ("deploy", "statusCheckDeadlineSeconds"), 10),
    ("structs merge deep", "deploy: {logs: {jsonParse: {fields: [b]}}}", ("deploy", "logs", "prefix"), "auto"),
    ("an empty text keeps", 'deploy: {logs: {prefix: ""}}', ("deploy", "logs", "prefix"), "auto"),
    ("tests are replaced", "test: [{image: new}]", ("test",), [{"image": "new"}]),
    ("port forwards come in", "portForward: [{port: 1}]", ("portForward",), [{"port": 1}]),
]


@pytest.mark.parametrize(("text", "path", "expected"), [row[1:] for row in OVERLAYS], ids=[row[0] for row in OVERLAYS])
def test_overlay(text: str, path: tuple[str | int, ...], expected: Any) -> None:
    data = {**data_of(BASE), "profiles": [{"name": "p", **data_of(text)}]}
    found: Any = apply_profiles(data, ["p"], ActivationFacts())[0]
    for key in path:
        found = found[key] if isinstance(key, int) else found.get(key)
    assert found == expected


def test_the_document_itself_stays_as_it_was() -> None:
    text = BASE + "profiles: [{name: p, build: {platforms: [a]}, patches: [{op: remove, path: /deploy}]}]\n.x: 1\n"
    data = data_of(text)
    result, _ = apply_profiles(data, ["p"], ActivationFacts())
    assert data == data_of(text)
    assert (result.get("deploy"), result["build"]["platforms"], result[".x"]) == (None, ["a"], 1)
    assert "profiles" not in result


def test_later_profiles_win() -> None:
    data = data_of(BASE + "profiles: [{name: a, build: {platforms: [a]}}, {name: b, build: {platforms: [b]}}]")
    assert apply_profiles(data, ["b", "a"], ActivationFacts())[0]["build"]["platforms"] == ["a"]


KUBE = """\
profiles:
- {name: profile, deploy: {kubeContext: staging}}
- {name: prod, activation: [{kubeContext: prod-context}]}
"""


def test_a_profile_may_not_move_the_kube_context_that_activated_another() -> None:
    with pytest.raises(DocumentInvalid, match="'prod' was activated by kube-context 'prod-context'"):
        apply_profiles(data_of(KUBE), ["profile"], ActivationFacts(kube_context=PROD))


@pytest.mark.parametrize(
    ("facts", "requested"),
    [
        (ActivationFacts(kube_context=PROD, kube_context_given=True), ["profile"]),
        (ActivationFacts(kube_context="other"), ["profile"]),
        (ActivationFacts(kube_context=PROD), []),
    ],
)
def test_a_kube_context_that_is_given_or_not_in_play_is_no_conflict(
    facts: ActivationFacts, requested: list[str]
) -> None:
    assert apply_profiles(data_of(KUBE), requested, facts)[0].get("deploy", {}) == (
        {"kubeContext": "staging"} if requested else {}
    )


def test_origins_follow_parts_through_profiles() -> None:
    data = data_of(BASE + "profiles: [{name: p, patches: [{op: add, path: /build/artifacts/0, value: {image: new}}]}]")
    origins = Origins(data)
    result, _ = apply_profiles(data, ["p"], ActivationFacts(), origins=origins)
    assert origins.path(result, ("build", "artifacts", 0)) == ("profiles", 0, "patches", 0, "value")
    assert origins.path(result, ("build", "artifacts", 1, "docker", "target")) == (
        ("build", "artifacts", 0, "docker", "target")
    )
    assert origins.path(result, ("build", "local", "push")) == ("build", "local", "push")
