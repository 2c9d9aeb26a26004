"""Rules of Skaffold's validation: each with what breaks it and what does not."""

from __future__ import annotations

import pytest

from buildx_tasks.document.validate import validate_text
from buildx_tasks.model.apiversion import NEWEST, PREFIX


def config(body: str, version: str = NEWEST) -> str:
    return f"apiVersion: {PREFIX}{version}\nkind: Config\n{body}"


def artifacts(*items: str, build: str = "", version: str = NEWEST) -> str:
    return config(f"build: {{{build}artifacts: [{', '.join('{' + item + '}' for item in items)}]}}\n", version)


DIGEST = "sha256:" + "0" * 64
BROKEN = [
    # what Skaffold wants set
    ("required", "build.artifacts[0].image", artifacts("docker: {}")),
    ("required", "build.artifacts[0].image", artifacts("image: ''")),
    ("required", "build.artifacts[0].imageName", artifacts("docker: {}, imageName: ''", version="v1alpha3")),
    ("required", "build.artifacts[0].bazel.target", artifacts("image: app, bazel: {}")),
    ("required", "build.artifacts[0].docker.secrets[0].id", artifacts("image: app, docker: {secrets: [{src: a}]}")),
    (
        "required",
        "build.artifacts[0].docker.secret.id",
        artifacts("image: app, docker: {secret: {src: a}}", version="v2beta10"),
    ),
    ("required", "build.tagPolicy.envTemplate.template", config("build: {tagPolicy: {envTemplate: {}}}\n")),
    ("required", "profiles[0].name", config("profiles: [{build: {}}]\n")),
    ("required", "profiles[0].patches[0].path", config("profiles: [{name: p, patches: [{op: add}]}]\n")),
    ("required", "verify[0].container", config("verify: [{name: a}]\n")),
    ("required", "verify[0].container.name", config("verify: [{name: a, container: {image: b}}]\n")),
    ("required", "manifests.helm.releases", config("manifests: {helm: {}}\n")),
    ("required", "deploy.helm.releases", config("deploy: {helm: {releases: []}}\n", "v2beta29")),
    ("required", "requires[0].git.repo", config("requires: [{git: {path: a}}]\n")),
    (
        "required",
        "profiles[1].build.artifacts[0].sync.manual[0].dest",
        config("profiles: [{name: a}, {name: b, build: {artifacts: [{image: x, sync: {manual: [{src: a}]}}]}}]\n"),
    ),
    # one of a group
    ("one-of", "build.cluster", config("build: {local: {}, cluster: {}}\n")),
    ("one-of", "build.artifacts[0].jib", artifacts("image: app, docker: {}, jib: {}")),
    ("one-of", "build.tagPolicy.sha256", config("build: {tagPolicy: {gitCommit: {}, sha256: {}}}\n", "v1alpha2")),
    ("one-of", "build.artifacts[0].sync.infer", artifacts("image: a, sync: {manual: [{src: a, dest: b}], infer: [c]}")),
    ("one-of", "build.artifacts[0].sync.auto", artifacts("image: a, sync: {infer: [c], auto: false}")),
    ("one-of", "requires[0].git", config("requires: [{path: a, git: {repo: b}}]\n")),
    ("one-of", "profiles[0].build.local", config("profiles: [{name: p, build: {googleCloudBuild: {}, local: {}}}]\n")),
    (
        "one-of",
        "test[0].custom[0].dependencies.paths",
        config("test: [{custom: [{command: x, dependencies: {command: a, paths: [b]}}], image: a}]\n"),
    ),
    # images
    ("image-name", "build.artifacts[0].image", artifacts("image: 'app:1'")),
    ("image-name", "build.artifacts[0].image", artifacts(f"image: 'app@{DIGEST}'")),
    ("image-name", "build.artifacts[0].image", artifacts("image: '!!'")),
    ("image-name", "build.artifacts[0].imageName", artifacts("imageName: 'app:1'", version="v1alpha1")),
    ("duplicate-image", "build.artifacts[1].image", artifacts("image: app", "image: app")),
    ("duplicate-image", "build.artifacts[0].image", artifacts("image: app") + "---\n" + artifacts("image: app")),
    # dependencies
    ("unknown-dependency", "build.artifacts[0].requires[0]", artifacts("image: app, requires: [{image: base}]")),
    ("dependency-cycle", "build.artifacts[0].requires[0]", artifacts("image: a, requires: [{image: a}]")),
    (
        "dependency-cycle",
        "build.artifacts[1].requires[0]",
        artifacts("image: a, requires: [{image: b}]", "image: b, requires: [{image: a}]"),
    ),
    ("alias", "build.artifacts[0].requires[0]", artifacts("image: a, requires: [{image: x/b}]", "image: x/b")),
    (
        "alias",
        "build.artifacts[0].requires[0]",
        artifacts("image: a, custom: {}, requires: [{image: b, alias: 1A}]", "image: b"),
    ),
    (
        "alias",
        "build.artifacts[0].requires[1]",
        artifacts("image: a, requires: [{image: b, alias: B}, {image: c, alias: B}]", "image: b", "image: c"),
    ),
    # builders
    ("builder-type", "build.artifacts[0].kaniko", artifacts("image: app, kaniko: {}")),
    (
        "builder-type",
        "build.artifacts[0].bazel",
        artifacts("image: app, bazel: {target: x}", build="googleCloudBuild: {}, "),
    ),
    ("builder-type", "build.artifacts[0].docker", artifacts("image: app, docker: {}", build="cluster: {}, ")),
    (
        "builder-type",
        "build.artifacts[0].jibMaven",
        artifacts("image: app, jibMaven: {}", build="cluster: {}, ", version="v1beta13"),
    ),
    ("network-mode", "build.artifacts[0].docker.network", artifacts("image: app, docker: {network: 'Container:-x'}")),
    (
        "ignore-without-paths",
        "build.artifacts[0].custom.dependencies.ignore",
        artifacts("image: app, custom: {dependencies: {command: x, ignore: [a]}}"),
    ),
    (
        "ignore-without-paths",
        "test[0].custom[0].dependencies.ignore",
        config("test: [{image: a, custom: [{command: x, dependencies: {ignore: [b]}}]}]\n"),
    ),
    (
        "sync-strip",
        "build.artifacts[0].sync.manual[0].strip",
        artifacts("image: app, sync: {manual: [{src: a/b, dest: c, strip: b/}]}"),
    ),
    ("jib-type", "build.artifacts[0].jib.type", artifacts("image: app, jib: {type: ant}")),
    ("ko-sync", "build.artifacts[0].ko.main", artifacts("image: app, ko: {main: ./...}, sync: {infer: [kodata/*]}")),
    ("ko-sync", "build.artifacts[0].sync.infer[0]", artifacts("image: app, ko: {}, sync: {infer: ['*.html']}")),
    # the rest of a pipeline
    (
        "tag-policy",
        "build.tagPolicy.sha256",
        config("build: {tagPolicy: {sha256: {}}, local: {tryImportMissing: yes}}\n"),
    ),
    (
        "worker-pool",
        "build.googleCloudBuild.workerPool",
        config("build: {googleCloudBuild: {workerPool: pool}}\n", "v2beta17"),
    ),
    ("resource-type", "portForward[0].resourceType", config("portForward: [{resourceType: ingress}]\n")),
    ("resource-type", "portForward[0]", config("portForward: [{port: 80}]\n")),
    ("logs-prefix", "deploy.logs.prefix", config("deploy: {logs: {prefix: pod}}\n")),
    # our own block
    (
        "unknown-artifact",
        ".buildx.artifacts.ap",
        artifacts("image: app") + ".buildx: {artifacts: {ap: {labels: {a: b}}}}\n",
    ),
    # what stops an upgrade
    ("no-upgrade", "build.acr", config("build: {acr: {}}\n", "v1alpha5")),
    ("no-upgrade", "profiles[0].deploy.kpt", config("profiles: [{name: p, deploy: {kpt: {}}}]\n", "v2beta29")),
    # what only Skaffold's own upgrade breaks
    (
        "skaffold-slip",
        "build.artifacts[0].bazel.target",
        artifacts("image: app, bazel: {target: x}", version="v1beta8"),
    ),
    (
        "skaffold-slip",
        "build.artifacts[0].docker",
        artifacts("image: app, docker: {}", build="kaniko: {}, ", version="v1beta6"),
    ),
]


@pytest.mark.parametrize(("code", "path", "text"), BROKEN, ids=[f"{r[0]}-{r[1]}" for r in BROKEN])
def test_a_broken_rule_is_one_finding_at_its_place(code: str, path: str, text: str) -> None:
    assert [(item.code, item.path) for item in validate_text(text)] == [(code, path)]


@pytest.mark.parametrize("text", ["skaffold/v4beta14\n", "skaffold/v4beta14\nkind: ''\n", "skaffold/v2beta29\n"])
def test_a_missing_kind_is_a_warning_and_to_skaffold_an_error(text: str) -> None:
    config = f"apiVersion: {text}"
    assert validate_text(config) == []
    (warning,) = validate_text(config, warnings=True)
    (error,) = validate_text(config, upstream=True)
    assert (warning.code, warning.path, warning.severity) == ("missing-kind", "kind", "warning")
    assert (error.code, error.path, error.severity) == ("missing-kind", "kind", "error")


KEPT = [
    artifacts("image: ko://github.com/Org/App"),
    artifacts("image: gcr.io/x/App"),
    artifacts("image: a, requires: [{image: b, alias: B}, {image: c, alias: C}]", "image: b", "image: c"),
    artifacts("image: a, requires: [{image: b}]") + "---\n" + artifacts("image: b"),
    artifacts("image: a, buildpacks: {}, requires: [{image: x/b}]", "image: x/b"),
    artifacts("image: app, kaniko: {}", build="cluster: {}, "),
    artifacts("image: app", build="cluster: {}, "),
    artifacts("image: app, docker: {network: 'container:{{.NAME}}'}"),
    artifacts("image: app, docker: {network: mine}"),
    artifacts("image: app, docker: {secrets: [{id: a, src: ''}]}"),
    artifacts("image: app, jib: {type: MAVEN}"),
    artifacts("image: app, ko: {}, sync: {infer: ['kodata/**']}"),
    artifacts("image: app, sync: {manual: [{src: a/*.js, dest: ., strip: a/}]}"),
    artifacts("image: app, docker: , jib: {}"),
    config("build: {local: , cluster: {}}\n"),
    config("build: {tagPolicy: {sha256: {}}, local: {tryImportMissing: false}}\n"),
    config("build: {googleCloudBuild: {workerPool: projects/p/locations/l/workerPools/w}}\n"),
    config("profiles: [{name: p, build: {artifacts: [{image: 'app:1'}], local: {}}, portForward: [{port: 1}]}]\n"),
    config("manifests: {helm: {releases: []}}\n"),
    config("deploy: {helm: {}, kubectl: {}}\n"),
    config("deploy: {kubectl: {}, helm: {releases: [{name: a, chartPath: b}]}}\n", "v1beta5"),
    config("requires: [{configs: [a]}]\n"),
    artifacts("image: app, bazel: {target: x}", version="v1beta9"),
    artifacts("imageName: app", version="v1alpha1") + ".buildx: {artifacts: {app: {}}}\n",
    config(
        "profiles: [{name: p, build: {artifacts: [{image: a}]},\n"
        "  patches: [{path: /x, value: b}, {path: /y, value: {image: c}}]}]\n"
        ".buildx: {artifacts: {a: , b: , c: }}\n"
    ),
]


@pytest.mark.parametrize("text", KEPT)
def test_what_skaffold_allows_is_no_finding(text: str) -> None:
    assert [str(item) for item in validate_text(text)] == []


def test_an_image_of_a_required_file_may_be_unknown_here() -> None:
    needing = artifacts("image: app, requires: [{image: base, alias: BASE}]")
    text = needing + "requires: [{path: ../base}]\n"
    assert [item.code for item in validate_text(text)] == ["unknown-dependency"]
    assert validate_text(text, elsewhere=["base"]) == []
    assert validate_text(text, elsewhere=None) == []
    assert [item.severity for item in validate_text(text, elsewhere=None, warnings=True)] == ["warning"]
    assert [item.severity for item in validate_text(needing, elsewhere=None)] == ["error"]


def test_a_cycle_is_told_with_its_members() -> None:
    text = artifacts(
        "image: a, requires: [{image: b}]", "image: b, requires: [{image: c}]", "image: c, requires: [{image: b}]"
    )
    (finding,) = validate_text(text)
    assert finding.message == "artifacts require each other: b -> c -> b"
