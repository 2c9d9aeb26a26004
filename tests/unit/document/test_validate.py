"""Structure: what Skaffold's parser refuses and what it takes, each finding at its place."""

from __future__ import annotations

import pytest

from buildx_tasks.document import validate
from buildx_tasks.document.validate import validate_text
from buildx_tasks.document.yaml import nodes, reading
from buildx_tasks.document.yaml.source import parse
from buildx_tasks.model.apiversion import NEWEST, PREFIX
from buildx_tasks.model.finding import Finding

HEAD = f"apiVersion: {PREFIX}{NEWEST}\nkind: Config\n"


def config(body: str, version: str = NEWEST) -> str:
    return f"apiVersion: {PREFIX}{version}\nkind: Config\n{body}"


def artifact(lines: str, version: str = NEWEST) -> str:
    """A config with one artifact `app`; `lines` are the rest of it, in flow style."""
    return config(f"build:\n  artifacts:\n  - {{image: app, {lines}}}\n", version)


def only(text: str, *, upstream: bool = False) -> Finding:
    findings = validate_text(text, upstream=upstream)
    assert len(findings) == 1, [str(item) for item in findings]
    return findings[0]


OLD_CONTAINER = "verify: [{{name: a, container: {{name: a, image: b, {more}}}}}]\n"
"""A verify case of a version in which its container was one of Kubernetes'."""

ACCEPTED = {
    "empty sections": config("build:\ndeploy: ~\nverify: null\nprofiles: []\n"),
    "null items": config("build: {artifacts: [null]}\n"),
    "any scalar for a string": artifact("context: 1, docker: {dockerfile: true, target: 1.5, buildArgs: {A: 1, B: }}"),
    "old boolean words": artifact("docker: {noCache: yes, pullParent: 'On', squash: n}"),
    "fractions for whole numbers": config("build: {local: {concurrency: 3.5}}\n"),
    "a dotted key of any shape": config(".anchors: [1, {a: b}]\n.x: 3\n"),
    "number keys": artifact("docker: {buildArgs: {1: a, true: b}}"),
    "a port by name, number or fraction": config(
        "portForward:\n- {resourceType: Pod, port: http}\n- {resourceType: POD, port: 1.5}\n"
    ),
    "unknown keys of kaniko": config(
        "build: {cluster: {x: 1}, artifacts: [{image: app, kaniko: {noPush: true, cache: {x: 1}}}]}\n"
    ),
    "an enumeration's stranger": config("build: {tagPolicy: {gitCommit: {variant: tags}}}\n"),
    "a missing required key of an old version": artifact("buildpacks: {}", "v2beta20"),
    "false as a plain key": config("deploy: {kpt: {false: true}}\n", "v4beta7"),
    "variables of old verify containers": config(
        "verify: [{name: a, container: {name: a, image: b, env: [{name: A, value: b}]}}]\n", "v4beta5"
    ),
    "what else a Kubernetes container has": config(
        OLD_CONTAINER.format(more="ports: [{containerport: 1}], env: [{name: A, valuefrom: {fieldref: {}}}]"), "v4beta1"
    ),
    "nested helm values": config(
        "deploy: {helm: {releases: [{name: a, chartPath: b, setValues: {a: {b: [1, {c: 2}]}}}]}}\n", "v2beta6"
    ),
    "a byte order mark and CRLF": "\ufeff" + HEAD.replace("\n", "\r\n"),
    "our block": config(
        "build: {artifacts: [{image: app}]}\n"
        ".buildx: {builder: ci, cacheMode: off, artifacts: {app: {cacheTo: [x], buildContexts: {a: ../a}}},\n"
        "  builders: {ci: {driver: remote, endpoint: 'tcp://a:1', tls: {ca: a.pem},\n"
        "    nodes: [{platforms: [linux/arm64]}]}}}\n"
    ),
    "cacheTo from v4beta13 on": artifact("docker: {cacheTo: [type=inline]}", "v4beta13"),
    "any version beside another": config("") + "---\n" + config("build: {artifacts: [{imageName: app}]}\n", "v1alpha2"),
}


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_the_parser_takes_is_no_finding(text: str) -> None:
    assert validate_text(text) == []


REFUSED = [
    # text, line, path, code, words of message and hint
    ("", 1, "", "missing-version", "the file is empty"),
    ("kind: Config\n", 1, "", "missing-version", f"apiVersion is missing, the newest is {PREFIX}{NEWEST}"),
    ("- a\n", 1, "", "not-a-mapping", "a config is a mapping"),
    (HEAD + "---\n", 3, "", "empty-document", "remove the ---"),
    ("apiVersion: skaffold/v4beta99\n", 1, "apiVersion", "newer-version", "update buildx-tasks"),
    ("apiVersion: skaffold/v5\n", 1, "apiVersion", "newer-version", "'skaffold/v5' is newer than"),
    ("apiVersion: skaffold/v2\n", 1, "apiVersion", "unknown-version", "unknown version 'skaffold/v2'"),
    ("apiVersion: skafold/v4beta13\n", 1, "apiVersion", "unknown-version", "did you mean 'skaffold/v4beta13'?"),
    ("apiVersion: [a]\n", 1, "apiVersion", "unknown-version", "must be a string"),
    ("apiVersion: 1\n", 1, "apiVersion", "unknown-version", "'1'"),
    (HEAD + "build:\n\tlocal: {}\n", 4, "", "yaml", "tab"),
    (HEAD + "build: {\n", 4, "", "yaml", "expected"),
    ("\ufeff\ufeff" + HEAD, 1, "", "yaml", "two byte-order marks"),
    (
        config("verify: [{name: a, container: {name: a, image: [b, c]}}]\n", "v4beta1"),
        3,
        "verify[0].container.image",
        "wrong-type",
        "must be a string, not a list",
    ),
    (
        config(OLD_CONTAINER.format(more="command: run"), "v4beta3"),
        3,
        "verify[0].container.command",
        "wrong-type",
        "put it behind a dash",
    ),
    (
        config(OLD_CONTAINER.format(more="env: [{name: A, value: [b]}]"), "v3alpha1"),
        3,
        "verify[0].container.env[0].value",
        "wrong-type",
        "must be a string",
    ),
    (HEAD + "build: {}\nbuild: {}\n", 4, "build", "duplicate-key", "'build' is defined twice, first in line 3"),
    (artifact("docker: {target: a, target: b}"), 5, "build.artifacts[0].docker.target", "duplicate-key", "line 5"),
    (config("biuld: {}\n"), 3, "biuld", "unknown-key", "did you mean 'build'?"),
    (config("build: {.x: 1}\n"), 3, "build..x", "unknown-key", "unknown key '.x'"),
    (
        artifact("dockerFile: x"),
        5,
        "build.artifacts[0].dockerFile",
        "unknown-key",
        "'dockerfile' belongs below 'docker'",
    ),
    (
        config("build: {tagPolicy: {sha256: {x: 1}}}\n"),
        3,
        "build.tagPolicy.sha256.x",
        "unknown-key",
        "no key is allowed",
    ),
    (config("build: {local: {zzz: 1}}\n"), 3, "build.local.zzz", "unknown-key", "known keys: push, "),
    (
        artifact("docker: {cacheTo: [a]}", "v2beta29"),
        5,
        "build.artifacts[0].docker.cacheTo",
        "newer-key",
        "exists since skaffold/v4beta13, this file is skaffold/v2beta29, run: buildx-tasks schema.upgrade",
    ),
    (
        config("deploy: {kubectl: {manifests: [a]}}\n", "v3"),
        3,
        "deploy.kubectl.manifests",
        "older-key",
        "was removed after skaffold/v2beta29, this file is skaffold/v3, write manifests.rawYaml instead",
    ),
    (config("deploy: {name: x}\n"), 3, "deploy.name", "older-key", "remove it"),
    (
        artifact("sync: {'*.js': .}", "v1beta10"),
        5,
        "build.artifacts[0].sync.*.js",
        "unknown-key",
        "up to skaffold/v1beta9 it was a mapping of strings, now write sync.manual",
    ),
    (
        artifact("sync: {auto: {}}", "v2beta9"),
        5,
        "build.artifacts[0].sync.auto",
        "wrong-type",
        "must be true or false, not a mapping",
    ),
    (
        config("build: {tagPolicy: {sha256: {}}}\n", "v1alpha1"),
        3,
        "build.tagPolicy",
        "wrong-type",
        "it is a mapping since skaffold/v1alpha2",
    ),
    (
        artifact("docker: {noCache: 'true'}"),
        5,
        "build.artifacts[0].docker.noCache",
        "wrong-type",
        "leave out the quotes",
    ),
    (
        config("build: {local: {push: '{{.X}}'}}\n"),
        3,
        "build.local.push",
        "wrong-type",
        "templates are expanded in str",
    ),
    (config("build: {local: {push: 1}}\n"), 3, "build.local.push", "wrong-type", "not the number 1"),
    (config("build: {local: {concurrency: '3'}}\n"), 3, "build.local.concurrency", "wrong-type", "whole number"),
    (config("build: {local: {concurrency: true}}\n"), 3, "build.local.concurrency", "wrong-type", "not true"),
    (
        config("build: {local: {concurrency: 99999999999999999999}}\n"),
        3,
        "build.local.concurrency",
        "wrong-type",
        "numb",
    ),
    (artifact("context: [a]"), 5, "build.artifacts[0].context", "wrong-type", "must be a string, not a list"),
    (artifact("docker: {cacheFrom: a}"), 5, "build.artifacts[0].docker.cacheFrom", "wrong-type", "behind a dash"),
    (artifact("docker: {buildArgs: [A=b]}"), 5, "build.artifacts[0].docker.buildArgs", "wrong-type", "mapping of stri"),
    (config("build: {artifacts: [app]}\n"), 3, "build.artifacts[0]", "wrong-type", "must be a mapping, not the string"),
    (
        config("portForward: [{resourceType: pod, port: http}]\n", "v2beta9"),
        3,
        "portForward[0].port",
        "wrong-type",
        "num",
    ),
    (
        config("deploy: {helm: {releases: [{name: a, setValues: [a]}]}}\n"),
        3,
        "deploy.helm.releases[0].setValues",
        "wrong-type",
        "map",
    ),
    (config(".buildx: {bulider: x}\n"), 3, ".buildx.bulider", "unknown-key", "did you mean 'builder'?"),
    (config(".buildx: {attest: some}\n"), 3, ".buildx.attest", "unlisted-value", "auto, none, min, max"),
    (
        config(".buildx: {artifacts: {app: {cacheto: []}}}\n"),
        3,
        ".buildx.artifacts.app.cacheto",
        "unknown-key",
        "cacheTo",
    ),
    (artifact("kaniko: {x: 1}", "v2beta10"), 5, "build.artifacts[0].kaniko.x", "unknown-key", "unknown key 'x'"),
]


@pytest.mark.parametrize(("text", "line", "path", "code", "words"), REFUSED, ids=[f"{r[3]}-{r[2]}" for r in REFUSED])
def test_what_the_parser_refuses_is_told_at_its_place(text: str, line: int, path: str, code: str, words: str) -> None:
    matching = [item for item in validate_text(text) if item.code == code and item.path == path]
    assert len(matching) == 1, [f"{item.code} {item}" for item in validate_text(text)]
    assert matching[0].line == line
    assert words in f"{matching[0].message}, {matching[0].hint}"
    assert matching[0].severity == "error"


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = config(
        "build:\n  local: {push: 3}\n  artifacts:\n  - image: app:1\n    dokcer: {}\n  - image: app\n    requires:\n"
        "    - {image: other}\n  biulder: x\n"
    )
    findings = validate_text(text, file="skaffold.yaml")
    assert [(item.line, item.code) for item in findings] == [
        (4, "wrong-type"),
        (6, "image-name"),
        (7, "unknown-key"),
        (10, "unknown-dependency"),
        (11, "unknown-key"),
    ]
    assert all(item.file == "skaffold.yaml" for item in findings)


def test_problems_of_all_documents_are_told() -> None:
    text = config("biuld: {}\n") + "---\n" + config("deploi: {}\n", "v2beta29") + "---\napiVersion: v1\n"
    assert [(item.line, item.path) for item in validate_text(text)] == [(3, "biuld"), (7, "deploi"), (9, "apiVersion")]


def test_a_wrong_value_is_not_told_as_missing_too() -> None:
    assert only(config("build: {artifacts: [{image: [a]}]}\n")).code == "wrong-type"


WARNED = [
    (artifact("kaniko: {noPush: true}"), "build.artifacts[0].kaniko.noPush", "ignored-key"),
    (config("build: {cluster: {resources: {limit: {}}}}\n"), "build.cluster.resources.limit", "ignored-key"),
    (
        config("build: {tagPolicy: {gitCommit: {variant: Tag}}}\n"),
        "build.tagPolicy.gitCommit.variant",
        "unlisted-value",
    ),
    (
        config("build: {cluster: {tolerations: [{tolerationSeconds: 3}]}}\n"),
        "build.cluster.tolerations[0].tolerationSeconds",
        "camel-key",
    ),
    (
        config("verify: [{name: a, container: {name: a, image: a, imagePullPolicy: Always}}]\n", "v4beta3"),
        "verify[0].container.imagePullPolicy",
        "camel-key",
    ),
    (
        artifact("custom: {buildCommand: x, dependencies: {ignore: [a]}}"),
        "build.artifacts[0].custom.dependencies.ignore",
        "ignore-without-paths",
    ),
]


@pytest.mark.parametrize(("text", "path", "code"), WARNED, ids=[f"{r[2]}-{r[1]}" for r in WARNED])
def test_what_skaffold_takes_without_doing_it_is_a_warning_on_request(text: str, path: str, code: str) -> None:
    found = [item for item in validate_text(text, warnings=True) if item.severity == "warning"]
    assert [(item.path, item.code) for item in found] == [(path, code)]
    assert not [item for item in validate_text(text) if item.code == code]


def test_upstream_tells_what_skaffold_itself_refuses() -> None:
    text = artifact("docker: {cacheTo: [a]}") + ".buildx: {builder: ci}\n"
    assert validate_text(text) == []
    finding = only(text, upstream=True)
    assert (finding.path, finding.code) == ("build.artifacts[0].docker.cacheTo", "upstream")
    profile = config("profiles: [{name: p, build: {artifacts: [{image: app, docker: {cacheTo: []}}]}}]\n")
    assert only(profile, upstream=True).path == "profiles[0].build.artifacts[0].docker.cacheTo"


def test_documents_are_judged_like_their_text() -> None:
    text = artifact("dokcer: {}")
    assert validate.validate_documents(parse(text), file="a.yaml") == validate_text(text, file="a.yaml")


def nested(count: int, opening: str, closing: str) -> str:
    return HEAD + "build: " + opening * count + closing * count + "\n"


BOMB = "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(9))
MERGES = "".join(f".m{n + 1}: &m{n + 1} {{<<: *m{n}}}\n" for n in range(2000))
HOSTILE = {
    "deep lists": nested(50_000, "[", "]"),
    "deep mappings": nested(50_000, "{a: ", "}"),
    "as deep as is read": nested(nodes.MAX_DEPTH - 2, "[", "]"),
    "deep blocks": HEAD + "".join("  " * n + "build:\n" for n in range(500)),
    "an alias bomb": HEAD + f".a: &a0 [x]\n{BOMB}",
    "one bomb a document": "".join(f"---\n{HEAD}.a: &a0 [x]\n{BOMB}" for _ in range(20)),
    "a chain of merges": HEAD + f".m0: &m0 {{a: b}}\n{MERGES}",
    "a wide merge": HEAD
    + f".m: &m {{{', '.join(f'k{n}: 1' for n in range(2000))}}}\n<<: [{', '.join(['*m'] * 2000)}]\n",
    "many values": HEAD + "build: [" + "1, " * 300_000 + "]\n",
    "many unknown keys": HEAD + "".join(f"key{n}: 1\n" for n in range(5_000)),
    "an alias of itself": HEAD + ".a: &a [*a]\n",
    "not characters": "\x00\x01\udcff\ufffe",
    "half a pair": HEAD + "build: '\ud800'\n",
    "much text": "#" * (reading.MAX_TEXT + 1),
    "a mapping as key": HEAD + "? {a: b}\n: c\n",
    "a merge of nothing": HEAD + "<<: 3\n",
    "odd tags": HEAD + "build: !!python/object:os.system [a]\ntest: !!int x\ndeploy: !!set {a, b}\n",
    "numbers": HEAD + "build: {local: {concurrency: .nan}}\ntest: .inf\nmetadata: {name: 0x" + "f" * 5000 + "}\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_a_finding_never_an_exception(text: str) -> None:
    findings = validate_text(text, warnings=True, upstream=True)
    assert 1 <= len(findings) <= validate.MAX_FINDINGS + 1


def test_findings_without_number_are_cut_and_counted() -> None:
    findings = validate_text(HOSTILE["many unknown keys"])
    assert findings[-1].message == f"and at least {validate.MAX_FINDINGS} more problems"
