"""`docs/settings.md`: every setting and every place where it can be said, from the tables the code itself uses."""

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path

from buildx_tasks.model.layers import kind_of
from buildx_tasks.model.settings import (
    ALIASES,
    CHOICES,
    CONFIG_KEYS,
    DEFAULT_CONCURRENCY,
    KEYS,
    SKAFFOLD_ENVIRONMENT,
    Settings,
)
from buildx_tasks.tasks.defaults import variable
from buildx_tasks.tasks.options import BUILD, SELECTION

ROOT = Path(__file__).parents[2]

MEANINGS = {
    "filename": "The config file, or `-` for standard input; `skaffold.yaml`, then `skaffold.yml` when not said.",
    "module": "Only the configs with these names, and what they require.",
    "profile": "Profiles to apply; `-NAME` switches one off.",
    "profile-auto-activation": "Whether profiles may activate themselves.",
    "propagate-profiles": "Whether profiles also count in the configs that a config requires.",
    "artifact": "Only artifacts whose image contains one of these, and what they require.",
    "set": "Changes of single artifact fields: `app.docker.target=debug`.",
    "remote-cache-dir": "Where clones of required repositories are kept.",
    "sync-remote-cache": "When such a clone is brought up to date.",
    "tag": "One tag for all images, instead of the tag policy's.",
    "default-repo": "Registry and path that images are moved to. Given and empty: names stay as they are.",
    "multi-level-repo": "Whether that registry knows names with several levels, so that slashes stay.",
    "insecure-registries": "Registries that are asked over plain HTTP. Lists from all places add up.",
    "push": "Whether images are pushed.",
    "platform": "Platforms to build for.",
    "disable-multi-platform-build": "Build for one platform even where several are given.",
    "builder": "The buildx builder; `off` for plain `docker build`.",
    "builders": "Builders by name, as `buildx.builder.ensure` creates them.",
    "builder-timeout": "Seconds that a builder may take to say what it can do; 2 when not said, with Kubernetes 10, "
    "in a docker daemon of this machine 20.",
    "cache-tag": "Tag of cache references that have none: a template such as `cache-{{.BRANCH}}`.",
    "cache-repo": "Registry and path that cache references are moved to.",
    "cache-flags": "Attributes of derived cache exports, such as `mode=max`.",
    "cache-mode": "Whether caches are read and written; `auto` writes only when pushing.",
    "cache-from": "Caches to read, instead of the config's.",
    "cache-to": "Caches to write, instead of the config's.",
    "no-cache": "Build without any cache.",
    "no-cache-filter": "Stages to build without cache.",
    "cache-artifacts": "Whether what has not changed since its last build is skipped.",
    "cache-file": "Where is noted what has been built.",
    "artifact-cache": "Where results of builds are known: on this machine, also in the `registry`, or nowhere.",
    "artifact-cache-prefix": "How the tags begin under which a registry knows results.",
    "output": "Exporters besides or instead of push and load.",
    "attest": "Attestations; `auto` leaves them out for several platforms and for loads.",
    "sbom": "Whether a software bill of materials is attached.",
    "concurrency": "How many builds run at once, 0 for all; "
    f"not said: `build.local.concurrency`, else {DEFAULT_CONCURRENCY}.",
    "keep-going": "After a failure, still build what does not need it.",
    "strict": "Treat every warning as an error.",
    "retries": "How often a build is tried again after a passing fault of a registry.",
    "build-timeout": "Seconds that one artifact may take, its hooks, its push and repeated attempts included; "
    "a build that takes longer is stopped and counts as failed. Not said: no limit.",
    "progress": "How builds are shown: `auto` draws on a terminal and gives each build a block of its own elsewhere, "
    "`plain` prints every line as it comes, `tty` is an error where there is no terminal.",
    "skip-tests": "What custom builders are told in `SKIP_TEST`.",
    "kube-context": "The kube-context that pushing, profiles and the global config depend on; "
    "the kubeconfig's current one when not said.",
    "kubeconfig": "The kubeconfig file; `$KUBECONFIG`, else `~/.kube/config` when not said.",
    "local-cluster": "Whether the kube-context is a local cluster, whatever its name.",
    "kind-disable-load": "Push for kind clusters instead of loading.",
    "k3d-disable-load": "Push for k3d clusters instead of loading.",
    "detect-minikube": "Whether kube-contexts with other names may be found to be minikube's.",
}

HEAD = """\
# Settings

<!-- Made by `invoke docs.generate` from buildx_tasks/model/settings.py: change it there. -->

A setting can be said in several places. From strongest to weakest:

1. a flag,
2. an environment variable, or the same in `skaffold.env`,
3. the Invoke config: `buildx:` in `invoke.yaml`, `configure`, or an `INVOKE_BUILDX_*` variable,
4. the `.buildx:` block of the config,
5. our [global config](global-config.md): the kube-context's entry, then the `global` section,
6. Skaffold's global config: the same,
7. the default.

`invoke buildx.config.list` shows what holds here and now, and where each value comes from.

Lists take commas or repeated flags, and for `cache-from`, `cache-to`, `output` and `set` repeated flags only, since
commas have a meaning of their own there. Booleans are read from `true`, `false`, `yes`, `no`, `on`, `off`, `1` and
`0`, in variables too. An empty variable says nothing, except for `default-repo`.

In the Invoke config a key has underscores, and its variable is the same in capitals: `cache_tag` is
`{cache_tag}`. Only `builders`, a mapping, has no variable. A root collection's `configure({{"buildx": …}})`
works as well, but Invoke then drops what any other collection configured under `buildx`.
""".format(cache_tag=variable("cache-tag"))


def settings_page() -> str:
    """The page's text."""
    meaning = [["setting", "meaning", "type", "default"]]
    meaning += [[f"`{key}`", MEANINGS[key], _type(key), _default(key)] for key in KEYS]
    places = [["setting", "flag", "variable", "Invoke config", "`.buildx:`", "global config"]]
    places += [_places(key) for key in KEYS]
    return "\n".join(
        [HEAD, "## What there is", "", _table(meaning), "## Where it can be said", "", _table(places).rstrip() + "\n"]
    )


def _places(key: str) -> list[str]:
    flags = [option.flag for option in (*SELECTION, *BUILD) if option.setting == key]
    variables = [name for name, of in SKAFFOLD_ENVIRONMENT.items() if of == key]
    in_files = [name for name in CONFIG_KEYS if ALIASES.get(name, name) == key]
    block = [name for name in _block_keys() if re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", name) == key]
    return [f"`{key}`", *(_code(names) for names in (flags, variables, [key.replace("-", "_")], block, in_files))]


def _block_keys() -> list[str]:
    schema = json.loads((ROOT / "schema" / "buildx.json").read_text(encoding="utf-8"))
    return list(schema["Buildx"]["properties"])


def _type(key: str) -> str:
    return _code(list(CHOICES[key])) if key in CHOICES else kind_of(key)


def _default(key: str) -> str:
    field = next(item for item in fields(Settings) if item.name == key.replace("-", "_"))
    value = None if field.default is MISSING else field.default
    if value in (None, "", ()):
        return ""
    return _code([str(value).lower()])


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(rows: list[list[str]]) -> str:
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body, ""])
