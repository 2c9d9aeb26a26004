from __future__ import annotations

import http.server
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from loading import load_configs

from buildx_tasks.errors import CannotStart, ConfigInvalid
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.model.config import ActiveProfile, Config
from buildx_tasks.model.settings import Settings

HEAD = "apiVersion: skaffold/v4beta14\nkind: Config\n"


def load(
    cwd: Path, settings: Settings | None = None, environ: dict[str, str] | None = None, kube: str = "", stdin: str = ""
) -> tuple[Config, ...]:
    return load_configs(
        settings or Settings(),
        environ=environ or {},
        cwd=cwd,
        kube_context=kube,
        runner=ShellRunner({}),
        stdin=io.StringIO(stdin),
    )


def write(folder: Path, name: str = "skaffold.yaml", body: str = "build: {artifacts: [{image: app}]}\n") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + body, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        ("skaffold.yaml", ""),
        ("skaffold.yml", ""),
        ("skaffold.yml", "skaffold.yaml"),
        ("sub/skaffold.yml", "sub/skaffold.yaml"),
        ("sub/skaffold.yaml", "sub"),
        ("other.yaml", "./other.yaml"),
    ],
)
def test_finds_the_file(tmp_path: Path, name: str, filename: str) -> None:
    write(tmp_path, name)
    (config,) = load(tmp_path, Settings(filename=filename))
    assert (config.file, config.artifacts[0].image, config.artifacts[0].context) == (name, "app", ".")
    assert config.artifacts[0].line == 3


def test_yaml_comes_before_yml_and_absolute_names_work(tmp_path: Path) -> None:
    write(tmp_path, "skaffold.yml", "build: {artifacts: [{image: wrong}]}\n")
    path = write(tmp_path)
    assert load(tmp_path)[0].artifacts[0].image == "app"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (config,) = load(elsewhere, Settings(filename=str(path)))
    assert (config.file, config.artifacts[0].context) == (str(path), ".")


@pytest.mark.parametrize("filename", ["", "other.yaml", "skaffold.yml"])
def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path, filename: str) -> None:
    with pytest.raises(CannotStart, match=filename or "skaffold.yaml") as caught:
        load(tmp_path, Settings(filename=filename))
    assert "--filename" in caught.value.hint


def test_standard_input_is_read_once(tmp_path: Path) -> None:
    body = "metadata: {name: a}\nrequires: [{configs: [b]}, {path: dep}]\nbuild: {artifacts: [{image: app}]}\n"
    write(tmp_path, "dep/skaffold.yaml", "build: {artifacts: [{image: dep}]}\n")
    text = f"{HEAD}{body}---\n{HEAD}metadata: {{name: b}}\n"
    configs = load(tmp_path, Settings(filename="-"), stdin=text)
    assert [(config.name, config.file) for config in configs] == [
        ("b", "<stdin>"),
        ("", "dep/skaffold.yaml"),
        ("a", "<stdin>"),
    ]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, directory=str(tmp_path / "web"), **kwargs)  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_a_web_address_is_fetched_and_its_paths_begin_in_the_current_folder(tmp_path: Path, server: str) -> None:
    write(tmp_path, "web/c.yaml", f"requires: [{{path: {server}/d.yaml}}, {{path: dep}}]\n")
    write(tmp_path, "web/d.yaml")
    write(tmp_path, "dep/skaffold.yaml", "build: {artifacts: [{image: dep}]}\n")
    url = f"{server}/c.yaml"
    configs = load(tmp_path, Settings(filename=url))
    assert [config.file for config in configs] == [f"{server}/d.yaml", "dep/skaffold.yaml", url]
    assert configs[0].artifacts[0].context == str(tmp_path)


def test_a_web_address_that_does_not_answer_is_named(tmp_path: Path, server: str) -> None:
    (tmp_path / "web").mkdir()
    with pytest.raises(CannotStart, match=r"none\.yaml can't be read: HTTP status 404 Not Found"):
        load(tmp_path, Settings(filename=f"{server}/none.yaml"))


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "1:1", ""),
        ("just text\n", "1:1", ""),
        ("kind: Config\n", "1:1", "apiVersion"),
        ("apiVersion: skaffold/v4beta99\n", "1:1", "v4beta99"),
        ("apiVersion: skaffold/v4beta41\n", "1:1", "v4beta41"),
        (f"{HEAD}kind: Config\n", "3:1", "'kind' is defined twice"),
        (f"{HEAD}build: [\n", "4:1", ""),
        (f"{HEAD}---\nkind: Config\n", "4:1", "apiVersion"),
    ],
)
def test_what_is_no_config_is_told_with_its_place(tmp_path: Path, text: str, place: str, message: str) -> None:
    (tmp_path / "skaffold.yaml").write_text(text)
    with pytest.raises(ConfigInvalid) as caught:
        load(tmp_path)
    assert caught.value.message.startswith(f"skaffold.yaml:{place}: ")
    assert message in caught.value.message


def test_text_that_is_not_utf8_and_folders_are_told(tmp_path: Path) -> None:
    (tmp_path / "skaffold.yaml").write_bytes(b"a: \xff")
    with pytest.raises(CannotStart, match="not UTF-8 text: byte 3"):
        load(tmp_path)
    (tmp_path / "folder" / "skaffold.yaml").mkdir(parents=True)
    with pytest.raises(CannotStart, match="can't be read: Is a directory"):
        load(tmp_path, Settings(filename="folder"))


DOTTED = """\
.arguments: &arguments {A: "1"}
.activation: &activation {env: KEY=VALUE}
build:
  artifacts:
  - image: base
    docker: {buildArgs: {<<: *arguments, B: "2"}}
  - image: app
profiles:
- name: other
  activation: [*activation]
  build:
    artifacts:
    - image: app

    - image: second
- name: patched
  patches:
  - op: add
    path: /build/artifacts/0
    value: {image: first}
.buildx:
  builder: remote
  artifacts:
    app: {attest: min}
    base: {attest: max}
"""


def test_dotted_keys_hold_anchors_and_our_block(tmp_path: Path) -> None:
    write(tmp_path, body=DOTTED)
    (config,) = load(tmp_path)
    assert config.artifacts[0].docker.build_args == (("B", "2"), ("A", "1"))
    assert [artifact.extras.attest for artifact in config.artifacts] == ["max", "min"]
    assert config.buildx["builder"] == "remote"
    assert config.profiles == ()


def test_artifacts_point_at_the_profile_that_brought_them(tmp_path: Path) -> None:
    write(tmp_path, body=DOTTED)
    (config,) = load(tmp_path, Settings(profile=("patched",)), environ={"KEY": "VALUE"})
    assert config.profiles == (
        ActiveProfile(name="other", reason="env KEY=VALUE"),
        ActiveProfile(name="patched", reason="flag"),
    )
    lines = [(artifact.image, artifact.line) for artifact in config.artifacts]
    assert lines == [("first", 22), ("app", 15), ("second", 17)]
    assert config.artifacts[1].place == "skaffold.yaml:15"


def test_a_failing_patch_is_told_with_its_line(tmp_path: Path) -> None:
    body = """\
build: {artifacts: [{image: app}]}
profiles:
- name: p
  patches:
  - path: /build/artifacts/0/docker/target
    value: x
  - path: /build/nothing
"""
    write(tmp_path, body=body)
    with pytest.raises(ConfigInvalid) as caught:
        load(tmp_path, Settings(profile=("p",)))
    first, second = caught.value.message.splitlines()
    assert first.startswith("skaffold.yaml:7:5: profiles[0].patches[0]: applying profile 'p': invalid path: /build/art")
    assert "op: add, path: /build/artifacts/0/docker" in first
    assert second.startswith("skaffold.yaml:9:5: profiles[0].patches[1]: applying profile 'p': invalid path: /build/n")


def test_kube_contexts_activate_and_a_given_one_may_be_changed(tmp_path: Path) -> None:
    body = """\
deploy: {kubeContext: staging}
profiles:
- name: p
  activation: [{kubeContext: kind-.*}]
"""
    write(tmp_path, body=body)
    with pytest.raises(ConfigInvalid, match=r"skaffold\.yaml:5:3: .*activated by kube-context 'kind-x'"):
        load(tmp_path, kube="kind-x")
    assert load(tmp_path, Settings(kube_context="kind-x"), kube="kind-x")[0].profiles[0].reason == "kube-context kind-x"
    assert load(tmp_path, Settings(profile_auto_activation=False), kube="kind-x")[0].profiles == ()


def test_unknown_artifacts_of_our_block_are_told_with_the_near_one(tmp_path: Path) -> None:
    write(tmp_path, body=DOTTED.replace("    base: {attest", "    bace: {attest"))
    with pytest.raises(ConfigInvalid) as caught:
        load(tmp_path)
    assert caught.value.message == (
        "skaffold.yaml:27:5: .buildx.artifacts.bace: there is no artifact 'bace', did you mean base?"
    )
    write(tmp_path, body=DOTTED.replace("    base: {attest", "    second: {attest"))
    load(tmp_path)


def test_overrides_reach_the_artifacts_and_keep_their_line(tmp_path: Path) -> None:
    write(tmp_path, body=DOTTED)
    settings = Settings(set=("app.target=debug", "*.platforms=linux/arm64"), profile=("other",))
    (config,) = load(tmp_path, settings)
    assert [(artifact.docker.target, artifact.platforms, artifact.line) for artifact in config.artifacts] == [
        ("debug", ("linux/arm64",), 15),
        ("", ("linux/arm64",), 17),
    ]
    with pytest.raises(CannotStart, match="no such artifact"):
        load(tmp_path, Settings(set=("nope.target=x",)))


def test_paths_of_required_files_become_absolute(tmp_path: Path) -> None:
    write(
        tmp_path,
        body="requires: [{path: dep}]\nbuild: {artifacts: [{image: a, hooks: {before: [{command: [x], dir: d}]}}]}\n",
    )
    body = """\
build:
  hooks: {after: [{command: [x], dir: d}, {command: [x]}]}
  artifacts:
  - image: b
    context: ../shared/./b
    hooks: {before: [{command: [x], dir: d}]}
    docker: {dockerfile: D, secrets: [{id: i, src: s}]}
  - image: c
    context: /abs/./c
.buildx:
  artifacts:
    b:
      buildContexts: {one: ../one, two: "docker-image://x", three: "oci-layout://x", four: "git@h:r", five: "https://x"}
"""
    write(tmp_path, "dep/skaffold.yaml", body)
    dep, root = load(tmp_path)
    b, c = dep.artifacts
    assert (b.context, c.context) == (f"{tmp_path}/shared/b", "/abs/./c")
    assert (b.hooks.before[0].dir, dep.hooks.after[0].dir, dep.hooks.after[1].dir) == (
        f"{tmp_path}/dep/d",
        f"{tmp_path}/dep/d",
        "",
    )
    assert (b.docker.dockerfile, b.docker.secrets[0].src) == ("D", "s")
    assert dict(b.extras.build_contexts) == {
        "one": f"{tmp_path}/one",
        "two": "docker-image://x",
        "three": f"oci-layout://{tmp_path}/dep/x",
        "four": "git@h:r",
        "five": "https://x",
    }
    assert (root.artifacts[0].context, root.artifacts[0].hooks.before[0].dir) == (".", "d")


@pytest.mark.parametrize(
    "name", ["n" * 300, "a\0b", "skaffold.yaml/under", "~nobody/skaffold.yaml", "http://[bad", "http://127.0.0.1:1/x"]
)
def test_names_that_name_nothing_are_told(tmp_path: Path, name: str) -> None:
    write(tmp_path, body="build: {artifacts: [{image: app}]}\n")
    with pytest.raises(CannotStart, match=r"was not found|can't be read"):
        load(tmp_path, Settings(filename=name))
    quoted = name.replace("\0", "\\0")
    write(tmp_path, body=f'requires: [{{path: "{quoted}"}}]\n')
    with pytest.raises(ConfigInvalid, match=r"^skaffold\.yaml:3:12: requires\[0\]: "):
        load(tmp_path)


def test_passwords_of_addresses_stay_out_of_messages(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"config file http://me:\*\*\*@127\.0\.0\.1:1/x can't be read"):
        load(tmp_path, Settings(filename="http://me:hunter2@127.0.0.1:1/x"))


def test_standard_input_that_is_not_text_is_told(tmp_path: Path) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"a: \xff"), encoding="utf-8")
    with pytest.raises(CannotStart, match="<stdin> is not UTF-8 text"):
        load_configs(
            Settings(filename="-"), environ={}, cwd=tmp_path, kube_context="", runner=ShellRunner({}), stdin=stream
        )


def test_a_long_chain_of_files_ends_with_an_error(tmp_path: Path) -> None:
    for number in range(110):
        write(tmp_path, f"{number}.yaml", f"requires: [{{path: {number + 1}.yaml}}]\n")
    with pytest.raises(ConfigInvalid, match="more than 100 deep"):
        load(tmp_path, Settings(filename="0.yaml"))


NULLS = """\
metadata: null
requires: [null, {configs: [null], activeProfiles: [null]}]
build: {artifacts: [null, {image: a, docker: null, requires: [null], hooks: null}], local: null, tagPolicy: null}
profiles: [null, {name: p, activation: [null, {env: null}], patches: [null], build: null, deploy: {logs: null}}]
.buildx: null
"""


def test_nulls_anywhere_are_as_good_as_absent(tmp_path: Path) -> None:
    write(tmp_path, body=NULLS)
    (config,) = load(tmp_path, Settings(profile=("p",)))
    assert [artifact.image for artifact in config.artifacts] == ["a"]
    assert config.profiles[0].name == "p"
