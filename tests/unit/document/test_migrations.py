"""Migrations on plain data: what each step does to a root pipeline, to a profile, and to patches."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from buildx_tasks.document.migrations.table import STEPS
from buildx_tasks.document.migrations.upgrade import upgrade_data
from buildx_tasks.document.migrations.v1beta import sync_rule
from buildx_tasks.errors import ConfigInvalid, UpgradeRefused
from buildx_tasks.model.apiversion import VERSIONS, position


def artifact(**keys: Any) -> dict[str, Any]:
    return {"build": {"artifacts": [keys]}}


def release(**keys: Any) -> dict[str, Any]:
    return {"deploy": {"helm": {"releases": [keys]}}}


def helm(**keys: Any) -> dict[str, Any]:
    return {"manifests": {"helm": {"releases": [keys]}}, "deploy": {"helm": {"releases": [keys]}}}


APP = "{{.IMAGE_FULLY_QUALIFIED_gcr_io_x_app}}"

CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("v1alpha2", {"build": {"tagPolicy": "sha256"}}, {"build": {"tagPolicy": {"sha256": {}}}}),
    ("v1alpha2", {"build": {"tagPolicy": "other"}}, {"build": {}}),
    ("v1alpha2", artifact(dockerfilePath="", buildArgs=None), artifact()),
    ("v1alpha2", artifact(buildArgs={"A": None}), artifact(docker={"buildArgs": {"A": None}})),
    (
        "v1alpha2",
        {
            "deploy": {
                "name": "x",
                "kubectl": {"manifests": [{"paths": ["a"], "parameters": {"k": "v"}}, {"paths": ["b"]}]},
            }
        },
        {"deploy": {"kubectl": {"manifests": ["a", "b"]}}},
    ),
    ("v1alpha2", {"deploy": {"kubectl": {"manifests": []}}}, {"deploy": {"kubectl": {"manifests": []}}}),
    (
        "v1alpha2",
        {"deploy": {"kubectl": {"manifests": [None, {"paths": None}, {}]}}},
        {"deploy": {"kubectl": {"manifests": []}}},
    ),
    ("v1alpha3", release(valuesFilePath="v.yaml"), release(valuesFiles=["v.yaml"])),
    ("v1alpha3", release(valuesFilePath=""), release()),
    (
        "v1alpha3",
        {"build": {"kaniko": {"gcsBucket": "b", "namespace": "n"}}},
        {"build": {"kaniko": {"buildContext": {"gcsBucket": "b"}, "namespace": "n"}}},
    ),
    (
        "v1alpha4",
        artifact(imageName="x", workspace="w", docker={"dockerfilePath": "D"}),
        artifact(image="x", context="w", docker={"dockerfile": "D"}),
    ),
    ("v1alpha4", {"build": {"local": {"skipPush": "yes"}}}, {"build": {"local": {"push": False}}}),
    ("v1alpha4", {"deploy": {"kustomize": {"kustomizePath": "k"}}}, {"deploy": {"kustomize": {"path": "k"}}}),
    ("v1beta1", {"build": {"acr": None}}, {"build": {}}),
    (
        "v1beta7",
        {"build": {"artifacts": [{"image": "a"}, {"image": "b"}], "kaniko": {"cache": {"repo": "r"}, "timeout": "1m"}}},
        {
            "build": {
                "artifacts": [
                    {"image": "a", "kaniko": {"cache": {"repo": "r"}}},
                    {"image": "b", "kaniko": {"cache": {"repo": "r"}}},
                ],
                "cluster": {"timeout": "1m"},
            }
        },
    ),
    (
        "v1beta7",
        {"build": {"artifacts": [{"image": "a", "docker": {"target": "t", "cacheFrom": ["c"]}}], "kaniko": {}}},
        {"build": {"artifacts": [{"image": "a", "kaniko": {"target": "t"}}], "cluster": {}}},
    ),
    ("v1beta8", artifact(bazel={"target": "//x"}), artifact(bazel={"target": "//x"})),
    (
        "v1beta9",
        artifact(plugin={"name": "docker", "properties": {"dockerfile": "D", "odd": 1}}),
        artifact(docker={"dockerfile": "D"}),
    ),
    ("v1beta9", artifact(plugin={"name": "bazel"}, bazel={"target": "old"}), artifact(bazel={})),
    ("v1beta9", artifact(image="x", plugin={"name": "other"}), artifact(image="x")),
    (
        "v1beta9",
        {"build": {"executionEnvironment": {"name": "local", "properties": {"push": True}}}},
        {"build": {"local": {"push": True}}},
    ),
    (
        "v1beta10",
        artifact(sync={"/b.html": "/www", "**/*.js": "."}),
        artifact(sync={"manual": [{"src": "/b.html", "dest": "/www", "strip": "/"}, {"src": "**/*.js", "dest": "."}]}),
    ),
    (
        "v1beta14",
        artifact(jibMaven={"module": "m", "profile": "p", "args": ["-x"]}, jibGradle={}),
        artifact(jib={"project": "m", "args": ["-x", "--activate-profiles", "p"], "type": "maven"}),
    ),
    (
        "v1beta14",
        artifact(jibMaven={"profile": "p"}),
        artifact(jib={"args": ["--activate-profiles", "p"], "type": "maven"}),
    ),
    ("v1beta14", artifact(jibGradle={"project": "g"}, jibMaven=None), artifact(jib={"project": "g", "type": "gradle"})),
    (
        "v2alpha2",
        artifact(kaniko={"buildContext": {"localDir": {"initImage": "i"}}}),
        artifact(kaniko={"initImage": "i"}),
    ),
    ("v2alpha2", artifact(kaniko={"buildContext": {"gcsBucket": "b"}}), artifact(kaniko={})),
    ("v2alpha3", {"deploy": {"kustomize": {"path": "k"}}}, {"deploy": {"kustomize": {"paths": ["k"]}}}),
    ("v2alpha3", artifact(buildpack={"builder": "b", "forcePull": True}), artifact(buildpack={"builder": "b"})),
    ("v2beta4", release(values={"image": "x"}), release(artifactOverrides={"image": "x"})),
    ("v2beta5", artifact(buildpack={"builder": "b"}), artifact(buildpacks={"builder": "b"})),
    ("v2beta5", {"build": {"cluster": {"pullSecret": "p"}}}, {"build": {"cluster": {"pullSecretPath": "p"}}}),
    (
        "v2beta8",
        {"deploy": {"kpt": {"applyDir": "d", "live": {"inventoryID": "i", "apply": {"pollPeriod": "1s"}}}}},
        {"deploy": {"kpt": {"live": {"apply": {"dir": "d", "inventoryID": "i"}, "options": {"pollPeriod": "1s"}}}}},
    ),
    ("v2beta9", artifact(sync={"auto": {}}, kaniko={"flags": ["-v"]}), artifact(sync={"auto": True}, kaniko={})),
    (
        "v2beta11",
        {"build": {"cluster": {"volumes": [{"name": "v", "volumesource": {"secret": {"secretname": "s"}}}]}}},
        {"build": {"cluster": {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}}},
    ),
    ("v2beta13", release(chartPath="c", remote=True), release(remoteChart="c")),
    ("v2beta13", release(chartPath="c", remote=False), release(chartPath="c")),
    ("v2beta17", artifact(docker={"secret": {"id": "i", "dst": "/d"}}), artifact(docker={"secret": {"id": "i"}})),
    ("v2beta23", artifact(docker={"secret": {"id": "i"}}), artifact(docker={"secrets": [{"id": "i"}]})),
    ("v2beta23", artifact(docker={"secret": None}), artifact(docker={})),
    (
        "v2beta28",
        artifact(platforms=["old"], ko={"platforms": ["linux/amd64"], "dir": "."}),
        artifact(platforms=["linux/amd64"], ko={"dir": "."}),
    ),
    (
        "v3alpha1",
        {"deploy": {"kubectl": {"manifests": ["a"], "flags": {"apply": ["-x"]}}}},
        {"manifests": {"rawYaml": ["a"]}, "deploy": {"kubectl": {"flags": {"apply": ["-x"]}}}},
    ),
    (
        "v3alpha1",
        {"deploy": {"kustomize": {}}},
        {"manifests": {"kustomize": {"paths": ["."]}}, "deploy": {"kubectl": {}}},
    ),
    (
        "v3alpha1",
        {
            "deploy": {
                "kubectl": {"flags": {"global": ["-a"]}, "hooks": {"before": [1]}},
                "kustomize": {
                    "paths": ["k"],
                    "flags": {"global": ["-b"]},
                    "hooks": {"after": [2]},
                    "defaultNamespace": "n",
                },
            }
        },
        {
            "manifests": {"kustomize": {"paths": ["k"]}},
            "deploy": {
                "kubectl": {
                    "flags": {"global": ["-a", "-b"]},
                    "hooks": {"before": [1], "after": [2]},
                    "defaultNamespace": "n",
                }
            },
        },
    ),
    (
        "v3alpha1",
        release(name="r", artifactOverrides={"image": "gcr.io/x/app"}, setValueTemplates={"a": "b", "image": "old"}),
        helm(name="r", setValueTemplates={"a": "b", "image": APP}),
    ),
    ("v3alpha1", release(artifactOverrides={"a": {"b": "gcr.io/x/app"}}), helm(setValueTemplates={"a.b": APP})),
    (
        "v3alpha1",
        release(artifactOverrides={"i": "x:1"}, imageStrategy={"helm": {}}),
        helm(
            setValueTemplates={
                "i.tag": "{{.IMAGE_TAG_x_1}}@{{.IMAGE_DIGEST_x_1}}",
                "i.repository": "{{.IMAGE_REPO_x_1}}",
            }
        ),
    ),
    (
        "v3alpha1",
        release(artifactOverrides={"i": "x"}, imageStrategy={"helm": {"explicitRegistry": True}}),
        helm(
            setValueTemplates={
                "i.tag": "{{.IMAGE_TAG_x}}@{{.IMAGE_DIGEST_x}}",
                "i.registry": "{{.IMAGE_DOMAIN_x}}",
                "i.repository": "{{.IMAGE_REPO_NO_DOMAIN_x}}",
            }
        ),
    ),
    (
        "v4beta1",
        {"deploy": {"kubeContext": "c", "kubectl": {"remoteManifests": ["u"]}}},
        {
            "manifests": {"remoteManifests": [{"manifest": "u", "kubeContext": "c"}]},
            "deploy": {"kubeContext": "c", "kubectl": {}},
        },
    ),
    (
        "v4beta4",
        {
            "verify": [
                {"name": "v", "container": {"name": "c", "tty": True, "env": [{"name": "E", "valuefrom": {"x": 1}}]}}
            ]
        },
        {"verify": [{"name": "v", "container": {"name": "c", "env": [{"name": "E"}]}}]},
    ),
    ("v4beta5", artifact(kaniko={"noPush": True, "target": "t"}), artifact(kaniko={"target": "t"})),
    ("v4beta8", {"deploy": {"kpt": {"false": True}}}, {"deploy": {"kpt": {"force": True}}}),
]


def before(version: str) -> str:
    return VERSIONS[position(version) - 1]


@pytest.mark.parametrize(("version", "old", "new"), CASES)
@pytest.mark.parametrize("where", ["root", "profile"])
def test_step(version: str, old: dict[str, Any], new: dict[str, Any], where: str) -> None:
    def place(pipeline: dict[str, Any]) -> dict[str, Any]:
        return copy.deepcopy(pipeline) if where == "root" else {"profiles": [{"name": "p", **copy.deepcopy(pipeline)}]}

    data = {"apiVersion": f"skaffold/{before(version)}", "kind": "Config", **place(old)}
    untouched = copy.deepcopy(data)
    assert upgrade_data(data, version) == {"apiVersion": f"skaffold/{version}", "kind": "Config", **place(new)}
    assert data == untouched


def test_every_step_with_code_is_here() -> None:
    assert {version for version, *_ in CASES} >= set(STEPS)


@pytest.mark.parametrize(
    ("version", "pipeline", "place"),
    [
        ("v1beta1", {"build": {"acr": {}}}, "build.acr"),
        ("v3alpha1", {"deploy": {"kpt": {}}}, "deploy.kpt"),
        (
            "v3alpha1",
            {"deploy": {"kubectl": {"defaultNamespace": ""}, "kustomize": {"defaultNamespace": "n"}}},
            "deploy.kustomize.defaultNamespace",
        ),
        (
            "v3alpha1",
            {"deploy": {"kubectl": {"flags": {"disableValidation": True}}, "kustomize": {}}},
            "deploy.kubectl.flags",
        ),
        ("v2beta4", {"deploy": {"helm": "x"}}, "deploy.helm"),
        ("v2beta4", {"deploy": {"helm": {"releases": {}}}}, "deploy.helm.releases"),
        ("v2beta5", {"build": {"artifacts": [[]]}}, "build.artifacts[0]"),
        ("v1alpha4", {"build": {"local": {"skipPush": "maybe"}}}, "build.local.push"),
    ],
)
@pytest.mark.parametrize("where", ["root", "profile"])
def test_refusal_names_the_place(version: str, pipeline: dict[str, Any], place: str, where: str) -> None:
    root = pipeline if where == "root" else {"profiles": [pipeline]}
    with pytest.raises(UpgradeRefused) as caught:
        upgrade_data({"apiVersion": f"skaffold/{before(version)}", **root}, version)
    assert caught.value.message.startswith(("" if where == "root" else "profiles[0].") + place + ": ")
    assert caught.value.hint


@pytest.mark.parametrize("version", ["skaffold/v2", "v1", "", None, 1, ["skaffold/v1"]])
def test_unknown_version(version: object) -> None:
    with pytest.raises(ConfigInvalid):
        upgrade_data({"apiVersion": version})


Patches = list[dict[str, Any]]


@pytest.mark.parametrize(
    ("version", "patches", "wanted"),
    [
        (
            "v1beta7",
            [{"path": "/build/kaniko/timeout", "value": "1m"}, {"path": "/build/kaniko/image", "value": "i"}],
            [
                {"path": "/build/cluster/timeout", "value": "1m"},
                {"path": "/build/artifacts/0/kaniko/image", "value": "i"},
                {"path": "/build/artifacts/1/kaniko/image", "value": "i"},
            ],
        ),
        (
            "v1beta9",
            [{"op": "add", "path": "/build/artifacts/0/plugin/properties/target", "value": "t"}],
            [{"op": "add", "path": "/build/artifacts/0/docker/target", "value": "t"}],
        ),
        (
            "v1beta10",
            [{"op": "add", "path": "/build/artifacts/0/sync", "value": {"*.py": "."}}],
            [{"op": "add", "path": "/build/artifacts/0/sync", "value": {"manual": [{"src": "*.py", "dest": "."}]}}],
        ),
        (
            "v1beta14",
            [
                {"op": "add", "path": "/build/artifacts/0/jibMaven/args", "value": ["-x"]},
                {"op": "add", "path": "/build/artifacts/0/jibGradle", "value": {"project": "g"}},
                {"op": "add", "path": "/build/artifacts/-", "value": {"image": "z", "jibGradle": {}}},
            ],
            [
                {"op": "add", "path": "/build/artifacts/0/jib/args", "value": ["-x"]},
                {"op": "add", "path": "/build/artifacts/0/jib", "value": {"project": "g", "type": "gradle"}},
                {"op": "add", "path": "/build/artifacts/-", "value": {"image": "z", "jib": {"type": "gradle"}}},
            ],
        ),
        (
            "v2alpha3",
            [{"path": "/deploy/kustomize/path", "value": "k"}],
            [{"path": "/deploy/kustomize/paths", "value": ["k"]}],
        ),
        (
            "v2beta5",
            [{"op": "move", "from": "/build/artifacts/0/buildpack", "path": "/build/artifacts/1/buildpack"}],
            [{"op": "move", "from": "/build/artifacts/0/buildpacks", "path": "/build/artifacts/1/buildpacks"}],
        ),
        ("v2beta9", [{"op": "remove", "path": "/build/artifacts/0/kaniko/flags"}], []),
        (
            "v2beta13",
            [
                {"path": "/deploy/helm/releases/0/chartPath", "value": "c"},
                {"path": "/deploy/helm/releases/1/chartPath"},
            ],
            [
                {"path": "/deploy/helm/releases/0/remoteChart", "value": "c"},
                {"path": "/deploy/helm/releases/1/chartPath"},
            ],
        ),
        (
            "v2beta23",
            [{"op": "add", "path": "/build/artifacts/0/docker/secret", "value": {"id": "i"}}],
            [{"op": "add", "path": "/build/artifacts/0/docker/secrets", "value": [{"id": "i"}]}],
        ),
        (
            "v2beta28",
            [{"op": "add", "path": "/build/artifacts/0/ko", "value": {"platforms": ["p"], "dir": "d"}}],
            [
                {"op": "add", "path": "/build/artifacts/0/ko", "value": {"dir": "d"}},
                {"op": "add", "path": "/build/artifacts/0/platforms", "value": ["p"]},
            ],
        ),
        (
            "v3alpha1",
            [
                {"path": "/deploy/kubectl/manifests/0", "value": "a"},
                {"path": "/deploy/kustomize/flags/apply", "value": []},
            ],
            [{"path": "/manifests/rawYaml/0", "value": "a"}, {"path": "/deploy/kubectl/flags/apply", "value": []}],
        ),
        (
            "v3alpha1",
            [
                {"op": "remove", "path": "/deploy/helm/releases/0"},
                {"op": "remove", "path": "/deploy/helm/hooks/before"},
            ],
            [
                {"op": "remove", "path": "/manifests/helm/releases/0"},
                {"op": "remove", "path": "/deploy/helm/hooks/before"},
                {"op": "remove", "path": "/deploy/helm/releases/0"},
            ],
        ),
        (
            "v3alpha1",
            [{"op": "add", "path": "/deploy/helm/releases/1/artifactOverrides/image", "value": "x"}],
            [
                {"op": "add", "path": f"/{top}/helm/releases/1/setValueTemplates/image{key}", "value": value}
                for top in ("manifests", "deploy")
                for key, value in (
                    (".tag", "{{.IMAGE_TAG_x}}@{{.IMAGE_DIGEST_x}}"),
                    (".repository", "{{.IMAGE_REPO_x}}"),
                )
            ],
        ),
        (
            "v3alpha1",
            [{"op": "add", "path": "/deploy", "value": {"kubectl": {"manifests": ["a"]}}}],
            [
                {"op": "add", "path": "/deploy", "value": {"kubectl": {}}},
                {"op": "add", "path": "/manifests/rawYaml", "value": ["a"]},
            ],
        ),
        ("v3alpha1", [{"op": "remove", "path": "/deploy/kubectl"}], [{"op": "remove", "path": "/deploy/kubectl"}]),
        (
            "v4beta1",
            [{"op": "add", "path": "/deploy/kubectl/remoteManifests/0", "value": "u"}],
            [{"op": "add", "path": "/manifests/remoteManifests/0", "value": {"manifest": "u"}}],
        ),
        (
            "v3alpha1",
            [{"op": "copy", "from": "/deploy/helm/releases/0/name", "path": "/deploy/helm/releases/1/name"}],
            [
                {"op": "copy", "from": f"/{top}/helm/releases/0/name", "path": f"/{top}/helm/releases/1/name"}
                for top in ("manifests", "deploy")
            ],
        ),
        (
            "v2beta9",
            [{"path": "not a path", "value": {"sync": {"auto": {}}}}],
            [{"path": "not a path", "value": {"sync": {"auto": {}}}}],
        ),
        ("v4beta8", [{"op": "remove", "path": "/deploy/kpt/false"}], [{"op": "remove", "path": "/deploy/kpt/force"}]),
    ],
)
def test_patches_follow(version: str, patches: Patches, wanted: Patches) -> None:
    data = {
        "apiVersion": f"skaffold/{before(version)}",
        "build": {"artifacts": [{"image": "a"}, {"image": "b"}]},
        "deploy": {"helm": {"releases": [{"name": "r"}, {"name": "s"}]}},
        "profiles": [{"name": "p", "patches": patches}],
    }
    if version == "v1beta9":
        data["build"] = {"artifacts": [{"image": "a", "plugin": {"name": "docker"}}]}
    if version == "v2beta13":
        data["deploy"] = {"helm": {"releases": [{"remote": True, "chartPath": "c"}, {"chartPath": "d"}]}}
    if version == "v3alpha1":
        data["deploy"] = {"helm": {"releases": [{"name": "r"}, {"name": "s", "imageStrategy": {"helm": {}}}]}}
    assert upgrade_data(data, version)["profiles"][0]["patches"] == wanted


def test_removing_kubectl_removes_its_manifests_where_kustomize_needs_kubectl() -> None:
    profile = {"name": "p", "deploy": {"kustomize": {}}, "patches": [{"op": "remove", "path": "/deploy/kubectl"}]}
    data = {"apiVersion": "skaffold/v2beta29", "deploy": {"kubectl": {"manifests": ["a"]}}, "profiles": [profile]}
    assert upgrade_data(data)["profiles"][0]["patches"] == [{"op": "remove", "path": "/manifests/rawYaml"}]


@pytest.mark.parametrize(
    ("pattern", "dest", "rule"),
    [
        ("/public/A/B/a.html", "/public/A/B", ("/public/A/B/a.html", "/", "", True)),
        ("/b.html", "/www", ("/b.html", "/www", "/", True)),
        ("public/A/d.html", "public/A/", ("public/A/d.html", ".", "", True)),
        ("public/*", "/app/public/", ("public/*", "/app/", "", True)),
        ("/public/b/*.js", "/app", ("/public/b/*.js", "/app", "/public/b/", True)),
        ("**/*.js", ".", ("**/*.js", ".", "", False)),
        ("src/***/*.js", "app/", ("src/**/*.js", "app/", "src/", True)),
        ("dir/", "x", ("dir/", "x", "", False)),
        ("", "x", ("", "x", "", False)),
        ("*.py", "", ("*.py", "", "", True)),
    ],
)
def test_sync_rule(pattern: str, dest: str, rule: tuple[str, str, str, bool]) -> None:
    assert sync_rule(pattern, dest) == rule
