"""Declared builders: reading the declaration, the command that creates one, and comparing with what is there."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.builder import BuilderSpec, NodeSpec
from buildx_tasks.planning.builders.declared import implicit_builder, parse_builders, with_insecure_registries
from buildx_tasks.planning.builders.state import compare_builder, config_facts, create_argv

FILES = {
    "/w/buildkitd.toml": "[worker.oci]\n  max-parallelism = 2\n",
    "/w/broken.toml": "[worker.oci]\nmax-parallelism = two\n",
    "/w/quoted.toml": "[registry.'reg:5000']\nhttp = true\n",
    "/w/strange.toml": "registry = 5\n",
}
DATA = Path(__file__).parents[2] / "data" / "toml"


def read(path: str) -> str:
    if path not in FILES:
        raise FileNotFoundError(2, "No such file or directory", path)
    return FILES[path]


def parse(**declared: object) -> dict[str, BuilderSpec]:
    return parse_builders(declared, cwd="/w", home="/home/u", read=read)


def test_a_remote_builder_with_tls_has_absolute_paths() -> None:
    tls = {"ca": "certs/ca.pem", "cert": "~/cert.pem", "key": "/k.pem", "servername": "build.example"}
    (node,) = parse(safe={"driver": "remote", "endpoint": "tcp://build:1234", "tls": tls})["safe"].nodes
    assert node.endpoint == "tcp://build:1234"
    assert dict(node.options) == {
        "cacert": "/w/certs/ca.pem",
        "cert": "/home/u/cert.pem",
        "key": "/k.pem",
        "servername": "build.example",
    }


def test_several_nodes_are_one_builder() -> None:
    nodes = [
        {"endpoint": "tcp://a:1", "platforms": ["linux/amd64"]},
        {"endpoint": "tcp://b:1", "platforms": "linux/arm64"},
    ]
    spec = parse(two={"driver": "remote", "nodes": nodes})["two"]
    assert [(node.endpoint, node.platforms) for node in spec.nodes] == [
        ("tcp://a:1", ("linux/amd64",)),
        ("tcp://b:1", ("linux/arm64",)),
    ]
    assert len({node.name for node in spec.nodes}) == 2


def test_a_container_builder_needs_no_more_than_a_name() -> None:
    spec = parse(local={})["local"]
    assert (spec.driver, len(spec.nodes)) == ("docker-container", 1)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"drivr": "remote"}, "driver"),
        ({"driver": "remot"}, "remote"),
        ({"driver": "remote"}, "endpoint"),
        ({"driver": "remote", "endpoint": "build:1"}, "tcp://"),
        ({"platforms": ["linux/amd65"]}, "amd65"),
        ({"buildkitd-config": "missing.toml"}, "missing.toml"),
        ({"buildkitd-config": "broken.toml"}, "/w/broken.toml is not valid TOML: Invalid value (at line 2, column 19)"),
        ({"bootstrap": "perhaps"}, "bootstrap"),
        ("text", "mapping"),
    ],
)
def test_every_mistake_is_named(value: object, said: str) -> None:
    with pytest.raises(CannotStart) as caught:
        parse(wrong=value)
    assert "wrong" in caught.value.message
    assert said in str(caught.value)


def test_all_mistakes_come_at_once() -> None:
    with pytest.raises(CannotStart) as caught:
        parse(a={"driver": "remote"}, b={"drivr": "x"})
    assert len(caught.value.message.splitlines()) >= 2


class TestVariables:
    def implicit(self, **environ: str) -> BuilderSpec | None:
        return implicit_builder(environ, cwd="/w", exists=lambda path: not path.endswith("missing/ca.pem"))

    def test_a_host_alone_is_a_builder_with_a_stable_name(self) -> None:
        first = self.implicit(BUILDKIT_HOST="tcp://build:1234")
        again = self.implicit(BUILDKIT_HOST="tcp://build:1234")
        other = self.implicit(BUILDKIT_HOST="tcp://other:1234")
        assert first is not None
        assert again is not None
        assert other is not None
        assert first.name == again.name != other.name
        assert (first.driver, first.nodes[0].endpoint) == ("remote", "tcp://build:1234")

    def test_a_tls_folder_gives_its_files(self) -> None:
        spec = self.implicit(BUILDKIT_HOST="tcp://build:1234", BUILDKIT_TLS_DIR="certs")
        assert spec is not None
        assert spec.nodes[0].option("cacert") == "/w/certs/ca.pem"
        assert spec.nodes[0].option("key") == "/w/certs/key.pem"

    def test_without_a_host_there_is_none(self) -> None:
        assert self.implicit() is None

    @pytest.mark.parametrize("host", ["build:1234", "http://build"])
    def test_another_kind_of_host_is_refused(self, host: str) -> None:
        with pytest.raises(CannotStart, match="BUILDKIT_HOST"):
            self.implicit(BUILDKIT_HOST=host)


SPEC = BuilderSpec(
    name="two",
    driver="remote",
    nodes=(
        NodeSpec(name="two0", endpoint="tcp://a:1", platforms=("linux/amd64",), options=(("cacert", "/a,b.pem"),)),
        NodeSpec(name="two1", endpoint="tcp://b:1", platforms=("linux/arm64",)),
    ),
)


def test_the_first_node_creates_and_the_others_are_appended() -> None:
    first, second = SPEC.nodes
    assert create_argv(SPEC, first, append=False) == (
        "docker", "buildx", "create", "--name", "two", "--driver", "remote", "--node", "two0",
        "--platform", "linux/amd64", "--driver-opt", '"cacert=/a,b.pem"', "tcp://a:1",
    )  # fmt: skip
    assert create_argv(SPEC, second, append=True)[9:11] == ("--append", "--platform")


def instance(**changes: Any) -> dict[str, Any]:
    nodes = [
        {
            "Name": "two0",
            "Endpoint": "tcp://a:1",
            "Platforms": [{"os": "linux", "architecture": "amd64"}],
            "DriverOpts": {"cacert": "/a,b.pem"},
        },
        {"Name": "two1", "Endpoint": "tcp://b:1", "Platforms": [{"os": "linux", "architecture": "arm64"}]},
    ]
    return {"Name": "two", "Driver": "remote", "Nodes": nodes, **changes}


def test_what_is_as_declared_needs_nothing() -> None:
    assert compare_builder(SPEC, instance()).same


def test_what_is_not_known_is_missing_whole() -> None:
    state = compare_builder(SPEC, {})
    assert (state.known, state.missing) == (False, SPEC.nodes)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (instance(Driver="docker-container"), "driver is docker-container, declared is remote"),
        (instance(Nodes=[*instance()["Nodes"], {"Name": "extra"}]), "node extra is not declared"),
        (instance(Nodes=[{**instance()["Nodes"][0], "Endpoint": "tcp://z:1"}, instance()["Nodes"][1]]), "tcp://z:1"),
        (instance(Nodes=[{**instance()["Nodes"][0], "DriverOpts": {}}, instance()["Nodes"][1]]), "cacert"),
    ],
)
def test_every_difference_is_named(found: dict[str, Any], said: str) -> None:
    state = compare_builder(SPEC, found)
    assert not state.same
    assert any(said in text for text in state.differences)


def test_a_node_that_is_not_there_is_only_missing() -> None:
    state = compare_builder(SPEC, instance(Nodes=instance()["Nodes"][:1]))
    assert [node.name for node in state.missing] == ["two1"]
    assert state.differences == ()


def test_insecure_registries_become_configuration_of_a_builder_that_is_started_by_its_driver() -> None:
    started = with_insecure_registries(parse(local={})["local"], ("reg:5000",))
    assert 'registry."reg:5000"' in started.nodes[0].config
    given = parse(local={"buildkitd-config": "buildkitd.toml"})["local"]
    both = with_insecure_registries(given, ("reg:5000",)).nodes[0].config
    assert "max-parallelism" in both
    assert 'registry."reg:5000"' in both
    remote = parse(far={"driver": "remote", "endpoint": "tcp://a:1"})["far"]
    assert with_insecure_registries(remote, ("reg:5000",)) == remote


@pytest.mark.parametrize(("file", "expected"), [("quoted", 0), ("strange", 1)])
def test_a_registry_that_the_configuration_mentions_is_left_alone(file: str, expected: int) -> None:
    spec = with_insecure_registries(parse(local={"buildkitd-config": f"{file}.toml"})["local"], ("reg:5000",))
    assert spec.nodes[0].config.count('[registry."reg:5000"]') == expected


def stored(text: str) -> dict[str, Any]:
    files = {"buildkitd.toml": base64.b64encode(text.encode()).decode()}
    return {"Name": "local", "Driver": "docker-container", "Nodes": [{"Name": "local0", "Files": files}]}


def test_a_configuration_is_compared_by_what_it_says() -> None:
    spec = parse(local={"buildkitd-config": "buildkitd.toml"})["local"]
    assert compare_builder(spec, stored("[worker]\n\n  [worker.oci]\n    max-parallelism = 2\n")).same
    assert not compare_builder(spec, stored("[worker.oci]\nmax-parallelism = 3\n")).same
    assert not compare_builder(spec, stored("")).same


class TestConfigFacts:
    def test_what_buildx_stores_is_the_same_but_for_the_folder_of_the_certificates(self) -> None:
        """`stored.toml` is what buildx 0.13 and 0.29 both made of `declared.toml`."""
        declared, stored = ((DATA / name).read_text() for name in ("declared.toml", "stored.toml"))
        assert config_facts(declared) == config_facts(stored)
        assert config_facts(stored) != config_facts(stored.replace("ip.pem", "other.pem"))
        assert config_facts(stored) != config_facts(stored.replace("core.harbor.domain", "elsewhere"))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("a = 1", "a=1 # why"),
            ("a = 'x'", 'a = "x"'),
            ("a = [1, 2,]", "a = [\n  1, # one\n  2\n]"),
            ("a = 1_000", "a = 1000"),
            ('[a."b.c"]\nd = true', '[a]\n  [a."b.c"]\n  d = true'),
            ("[a]\nb = 1\nc = 2", "[a]\nc = 2\nb = 1"),
            ("a.b = 1", "[a]\nb = 1"),
            ("a = {b = 1}", "[a]\nb = 1"),
            ('a = """\nx"""', 'a = "x"'),
            ("[registry]", ""),
            ("", "# nothing\n\n"),
        ],
    )
    def test_spelling_does_not_count(self, one: str, other: str) -> None:
        assert config_facts(one) == config_facts(other)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("a = 1", "a = 2"),
            ("a = 1", "a = true"),
            ("a = 'x # y'", "a = 'x # z'"),
            ("a = ['b c']", "a = ['bc']"),
            ("a = []", ""),
            ("[a]\nb = 1", "[c]\nb = 1"),
            ("[[a]]\nb = 1\n[[a]]\nb = 2", "[[a]]\nb = 2\n[[a]]\nb = 1"),
            ("a = true", ""),
            ("not toml", ""),
        ],
    )
    def test_meaning_does(self, one: str, other: str) -> None:
        assert config_facts(one) != config_facts(other)


@pytest.mark.parametrize(("buildx", "expected"), [("0.12.1", "--config"), ("0.13", "--buildkitd-config")])
def test_the_flag_for_a_configuration_has_had_two_names(buildx: str, expected: str) -> None:
    spec = parse(local={})["local"]
    argv = create_argv(spec, spec.nodes[0], append=False, config_file="/t.toml", buildx=Version(buildx))
    assert argv[-2:] == (expected, "/t.toml")


def test_keys_are_written_in_any_fashion() -> None:
    one, two, three = (
        parse(local={key: {"image": "x"}})["local"] for key in ("driver-opts", "driverOpts", "driver_opts")
    )
    assert one == two == three
    assert parse(local={"driver-opts": ["image=x"]})["local"] == one


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"driver": "docker"}, "builder: default"),
        ({"endpoint": "tcp://a:1"}, "say the driver"),
        ({"driver": "remote", "endpoint": "tcp://a:1", "tls": {"cert": "c.pem"}}, "cert and key belong together"),
        ({"tls": {"ca": "c.pem"}, "driver": "docker-container"}, "tls is for driver remote"),
        ({"driver": "remote", "endpoint": "tcp://a:1", "buildkitd-config": "x"}, "buildkitd-config is for"),
        ({"driver": "remote", "nodes": []}, "nodes must be a list"),
        ({"driver": "remote", "endpoint": "tcp://a:1", "nodes": [{"endpoint": "tcp://b:1"}]}, "belong to the nodes"),
        ({"nodes": [{"name": "n"}, {"name": "n"}]}, "two nodes are named n"),
        ({"driver-opts": ["image"]}, "'image' has no value"),
        ({"driver": "remote", "endpoint": "tcp://host"}, "'tcp://host' has no host and port; write it as tcp://HOST:P"),
        ({"driver": "remote", "endpoint": "tcp://host:x"}, "has no host and port"),
        ({"driver": "remote", "endpoint": "nonsense://x"}, "is not the address of a BuildKit"),
        ({"driver": "remote", "nodes": [{"endpoint": "tcp://a:1"}] * 2}, "two nodes have the endpoint tcp://a:1"),
        ({"driver": "remote", "endpoint": "tcp://a:1", "tls": {"ca": ["x"]}}, "builder wrong, tls: ca must be text"),
    ],
)
def test_what_does_not_fit_together_is_named(value: object, said: str) -> None:
    with pytest.raises(CannotStart, match=said):
        parse(wrong=value)


@pytest.mark.parametrize("name", ["default", "Default", "off", "1st", "a b"])
def test_names_that_buildx_refuses(name: str) -> None:
    with pytest.raises(CannotStart, match=f"builder {name}"):
        parse_builders({name: {}}, cwd="/w", home="/h", read=read)


def test_templates_come_from_the_environment() -> None:
    declared = {"far": {"driver": "remote", "endpoint": "tcp://HOST:1"}}
    spec = parse_builders(declared, cwd="/w", home="/h", read=read, expand=lambda text: text.replace("HOST", "build"))
    assert spec["far"].nodes[0].endpoint == "tcp://build:1"


def test_templates_that_fail_are_told_with_their_place_among_the_other_problems() -> None:
    def expand(text: str) -> str:
        if "BROKEN" in text:
            raise CannotStart("template is broken")
        return text.replace("{{.HOST}}", "<no value>")

    with pytest.raises(CannotStart) as told:
        parse_builders(
            {"a": {"driver-opts": {"image": "BROKEN"}}, "b": {"driver": "remote", "endpoint": "tcp://{{.HOST}}:1"}},
            cwd="/w",
            home="/h",
            read=read,
            expand=expand,
        )
    assert told.value.message.splitlines() == [
        "builder a: driver option image: template is broken",
        "builder b: endpoint: 'tcp://{{.HOST}}:1' names a variable that is not set",
    ]


def test_names_that_buildx_takes_for_the_same() -> None:
    with pytest.raises(CannotStart, match="builder ci: declared twice"):
        parse_builders({"CI": {}, "ci": {}}, cwd="/w", home="/h", read=read)
