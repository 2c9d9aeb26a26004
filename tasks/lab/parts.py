"""What the lab is made of, in the order in which it starts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tasks.lab import base_image, clients, emulation, endpoints, engines, registries
from tasks.lab.context import Facts, Lab
from tasks.lab.errors import LabError
from tasks.lab.layout import Layout


def _always(facts: Facts) -> bool:
    return True


def _nothing(layout: Layout, part: str) -> None:
    return


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part. `is_up` is asked on top of whether its processes live; `stop` undoes what outlives these."""

    name: str
    about: str
    start: Callable[[Lab, str], Facts]
    needs: tuple[str, ...] = ()
    is_up: Callable[[Facts], bool] = _always
    stop: Callable[[Layout, str], None] = _nothing


PARTS = (
    Part(
        name="clients",
        about="docker CLI without buildx, with an old and with a new one",
        start=clients.start,
        is_up=clients.is_up,
    ),
    Part(
        name="qemu",
        about="emulation of the other architecture for RUN steps",
        start=emulation.start,
        is_up=emulation.is_up,
        stop=emulation.stop,
    ),
    Part(name="open", about="registry open to all", start=registries.start_open),
    Part(name="password", about="registry that wants a password", start=registries.start_password),
    Part(name="tls", about="registry that wants a client certificate", start=registries.start_tls),
    Part(
        name="faulty",
        about="registry that fails when told to",
        start=registries.start_faulty,
        needs=("open",),
    ),
    Part(name="packages", about="package index that takes its time", start=registries.start_packages),
    Part(
        name="containerd",
        about="Docker engine with the containerd image store",
        start=engines.starter("containerd"),
        needs=("clients", "open"),
        stop=engines.stop,
    ),
    Part(
        name="classic",
        about="Docker engine with the classic image store",
        start=engines.starter("classic"),
        needs=("clients", "open"),
        stop=engines.stop,
    ),
    Part(
        name="second",
        about="another Docker engine with the containerd image store",
        start=engines.starter("containerd"),
        needs=("clients", "open"),
        stop=engines.stop,
    ),
    Part(
        name="modern",
        about="the newest Docker engine, with the containerd image store",
        start=engines.starter("containerd", "engine-new"),
        needs=("clients", "open"),
        stop=engines.stop,
    ),
    Part(
        name="remote",
        about="remote BuildKit, plain TCP and Unix socket",
        start=endpoints.start_plain,
        needs=("containerd",),
    ),
    Part(
        name="mtls",
        about="remote BuildKit behind mutual TLS",
        start=endpoints.start_mtls,
        needs=("containerd",),
    ),
    Part(
        name="nodes",
        about="two remote BuildKits, amd64 and arm64",
        start=endpoints.start_nodes,
        needs=("qemu", "containerd", "second"),
    ),
    Part(
        name="base",
        about="base image for both architectures in the open registry",
        start=base_image.start,
        needs=("containerd",),
    ),
)
NAMES = tuple(part.name for part in PARTS)


def select_parts(names: Iterable[str]) -> tuple[Part, ...]:
    """The parts of these names and what they need, in starting order; all of them for no name."""
    by_name = {part.name: part for part in PARTS}
    wanted = list(names)
    if unknown := [name for name in wanted if name not in by_name]:
        raise LabError(f"no such part: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    chosen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in chosen:
            chosen.add(name)
            wanted += by_name[name].needs
    return tuple(part for part in PARTS if part.name in chosen or not chosen)
