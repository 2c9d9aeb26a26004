"""Declared builders: the setting ``builders`` and the variables of a CI job, read into values.

All problems of all builders are said at once, with the near match of a wrong key.
"""

from __future__ import annotations

import difflib
import hashlib
import os.path
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.golang.template.values import NO_VALUE
from buildx_tasks.model.builder import (
    CREATABLE,
    DOCKER_CONTAINER,
    DOCKER_DRIVER,
    HOST_VARIABLE,
    KUBERNETES,
    REMOTE,
    STARTED_BY_DRIVER,
    BuilderSpec,
    NodeSpec,
    Options,
)
from buildx_tasks.model.layers import as_boolean, as_tuple
from buildx_tasks.model.platform import Platform, parse_platform
from buildx_tasks.model.settings import OFF

TLS_VARIABLE = "BUILDKIT_TLS_DIR"
TLS_FILES = {"cacert": "ca.pem", "cert": "cert.pem", "key": "key.pem"}

NODE_KEYS = ("name", "endpoint", "platforms", "driver-opts", "tls", "buildkitd-config")
BUILDER_KEYS = ("driver", *NODE_KEYS[1:], "nodes", "bootstrap")
TLS_OPTIONS = {"ca": "cacert", "cert": "cert", "key": "key", "servername": "servername"}
TLS_PATHS = ("cacert", "cert", "key")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_HOST = Platform(os="linux", arch="amd64")
ENDPOINT_HINT = "write it as tcp://HOST:PORT or unix:///PATH"
ENDPOINT_SCHEMES = ("tcp", "unix", "ssh", "docker-container", "kube-pod")
"""What the remote driver of buildx 0.29 connects to; it refuses any other."""
_TELLING_SCHEMES = ("tcp://", "unix://")

ReadText = Callable[[str], str]
"""Gives the text of a file by its absolute path; raises `OSError`."""


def parse_builders(
    declared: Mapping[str, object], *, cwd: str, home: str, read: ReadText, expand: Callable[[str], str] = str
) -> dict[str, BuilderSpec]:
    """Every declared builder by name. Paths are relative to `cwd`, and ``~`` is `home`; `expand` fills templates.

    Raises `CannotStart` with a line for each problem.
    """
    reader = _DeclarationReader(cwd, home, read, expand)
    specs = [reader.builder(str(name), value) for name, value in declared.items()]
    names = [spec.name for spec in specs]
    twice = sorted({name for name in names if names.count(name) > 1})
    reader.problems += [f"builder {name}: declared twice, as buildx keeps all names in lower case" for name in twice]
    if reader.problems:
        raise CannotStart("\n".join(reader.problems), "docs/builders.md describes the keys of a builder")
    return {spec.name: spec for spec in specs}


def implicit_builder(environ: Mapping[str, str], *, cwd: str, exists: Callable[[str], bool]) -> BuilderSpec | None:
    """The builder that BUILDKIT_HOST and BUILDKIT_TLS_DIR stand for, None without the first.

    Its name is the same for the same endpoint and folder, so that jobs on one machine share it. Raises
    `CannotStart` for what is no address, and when the folder has none of the three files, or a certificate without
    its key.
    """
    endpoint = environ.get(HOST_VARIABLE, "")
    if not endpoint:
        return None
    if problem := endpoint_problem(endpoint):
        raise CannotStart(f"{HOST_VARIABLE}: {problem}", ENDPOINT_HINT)
    folder = environ.get(TLS_VARIABLE, "")
    options = _tls_folder(os.path.join(cwd, folder), exists) if folder else ()  # noqa: PTH118 - pure text
    digest = hashlib.sha256("\n".join((endpoint, *(value for _key, value in options))).encode()).hexdigest()
    name = f"buildkit-{digest[:8]}"
    node = NodeSpec(name=f"{name}0", endpoint=endpoint, options=options)
    return BuilderSpec(name=name, driver=REMOTE, nodes=(node,), origin=HOST_VARIABLE)


def endpoint_problem(endpoint: str) -> str:
    """Why an endpoint of the remote driver can't be one; "" when it can."""
    scheme, _mark, rest = endpoint.partition("://")
    if not rest or scheme not in ENDPOINT_SCHEMES:
        return f"{endpoint!r} is not the address of a BuildKit"
    if scheme != "tcp":
        return ""
    try:
        parts = urlsplit(endpoint)
        complete = parts.hostname and parts.port
    except ValueError:
        complete = None
    return "" if complete else f"{endpoint!r} has no host and port"


def _tls_folder(folder: str, exists: Callable[[str], bool]) -> Options:
    paths = {option: os.path.normpath(f"{folder}/{file}") for option, file in TLS_FILES.items()}
    found = tuple((option, path) for option, path in sorted(paths.items()) if exists(path))
    names = dict(found)
    if not found:
        raise CannotStart(
            f"{TLS_VARIABLE} is {folder}, and none of {', '.join(TLS_FILES.values())} is there",
            f"put them there, or unset {TLS_VARIABLE} for an endpoint without TLS",
        )
    if ("cert" in names) != ("key" in names):
        raise CannotStart(f"{TLS_VARIABLE} is {folder}, and only one of cert.pem and key.pem is there")
    return found


def with_insecure_registries(spec: BuilderSpec, registries: tuple[str, ...]) -> BuilderSpec:
    """The same builder, whose BuildKit speaks to `registries` over plain HTTP and without checking certificates.

    Only a BuildKit that the driver starts can be told so; a registry that its configuration mentions stays as is.
    """
    if spec.driver not in STARTED_BY_DRIVER or not registries:
        return spec
    return replace(
        spec, nodes=tuple(replace(node, config=_with_registries(node.config, registries)) for node in spec.nodes)
    )


def _with_registries(config: str, registries: tuple[str, ...]) -> str:
    import tomllib

    mentioned = tomllib.loads(config).get("registry")
    tables = [
        f'[registry."{registry}"]\n  http = true\n  insecure = true\n'
        for registry in registries
        if not isinstance(mentioned, dict) or registry not in mentioned
    ]
    return "\n".join([config.rstrip("\n") + "\n", *tables] if config.strip() and tables else tables) or config


class _DeclarationReader:
    def __init__(self, cwd: str, home: str, read: ReadText, expand: Callable[[str], str]) -> None:
        self.cwd = cwd
        self.home = home
        self.read = read
        self.expand = expand
        self.problems: list[str] = []

    def builder(self, name: str, value: object) -> BuilderSpec:
        where = f"builder {name}"
        if not _NAME.fullmatch(name):
            self.problems.append(f"{where}: a name begins with a letter and has letters, digits and . _ - only")
        if name.lower() == "default":
            self.problems.append(f"{where}: this name is the docker daemon's own builder")
        if name.lower() == OFF:
            self.problems.append(f"{where}: this name means plain docker build")
        fields = self._mapping(value, BUILDER_KEYS, where)
        driver = self._driver(fields, where)
        # buildx keeps all names in lower case.
        spec = BuilderSpec(name=name.lower(), driver=driver, origin=where)
        return replace(spec, nodes=self._nodes(spec, fields), bootstrap=self._flag(fields, "bootstrap", where))

    def _driver(self, fields: Mapping[str, object], where: str) -> str:
        said = fields.get("driver")
        endpoints = [fields.get("endpoint"), *_each(fields.get("nodes"), "endpoint")]
        if said is None:
            if any(str(endpoint or "").startswith(_TELLING_SCHEMES) for endpoint in endpoints) or "tls" in fields:
                self.problems.append(
                    f"{where}: say the driver: remote for a BuildKit at this endpoint, docker-container for one to "
                    "be started in the docker daemon there"
                )
            return DOCKER_CONTAINER
        driver = str(said)
        if driver == DOCKER_DRIVER:
            self.problems.append(f"{where}: driver docker is the daemon's own builder; use builder: default")
        elif driver not in CREATABLE:
            self.problems.append(f"{where}: unknown driver {driver!r}{_near(driver, CREATABLE)}")
        return driver

    def _nodes(self, spec: BuilderSpec, fields: Mapping[str, object]) -> tuple[NodeSpec, ...]:
        nodes = fields.get("nodes")
        if nodes is None:
            return (self._node(spec, 0, fields, spec.origin),)
        common = {key: value for key, value in fields.items() if key in ("driver-opts", "tls", "buildkitd-config")}
        if not isinstance(nodes, list | tuple) or not nodes:
            self.problems.append(f"{spec.origin}: nodes must be a list with an entry for each node")
            return ()
        if "endpoint" in fields or "platforms" in fields:
            self.problems.append(f"{spec.origin}: with nodes, endpoint and platforms belong to the nodes")
        made: list[NodeSpec] = []
        for at, value in enumerate(nodes):
            where = f"{spec.origin}, node {at}"
            own = self._mapping(value, NODE_KEYS, where)
            made.append(self._node(spec, at, {**common, **own}, where))
        names = [node.name for node in made]
        twice = sorted({name for name in names if names.count(name) > 1})
        self.problems += [f"{spec.origin}: two nodes are named {name}" for name in twice]
        if spec.driver != KUBERNETES:
            places = [node.endpoint for node in made]
            same = sorted({place for place in places if place and places.count(place) > 1})
            self.problems += [f"{spec.origin}: two nodes have the endpoint {place}" for place in same]
        return tuple(made)

    def _node(self, spec: BuilderSpec, at: int, fields: Mapping[str, object], where: str) -> NodeSpec:
        endpoint = self._text(fields, "endpoint", where)
        if spec.driver == REMOTE and not endpoint:
            self.problems.append(f"{where}: a remote builder needs an endpoint, such as tcp://buildkit:1234")
        elif spec.driver == REMOTE and (problem := endpoint_problem(endpoint)):
            self.problems.append(f"{where}: {problem}; {ENDPOINT_HINT}")
        options = {**self._options(fields, where), **self._tls(spec, fields, where)}
        return NodeSpec(
            name=self._text(fields, "name", where).lower() or f"{spec.name}{at}",
            endpoint=endpoint,
            platforms=self._platforms(fields, where),
            options=tuple(sorted(options.items())),
            config=self._config(spec, fields, where),
        )

    def _options(self, fields: Mapping[str, object], where: str) -> dict[str, str]:
        value = fields.get("driver-opts") or {}
        if isinstance(value, Mapping):
            said = {str(key): _plain(item) for key, item in value.items()}
            return {key: self._expanded(item, f"{where}: driver option {key}") for key, item in said.items()}
        pairs = [text.partition("=") for text in as_tuple(value, commas=False)]
        self.problems += [f"{where}: driver option {key!r} has no value" for key, equals, _value in pairs if not equals]
        return {key: self._expanded(item, f"{where}: driver option {key}") for key, _equals, item in pairs}

    def _tls(self, spec: BuilderSpec, fields: Mapping[str, object], where: str) -> dict[str, str]:
        if "tls" not in fields:
            return {}
        said = self._mapping(fields["tls"], tuple(TLS_OPTIONS), f"{where}, tls")
        if spec.driver != REMOTE:
            self.problems.append(f"{where}: tls is for driver remote; docker contexts hold that of docker daemons")
        if ("cert" in said) != ("key" in said):
            self.problems.append(f"{where}, tls: cert and key belong together")
        values = {TLS_OPTIONS[key]: self._text(said, key, f"{where}, tls") for key in said}
        return {key: self._path(value) if key in TLS_PATHS else value for key, value in values.items()}

    def _config(self, spec: BuilderSpec, fields: Mapping[str, object], where: str) -> str:
        import tomllib

        said = self._text(fields, "buildkitd-config", where)
        if not said:
            return ""
        if spec.driver not in STARTED_BY_DRIVER:
            self.problems.append(f"{where}: buildkitd-config is for a BuildKit that the driver starts")
            return ""
        path = self._path(said)
        try:
            text = self.read(path)
            tomllib.loads(text)
        except OSError as error:
            self.problems.append(f"{where}: buildkitd-config {path} can't be read: {error.strerror or error}")
        except ValueError as error:
            self.problems.append(f"{where}: buildkitd-config {path} is not valid TOML: {error}")
        else:
            return text
        return ""

    def _platforms(self, fields: Mapping[str, object], where: str) -> tuple[str, ...]:
        platforms: list[str] = []
        for text in as_tuple(fields.get("platforms") or ()):
            try:
                platforms.append(str(parse_platform(text, _HOST)))
            except BuildxTasksError as error:
                self.problems.append(f"{where}: {error.message}")
        return tuple(platforms)

    def _text(self, fields: Mapping[str, object], key: str, where: str) -> str:
        value = fields.get(key)
        if isinstance(value, Mapping | list | tuple):
            self.problems.append(f"{where}: {key} must be text")
            return ""
        return "" if value is None else self._expanded(str(value), f"{where}: {key}")

    def _expanded(self, text: str, where: str) -> str:
        """A template filled in; a variable that is not set is a problem, as no builder is called after one."""
        try:
            filled = self.expand(text)
        except BuildxTasksError as error:
            self.problems.append(f"{where}: {error.message}")
            return ""
        if NO_VALUE in filled and NO_VALUE not in text:
            self.problems.append(f"{where}: {text!r} names a variable that is not set")
        return filled

    def _flag(self, fields: Mapping[str, object], key: str, where: str) -> bool:
        try:
            return as_boolean(fields.get(key, False), f"{where}: {key}")
        except CannotStart as error:
            self.problems.append(error.message)
            return False

    def _path(self, text: str) -> str:
        """An absolute path, as buildx insists on."""
        if text == "~" or text.startswith("~/"):
            text = f"{self.home}{text[1:]}"
        return os.path.normpath(os.path.join(self.cwd, text))  # noqa: PTH118 - pure text, no file is looked at

    def _mapping(self, value: object, keys: tuple[str, ...], where: str) -> dict[str, object]:
        """The fields by their kebab-case names; an unknown one is a problem."""
        if not isinstance(value, Mapping):
            self.problems.append(f"{where}: must be a mapping, not {value!r}")
            return {}
        fields = {_kebab(str(key)): item for key, item in value.items() if item is not None}
        for key in fields:
            if key not in keys:
                self.problems.append(f"{where}: unknown key {key!r}{_near(key, keys)}")
        return {key: item for key, item in fields.items() if key in keys}


def _kebab(key: str) -> str:
    return re.sub("(?<=[a-z])[A-Z]", lambda letter: f"-{letter[0]}", key).replace("_", "-").lower()


def _near(word: str, words: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, words, 1)
    return f", did you mean {near[0]}?" if near else f", known: {', '.join(words)}"


def _plain(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _each(nodes: object, key: str) -> list[object]:
    entries = nodes if isinstance(nodes, list | tuple) else ()
    return [entry.get(key) for entry in entries if isinstance(entry, Mapping)]
