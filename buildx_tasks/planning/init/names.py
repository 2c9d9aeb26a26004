"""Image names for Dockerfiles: short, valid, unique, and none that means an image of Docker Hub."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence

from buildx_tasks.planning.init.found import FoundDockerfile

GENERIC = frozenset(("docker", "dockerfiles", "dockerfile", "container", "containers", "build", "image", "images"))
"""Folders that say what is in them, and not what it is for; so is what is named like a config's own folder."""
OFFICIAL = frozenset(
    (
        *("alpine", "amazonlinux", "archlinux", "bash", "buildpack-deps", "busybox", "caddy", "cassandra", "centos"),
        *("composer", "consul", "couchdb", "debian", "docker", "drupal", "eclipse-temurin", "elasticsearch", "elixir"),
        *("erlang", "fedora", "fluentd", "gcc", "ghost", "golang", "gradle", "groovy", "haproxy", "haskell"),
        *("hello-world", "httpd", "influxdb", "jenkins", "joomla", "julia", "kibana", "kong", "logstash", "mariadb"),
        *("maven", "memcached", "mongo", "mongo-express", "mysql", "nats", "neo4j", "nextcloud", "nginx", "node"),
        *("openjdk", "perl", "php", "postgres", "pypy", "python", "rabbitmq", "redis", "registry", "redmine", "ruby"),
        *("rust", "scratch", "solr", "sonarqube", "swift", "telegraf", "tomcat", "traefik", "ubuntu", "vault"),
        *("wordpress", "zookeeper"),
    )
)
"""Images that Docker Hub has under a name of one word: FROM means them, and an image of that name would hide them."""
LONGEST = 128
_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")


def name_part(text: str) -> str:
    """`text` as one part of an image name; "" when it has no letter or digit that may be in one."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9._-]+", "-", plain)[:LONGEST].strip("._-")
    return name if _PART.fullmatch(name) else re.sub(r"[^a-z0-9]+", "-", name).strip("-")


def image_names(found: Sequence[FoundDockerfile], project: str, called: Collection[str]) -> list[str]:
    """A name for each Dockerfile: of its folder, with as many of the folders above as make it unique.

    A Dockerfile in the config's own folder has the name of the `project`. `called` are names by which Dockerfiles
    refer to images: one that means a folder here, such as ``PROJECT/FOLDER``, is that folder's.
    """
    project = name_part(project) or "image"
    ladders = [_ladder(item, found, project, called) for item in found]
    at = [0] * len(found)
    while True:
        names = [ladder[step] for ladder, step in zip(ladders, at, strict=True)]
        twice = {name for name, count in Counter(names).items() if count > 1}
        more = [number for number, name in enumerate(names) if name in twice and at[number] + 1 < len(ladders[number])]
        if not more:
            return _numbered(names)
        for number in more:
            at[number] += 1


def _ladder(
    item: FoundDockerfile, found: Sequence[FoundDockerfile], project: str, called: Collection[str]
) -> list[str]:
    """The names that a Dockerfile may have, the shortest first."""
    folders = [part for name in item.folder if (part := name_part(name))]
    variant = name_part(item.variant)
    generic = bool(folders) and folders[-1] in GENERIC
    while folders and folders[-1] in GENERIC:
        folders.pop()
    if generic and variant and not folders:
        folders, variant = [variant], ""
    alone = sum(other.folder == item.folder for other in found) == 1
    if folders and not generic and alone:
        variant = ""
    end = [variant] if variant else []
    own = folders[-1:] + end
    names = [f"{project}/{'-'.join(own)}", f"{project}-{'-'.join(own)}"] if folders else []
    names = [name for name in names if name in called]
    steps = ["-".join(folders[-depth:] + end) for depth in range(1, len(folders) + 1)]
    names += [name for name in steps if name not in OFFICIAL]
    names.append("-".join([project, *folders, *end]))
    if names == [project] and project in OFFICIAL:
        names = [f"{project}-image"]
    whole = [part for name in item.folder if (part := name_part(name))]
    names.append("-".join([project, *whole, *end]))
    return list(dict.fromkeys(names))


def _numbered(names: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    result = []
    for name in names:
        unique, number = name, 2
        while unique in taken or (unique != name and unique in names):
            unique, number = f"{name}-{number}", number + 1
        taken.add(unique)
        result.append(unique)
    return result
