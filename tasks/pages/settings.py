"""`docs/settings.md`: every setting and every place where it can be set, from the tables the code itself uses."""

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
    "filename": "The config file, or `-` for standard input; `skaffold.yaml`, then `skaffold.yml` by default.",
    "module": "Only the configs with these names, and what they require.",
    "profile": "Profiles to apply; `-NAME` switches one off.",
    "profile-auto-activation": "Whether profiles may activate themselves.",
    "propagate-profiles": "Whether profiles also count in the configs that a config requires.",
    "artifact": "Only artifacts whose image contains one of these, and what they require.",
    "set": "Changes of single artifact fields: `app.docker.target=debug`.",
    "remote-cache-dir": "Where clones of required repositories are kept.",
    "sync-remote-cache": "When such a clone is updated.",
    "tag": "One tag for all images, instead of the tag policy's.",
    "default-repo": "Registry and path that images are moved to. An empty value keeps names unchanged.",
    "multi-level-repo": "Whether that registry supports names with several levels, so that slashes are kept.",
    "insecure-registries": "Registries to use over plain HTTP, or without checking certificates. "
    "Lists from all places add up.",
    "push": "Whether images are pushed.",
    "platform": "Platforms to build for.",
    "disable-multi-platform-build": "Build for one platform even where several are given.",
    "builder": "The buildx builder; `off` for plain `docker build`.",
    "builders": "Builders by name, as `buildx.builder.ensure` creates them.",
    "builder-timeout": "Seconds that a builder may take to say what it can do; by default 2, "
    "for Kubernetes 10, in a docker daemon of this machine 20.",
    "other-builders": "What is done with artifacts of jib, ko, bazel, buildpacks and kaniko, and of configs that build "
    "in `googleCloudBuild` or `cluster`: an error, they are left out (`skip`), or `skaffold` on the PATH builds them.",
    "cache-tag": "Tag of cache references that have none: a template such as `cache-{{.BRANCH}}`.",
    "cache-repo": "Registry and path that cache references are moved to.",
    "cache-flags": "Attributes of derived cache exports, such as `mode=max`.",
    "cache-mode": "Whether caches are read and written; `auto` writes only when pushing.",
    "cache-from": "Caches to read, instead of the config's.",
    "cache-to": "Caches to write, instead of the config's.",
    "lock-file": "The file with the locked digests of base images; `off` for none. `buildx.lock` beside the config by "
    "default.",
    "no-cache": "Build without any cache.",
    "no-cache-filter": "Stages to build without cache.",
    "cache-artifacts": "Skip artifacts whose inputs have not changed.",
    "cache-file": "File of the artifact cache.",
    "artifact-cache": "Where known results are kept: `local` (this machine), `registry` (shared by all machines) "
    "or `off`.",
    "artifact-cache-prefix": "Prefix of the tags that mark known results in a registry.",
    "cache-mounts": "Whether the cache mounts of RUN steps are restored from the registry when they are empty "
    "(`read`), and also saved there after a build (`write`); `auto` saves where `cache-mode: auto` writes.",
    "cache-mount-image": "The image whose shell restores and saves cache mounts: busybox, or coreutils and findutils.",
    "cache-mount-limit": "The largest cache mount that is saved, such as `500m`.",
    "output": "Exporters besides or instead of push and load.",
    "attest": "Attestations; `auto` leaves them out for several platforms, for parts of them, and for loads.",
    "sbom": "Whether a software bill of materials is attached.",
    "partial": "Build some of the platforms of each image, push them by digest, and leave tags to `buildx.merge`.",
    "reproducible": "Whether images come out the same each time they are built: their times are that of the commit, "
    "and attestations are left out.",
    "concurrency": "How many builds run at once, 0 for all; "
    f"by default `build.local.concurrency`, else {DEFAULT_CONCURRENCY}.",
    "batch": "Whether artifacts that wait for the same are built several by one `docker buildx bake`; `off` gives each "
    "a command of its own.",
    "batch-size": "How many artifacts one bake builds at most.",
    "keep-going": "After a failure, still build what does not need it.",
    "strict": "Treat every warning as an error.",
    "retries": "How often a build is tried again after a temporary failure of a registry.",
    "build-timeout": "Seconds that one artifact may take, its hooks, its push and repeated attempts included; "
    "a build that takes longer is stopped and counts as failed. By default there is no limit.",
    "progress": "How builds are shown: `auto` draws on a terminal and gives each build a block of its own elsewhere, "
    "`plain` prints every line as it comes, `tty` is an error when standard output is not a terminal.",
    "ci-service": "The [CI service](ci.md) that reads the output; `auto` recognizes GitHub Actions and GitLab. It "
    "decides about folded logs, annotations, the job summary and outputs.",
    "skip-tests": "Value of `SKIP_TEST` for custom build commands.",
    "kube-context": "The kube-context that pushing, profiles and the global config depend on; "
    "the kubeconfig's current one by default.",
    "kubeconfig": "The kubeconfig file; `$KUBECONFIG`, else `~/.kube/config` by default.",
    "local-cluster": "Whether the kube-context is a local cluster, whatever its name.",
    "kind-disable-load": "Push for kind clusters instead of loading.",
    "k3d-disable-load": "Push for k3d clusters instead of loading.",
    "detect-minikube": "Whether kube-contexts with other names may be detected as minikube's.",
}

HEAD = """\
# Settings

<!-- Made by `invoke docs.generate` from buildx_tasks/model/settings.py: change it there. -->

Give a setting as a flag for one run, in the environment for a CI job, or in a file for everybody:

```console
$ invoke buildx.build --cache-tag cache
$ SKAFFOLD_DEFAULT_REPO=localhost:5000 invoke buildx.build
$ invoke buildx.config.set --global buildx-builder ci
```

`invoke buildx.config.list` shows the effective values and where each comes from. When a setting is given in several
places, the first of these takes precedence:

1. a flag,
2. an environment variable, or the same in `skaffold.env`,
3. the Invoke config: `buildx:` in `invoke.yaml`, `configure`, or an `INVOKE_BUILDX_*` variable,
4. the `.buildx:` block of the config,
5. the [global config](global-config.md): the kube-context's entry, then the `global` section,
6. Skaffold's global config, in the same way,
7. the default.

Lists take commas or repeated flags, and for `cache-from`, `cache-to`, `output` and `set` repeated flags only, since
commas have a meaning of their own there. Booleans are read from `true`, `false`, `yes`, `no`, `on`, `off`, `1` and
`0`, in variables too. An empty variable is ignored, except for `default-repo`.

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
        [HEAD, "## All settings", "", _table(meaning), "## Where each can be set", "", _table(places).rstrip() + "\n"]
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
