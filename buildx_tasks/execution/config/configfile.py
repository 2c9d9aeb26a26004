"""Reading one config file: from disk, standard input or a URL to documents in the newest shape."""

from __future__ import annotations

import os
import os.path
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from buildx_tasks.document.migrations.normalize import read_newest
from buildx_tasks.document.yaml.locations import original_path, place
from buildx_tasks.document.yaml.nodes import Mark, YamlProblem
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.reading import MAX_TEXT, yaml_finding
from buildx_tasks.document.yaml.source import Document, parse
from buildx_tasks.document.yaml.source import Path as DocumentPath
from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.config.inputs import DEFAULT_NAMES, STDIN
from buildx_tasks.execution.paths import LARGEST_FILE, exists, is_folder, read_start
from buildx_tasks.execution.verdicts import VerdictCache, key_of
from buildx_tasks.model.finding import Finding
from buildx_tasks.model.secrets import masked, split_credentials
from buildx_tasks.model.taskname import task_command

URL_SECONDS = 30
URL_BYTES = 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A config file by identity: `key` is an absolute path, a URL or ``-``; `shown` is how messages name it.

    `folder` is where relative ``requires.path`` begin.
    """

    key: str
    shown: str
    folder: Path


@dataclass(frozen=True, slots=True)
class ConfigDocument:
    """One document: `data` in the newest shape, dotted keys included, and the text positions it came from."""

    data: Mapping[str, Any]
    source: Document

    def path(self, path: DocumentPath) -> DocumentPath:
        """`path` of the data as the file spells it, which may be of an older version."""
        return original_path(path, self.source.places)

    def place(self, path: DocumentPath) -> Mark:
        """Where `path` of the data, or the nearest thing above it, stands in the file."""
        return self.source.place(self.path(path))

    def finding(self, problem: Problem, file: str) -> Finding:
        """A problem of the data as a finding of the file."""
        return place(replace(problem, path=self.path(problem.path)), self.source, file)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigFile:
    """A file that was read and judged; without documents when it has problems."""

    location: Location
    documents: tuple[ConfigDocument, ...] = ()
    findings: tuple[Finding, ...] = ()


class ConfigFileMissing(CannotStart):
    """The file is not there."""


def is_url(name: str) -> bool:
    """Whether a file is named by a web address."""
    return name.startswith(("http://", "https://"))


def locate(name: str, folder: Path, cwd: Path) -> Location:
    """The file that `name` means when it is relative to `folder`: a folder stands for its ``skaffold.yaml``.

    ``skaffold.yml`` is taken where ``skaffold.yaml`` is named and missing.
    """
    if name == STDIN:
        return Location(key=STDIN, shown="<stdin>", folder=cwd)
    if is_url(name):
        return Location(key=name, shown=masked(name), folder=cwd)
    path = Path(os.path.normpath(folder / name))  # without following links: a config stands where it is said to stand
    if is_folder(path):
        path /= DEFAULT_NAMES[0]
    if path.name == DEFAULT_NAMES[0] and not exists(path):
        other = path.with_name(DEFAULT_NAMES[1])
        path = other if exists(other) else path
    shown = path.relative_to(cwd) if path.is_relative_to(cwd) else path
    return Location(key=str(path), shown=str(shown), folder=path.parent)


def read_config_file(location: Location, verdicts: VerdictCache, stdin: TextIO | None = None) -> ConfigFile:
    """Read a file, and judge it unless that was done before.

    Raises `CannotStart` when it can't be read at all; its problems come as findings.
    """
    text = _read(location, stdin)
    if len(text) > MAX_TEXT:
        raise CannotStart(f"config file {location.shown} has more than {MAX_TEXT} characters")
    try:
        documents = parse(text)
    except YamlProblem as problem:
        return ConfigFile(location=location, findings=(yaml_finding(problem, text, location.shown),))
    if not documents:
        finding = Finding(message="contains no config", file=location.shown, code="no-document")
        return ConfigFile(location=location, findings=(finding,))
    read: list[ConfigDocument] = []
    findings: list[Finding] = []
    key = key_of("structure", text)
    judged = verdicts.holds(key)
    for document in documents:
        data, problems = read_newest(document, judged=judged)
        read.append(ConfigDocument(data, document))
        findings += [place(problem, document, location.shown) for problem in problems]
    if not findings:
        verdicts.keep(key)
    return ConfigFile(location=location, documents=() if findings else tuple(read), findings=tuple(findings))


def _read(location: Location, stdin: TextIO | None) -> str:
    """The file's text. Raises `CannotStart`, as `ConfigFileMissing` when it is not there."""
    try:
        if location.key == STDIN:
            return (stdin or sys.stdin).read()
        if is_url(location.key):
            return _download(location.key).decode("utf-8")
        return _whole(read_start(location.key, LARGEST_FILE + 1)).decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        hint = "go to the folder that has it, or name it with --filename"
        if location.key.endswith(DEFAULT_NAMES):
            hint += f"\nor write one from the Dockerfiles here:  {task_command('buildx.init')}"
        raise ConfigFileMissing(f"config file {location.shown} was not found", hint) from None
    except UnicodeDecodeError as error:
        raise CannotStart(f"config file {location.shown} is not UTF-8 text: byte {error.start}") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CannotStart(f"config file {location.shown} can't be read: {why}") from None


def _whole(data: bytes) -> bytes:
    if len(data) > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE} bytes")
    return data


def _download(url: str) -> bytes:
    """The body of `url`, which may have credentials. Raises `ValueError`."""
    from http.client import responses

    from buildx_tasks.execution.http.client import HttpClient, basic
    from buildx_tasks.execution.http.errors import RequestFailed

    address, user, password = split_credentials(url)
    login = {"Authorization": basic(user, password)} if user or password else {}
    with HttpClient(os.environ, answer_seconds=URL_SECONDS, connect_seconds=URL_SECONDS) as client:
        try:
            answer = client.send("GET", address, login, limit=URL_BYTES)
        except RequestFailed as error:
            raise ValueError(error.message) from None
    if answer.status != 200:
        raise ValueError(f"HTTP status {answer.status} {responses.get(answer.status, '')}".rstrip())
    return answer.body
