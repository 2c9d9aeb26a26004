"""A build request as a command: the only place that spells the flags of a build, each with its reason.

The order is Skaffold's, with the buildx flags where the buildx proposal puts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from buildx_tasks.model.config import Secret
from buildx_tasks.model.request import (
    BUILDX,
    CONFIG,
    DIGEST,
    EXPORT,
    LAYOUT,
    LOAD,
    PUSH,
    REFERENCE,
    RESULT,
    Answer,
    Because,
    BuildArg,
    BuildRequest,
    CacheUse,
    NamedContext,
    Output,
    Placeholder,
    SkaffoldOptions,
    spelled,
)
from buildx_tasks.model.secrets import masked_word
from buildx_tasks.model.spec import Spec, write_csv


@dataclass(frozen=True, slots=True)
class Flag:
    """One option with all its words, and why it is there; the first of a command is the command itself."""

    words: tuple[str, ...]
    reason: str


def flags(request: BuildRequest, answer: Answer) -> tuple[Flag, ...]:
    """The build command flag by flag; `answer` fills in what is known only when it runs."""
    if request.command is not None:
        return (Flag(request.command.value, request.command.reason),)
    if request.skaffold is not None:
        return tuple(_skaffold_flags(request, request.skaffold, answer))
    return tuple(_flags(request, answer))


def argv(request: BuildRequest, answer: Answer) -> tuple[str, ...]:
    """The words of the build command."""
    return tuple(word for flag in flags(request, answer) for word in flag.words)


def visible_secrets(request: BuildRequest) -> tuple[str, ...]:
    """The flags of the build command that show a secret, each once, with what it is about and without the secret."""
    shown = ((Flag(tuple(map(masked_word, flag.words)), flag.reason), flag) for flag in flags(request, spelled))
    return tuple(dict.fromkeys(_subject(masked) for masked, flag in shown if masked != flag))


def _subject(flag: Flag) -> str:
    name, *values = flag.words
    if not name.startswith("-"):
        return f"cliFlags {name.partition('=')[0]}"
    if not values:
        return f"cliFlags {name}"
    named = name in ("--annotation", "--build-arg", "--build-context", "--label")
    return f"{name} {values[0].partition('=')[0]}" if named else name


def check_argv(request: BuildRequest, answer: Answer, stand_ins: Mapping[str, str]) -> tuple[str, ...]:
    """The command that checks the Dockerfile instead of building; `stand_ins` are folders in place of images."""
    contexts = tuple(word for name, path in stand_ins.items() for word in ("--build-context", f"{name}={path}"))
    return (*argv(request, answer), *contexts, "--call", "check,format=json")


def _flags(request: BuildRequest, answer: Answer) -> Iterator[Flag]:
    yield _command(request)
    if request.dockerfile:
        yield Flag(("--file", path_argument(request.dockerfile.value)), request.dockerfile.reason)
    yield from _texts("-t", request.tags)
    for arg in request.build_args:
        yield Flag(("--build-arg", _build_arg(arg.value, answer)), arg.reason)
    yield from _texts("--add-host", request.add_hosts)
    yield from (Flag(("--cache-from", importer_text(use)), use.reason) for use in request.cache_from)
    yield from (Flag(("--cache-to", str(use.spec)), use.reason) for use in request.cache_to)
    yield from (Flag((word.value,), word.reason) for word in request.cli_flags)
    yield from _text("--target", request.target)
    yield from _text("--network", request.network)
    yield from _switch("--no-cache", request.no_cache)
    yield from _switch("--squash", request.squash)
    yield from _switch("--pull", request.pull)
    yield from (Flag(("--secret", secret_text(secret.value)), secret.reason) for secret in request.secrets)
    yield from _text("--ssh", request.ssh)
    yield from _switch("--force-rm", request.force_rm)
    yield from _texts("--no-cache-filter", request.no_cache_filter)
    for context in request.named_contexts:
        yield Flag(("--build-context", _named_context(context.value, answer)), context.reason)
    yield from _pairs("--annotation", request.annotations)
    yield from _pairs("--label", request.labels)
    yield from _text("--shm-size", request.shm_size)
    yield from _texts("--ulimit", request.ulimits)
    yield from (Flag(_attestation(spec.value), spec.reason) for spec in request.attestations)
    if request.platforms:
        yield Flag(("--platform", ",".join(request.platforms.value)), request.platforms.reason)
    if request.tool.value == BUILDX:
        yield from (Flag(_output(output.value, request.image, answer), output.reason) for output in request.outputs)
    yield from _text("--builder", request.builder)
    yield from _text("--progress", request.progress)
    if request.metadata_file:
        yield Flag(("--metadata-file", answer(request.metadata_file.value)), request.metadata_file.reason)


def _skaffold_flags(request: BuildRequest, options: SkaffoldOptions, answer: Answer) -> Iterator[Flag]:
    """All of Skaffold's flags that decide about the result, also where they are its defaults: variables may differ."""
    image = request.image
    yield Flag(("skaffold", "build"), request.tool.reason)
    yield Flag(
        ("--filename", answer(Placeholder(CONFIG, image))), "the config with this artifact alone, profiles applied"
    )
    yield Flag(("--build-image", image), "the artifact")
    yield from _text("--tag", options.tag)
    yield Flag((f"--default-repo={options.default_repo.value}",), options.default_repo.reason)
    if request.platforms:
        yield Flag(("--platform", ",".join(request.platforms.value)), request.platforms.reason)
    yield from _chosen("--push", options.push)
    yield from _chosen("--cache-artifacts", options.cache_artifacts)
    yield from _chosen("--skip-tests", options.skip_tests)
    yield from _texts("--insecure-registry", options.insecure_registries)
    yield from _text("--kube-context", options.kube_context)
    yield from _text("--kubeconfig", options.kubeconfig)
    yield from _chosen("--detect-minikube", options.detect_minikube)
    yield Flag(("--interactive=false",), "without questions and notices")
    yield Flag(("--file-output", answer(Placeholder(RESULT, image))), "its result is read from there")


def _chosen(name: str, item: Because[bool] | None) -> Iterator[Flag]:
    """A boolean flag with its value."""
    if item:
        yield Flag((f"{name}={'true' if item.value else 'false'}",), item.reason)


def _command(request: BuildRequest) -> Flag:
    tool = ("docker", "buildx") if request.tool.value == BUILDX else ("docker",)
    return Flag(
        (*tool, "build", *((path_argument(request.context.value),) if request.context else ())), request.tool.reason
    )


def path_argument(path: str) -> str:
    """A path as docker takes it: one that begins with a dash would be an option, or standard input."""
    return f"./{path}" if path.startswith("-") else path


def _text(name: str, item: Because[str] | None) -> Iterator[Flag]:
    if item:
        yield Flag((name, item.value), item.reason)


def _texts(name: str, items: Iterable[Because[str]]) -> Iterator[Flag]:
    return (Flag((name, item.value), item.reason) for item in items)


def _pairs(name: str, items: Iterable[Because[tuple[str, str]]]) -> Iterator[Flag]:
    return (Flag((name, f"{item.value[0]}={item.value[1]}"), item.reason) for item in items)


def _switch(name: str, item: Because[bool] | None) -> Iterator[Flag]:
    if item:
        yield Flag((name,), item.reason)


def _build_arg(arg: BuildArg, answer: Answer) -> str:
    if arg.value is None:
        return arg.name
    return f"{arg.name}={answer(arg.value) if isinstance(arg.value, Placeholder) else arg.value}"


def importer_text(use: CacheUse) -> str:
    """A registry importer as the plain reference; anything with more to say as CSV."""
    plain = use.spec.type == "registry" and [key for key, _value in use.spec.attrs] == ["ref"]
    return use.spec.get("ref") if plain else str(use.spec)


def secret_text(secret: Secret) -> str:
    """A secret as CSV: its id and where its value is."""
    pairs = (("id", secret.id), ("src", path_argument(secret.src)), ("env", secret.env))
    return write_csv(tuple(f"{key}={value}" for key, value in pairs if value or key == "id"))


def _named_context(context: NamedContext, answer: Answer) -> str:
    reference = answer(Placeholder(REFERENCE, context.image)) if context.image else ""
    source = path_argument(context.source) or f"docker-image://{reference}"
    if context.layout:
        folder, digest = (answer(Placeholder(what, context.image)) for what in (LAYOUT, DIGEST))
        source = f"oci-layout://{folder}@{digest}"
    return f"{context.name or reference}={source}"


def _attestation(spec: Spec) -> tuple[str, ...]:
    if not spec.attrs:
        return (f"--{spec.type}=true",)
    return (f"--{spec.type}", write_csv(tuple(f"{key}={value}" for key, value in spec.attrs)))


def _output(output: Output, image: str, answer: Answer) -> tuple[str, ...]:
    if output.spec is not None:
        dest = output.spec.get("dest")
        return ("--output", str(output.spec.with_attr("dest", path_argument(dest)) if dest else output.spec))
    if output.kind == LAYOUT:
        rewrite = ",rewrite-timestamp=true" if output.rewrite else ""
        return ("--output", f"type=oci,tar=false,dest={answer(Placeholder(LAYOUT, image))}{rewrite}")
    return {PUSH: ("--push",), LOAD: ("--load",), EXPORT: ()}[output.kind]
