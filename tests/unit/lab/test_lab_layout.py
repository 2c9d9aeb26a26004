"""Instances don't meet: folders, bridges, cgroups, networks and shared things are told apart by the run folder."""

import ipaddress
from pathlib import Path

import pytest

from tasks.lab import cgroups, shared
from tasks.lab.errors import LabError
from tasks.lab.layout import Layout
from tasks.lab.network import choose_network
from tasks.lab.parts import NAMES, PARTS, select_parts

ROUTES = """\
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
bx0	00401FAC	00000000	0001	0	0	0	00FFFFFF	0	0	0
"""


def make_layout(run: str) -> Layout:
    return Layout.from_environment({"BUILDX_TASKS_LAB": run, "XDG_CACHE_HOME": "/cache"})


def test_the_environment_names_run_and_cache() -> None:
    assert make_layout("/tmp/one").run == Path("/tmp/one")
    assert make_layout("").run == Path("/tmp/buildx-tasks-lab")
    assert Layout.from_environment({}, 1000).run == Path("/tmp/buildx-tasks-lab-1000")
    assert make_layout("").cache == Path("/cache/buildx-tasks/lab")
    assert Layout.from_environment({"HOME": "/home/me"}).cache == Path("/home/me/.cache/buildx-tasks/lab")


@pytest.mark.parametrize("run", ["/run/lab", "/opt/lab", "/tmp/" + "long" * 20])
def test_a_run_folder_that_can_not_work_is_refused(run: str) -> None:
    with pytest.raises(LabError, match="BUILDX_TASKS_LAB"):
        make_layout(run)


def test_two_instances_share_no_name() -> None:
    one, two = make_layout("/tmp/one"), make_layout("/tmp/two")
    names = {name for layout in (one, two) for name in (layout.ident, layout.cgroup, layout.state_file)}
    bridges = {layout.bridge(part) for layout in (one, two) for part in ("containerd", "classic", "second")}
    assert len(names) == 6
    assert len(bridges) == 6
    assert max(map(len, bridges)) <= 15


def test_a_bridge_gets_the_first_network_that_no_route_touches() -> None:
    candidates = [ipaddress.IPv4Network(net) for net in ("172.31.64.0/24", "192.0.2.128/25", "172.31.65.0/24")]
    assert choose_network(ROUTES, candidates) == candidates[2]
    with pytest.raises(LabError, match="no free private network"):
        choose_network(ROUTES, candidates[:2])


def test_the_last_user_of_a_shared_thing_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    one, two, gone = (Layout(run=tmp_path / name, cache=tmp_path) for name in ("one", "two", "gone"))
    one.run.mkdir()
    two.run.mkdir()
    with shared.locked(folder):
        for layout in (one, two, gone):
            shared.join(folder, layout, "binfmt")
    with shared.locked(folder):
        assert not shared.leave(folder, one, "binfmt")
    with shared.locked(folder):
        assert shared.leave(folder, two, "binfmt"), "the third one's run folder was removed by hand"
    assert not folder.exists()


def test_cgroups_go_from_every_hierarchy(tmp_path: Path) -> None:
    for hierarchy in ("cpu", "memory"):
        (tmp_path / hierarchy / "lab" / "engine" / "buildkit").mkdir(parents=True)
    cgroups.remove_empty("lab", tmp_path)
    assert (tmp_path / "cpu" / "lab").exists()
    cgroups.remove("lab/engine", tmp_path)
    cgroups.remove_empty("lab", tmp_path)
    assert not list(tmp_path.glob("*/*"))


@pytest.mark.parametrize(
    ("names", "selected"),
    [
        (["password"], ["password"]),
        (["faulty"], ["open", "faulty"]),
        (["remote"], ["clients", "open", "containerd", "remote"]),
        (["nodes"], ["clients", "qemu", "open", "containerd", "second", "nodes"]),
        ([], list(NAMES)),
    ],
)
def test_parts_bring_what_they_need_in_starting_order(names: list[str], selected: list[str]) -> None:
    assert [part.name for part in select_parts(names)] == selected


def test_every_part_starts_after_what_it_needs() -> None:
    for position, part in enumerate(PARTS):
        assert set(part.needs) <= set(NAMES[:position])
