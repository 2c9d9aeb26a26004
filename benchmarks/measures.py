"""What is measured, one function a budget of the design."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.measure import Bench, Row, alternate, median, paired, ratio, seconds
from benchmarks.projects import MOUNTED_TASKS, OTHER_TASKS, make_project, old_config

TWENTY = 20
HUNDRED = 100
AT_ONCE = 4
LONG = 460
EXAMPLES = Path(__file__).parents[1] / "examples"
QUICK_METADATA = "BUILDX_METADATA_PROVENANCE=disabled"
"""What we add to every build, and so to the bare ones: fetching provenance for the metadata file takes long."""


def task_list(bench: Bench) -> Iterator[Row]:
    """What mounting the plugin adds to `invoke --list`."""
    folders = {}
    for name, text in (("without", OTHER_TASKS), ("with", MOUNTED_TASKS)):
        folders[name] = bench.folder / f"list-{name}"
        folders[name].mkdir()
        (folders[name] / "tasks.py").write_text(text)
    actions = {
        name: lambda folder=folder: bench.run("invoke", "--list", cwd=folder) for name, folder in folders.items()
    }
    alternate(actions, 2)
    times = alternate(actions, 15)
    yield Row(
        what="invoke --list with the plugin mounted",
        value=1000 * paired(times["without"], times["with"]),
        limit=40,
        unit="ms more",
        note=f"{median(times['without']):.3f} s without",
    )


def cached_build(bench: Bench) -> Iterator[Row]:
    """Our own time around one build that BuildKit has in its cache."""
    folder = make_project(bench.folder / "one", 1, steps=3)
    yield _own_time(bench, folder, "own time around a cached build", f"--default-repo={bench.registry}/bench-one")


def remote_build(bench: Bench) -> Iterator[Row]:
    """The same on a remote builder, which has to be looked up: what making sure of everything beforehand costs."""
    bench.run("docker", "buildx", "create", "--name=far", "--driver=remote", bench.remote)
    folder = make_project(bench.folder / "far", 1, steps=3)
    where = (f"--default-repo={bench.registry}/bench-far", "--builder=far")
    yield _own_time(bench, folder, "own time around a cached build on a remote builder", *where)
    doctor = partial(bench.run, "invoke", "buildx.doctor", *where, cwd=folder)
    times = [seconds(doctor) for _ in range(9)]
    yield Row(what="buildx.doctor", value=median(times), limit=1, unit="s", note="all is well")


def _own_time(bench: Bench, folder: Path, what: str, *words: str) -> Row:
    """What a run takes besides its build command, which is timed in the same run, beside a bare build by turns.

    From one time to the next a build on a remote builder takes 0.7 to 1 s, so the difference to another run says less.
    """
    (command,) = _commands(bench, folder, *words, "--tag=v1")
    clock, path = _timing(bench, folder)
    ours = ("invoke", "buildx.build", *words, "--tag=v1", "--no-cache-artifacts")
    times: dict[str, list[float]] = {"bare": [], "ours": [], "own": []}
    for number in range(16):
        clock.unlink(missing_ok=True)
        bare = seconds(partial(bench.run, *command, cwd=folder))
        whole = seconds(partial(bench.run, *ours, cwd=folder, env={"PATH": path}))
        begin, end = map(float, clock.read_text().split())
        if number:  # the first fills the cache
            for name, value in (("bare", bare), ("ours", whole), ("own", whole - (end - begin))):
                times[name].append(value)
    note = f"bare {median(times['bare']):.2f} s, ours {median(times['ours']):.2f} s"
    return Row(what=what, value=median(times["own"]), limit=0.3, unit="s", note=note)


def _timing(bench: Bench, folder: Path) -> tuple[Path, str]:
    """A file, and a PATH whose docker notes there when a build begins and ends."""
    clock = folder / "clock"
    build = f'date +%s.%N >> {clock}\nDOCKER "$@"\nstatus=$?\ndate +%s.%N >> {clock}\nexit $status'
    return clock, _with_docker(bench, folder.name, f'[ "$1 $2" = "buildx build" ] || exec DOCKER "$@"\n{build}')


def unfit_builders(bench: Bench) -> Iterator[Row]:
    """How soon a build is given up whose builder is not there, or takes the call and says nothing."""
    folder = make_project(bench.folder / "unfit", 1)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()
    bench.run("docker", "buildx", "create", "--name=dead", "--driver=remote", "tcp://127.0.0.1:1")
    bench.run("docker", "buildx", "create", "--name=mute", "--driver=remote", f"tcp://127.0.0.1:{address[1]}")
    build = ("invoke", "buildx.build", "--tag=v1", "--no-push")
    actions = {name: partial(bench.run, *build, f"--builder={name}", cwd=folder, status=4) for name in ("dead", "mute")}
    with socket.create_server(address):
        times = alternate(actions, 5)
    yield Row(what="buildx.build on a dead builder", value=max(times["dead"]), limit=3, unit="s", note="refused")
    yield Row(what="buildx.build on a silent builder", value=max(times["mute"]), limit=3, unit="s", note="no answer")


def twenty_builds(bench: Bench) -> Iterator[Row]:
    """Twenty artifacts, cached and pushed, against bare docker buildx in three ways that all give the digests."""
    folder = make_project(bench.folder / "twenty", TWENTY)
    words = (f"--default-repo={bench.registry}/bench-twenty", "--tag=v1")
    commands = _commands(bench, folder, *words)
    (folder / "docker-bake.json").write_text(bench.run("invoke", "buildx.plan", *words, "--format=bake", cwd=folder))
    bake = ("env", QUICK_METADATA, "docker", "buildx", "bake", "--file=docker-bake.json")
    build = ("invoke", "buildx.build", *words)
    actions: dict[str, Callable[[], object]] = {
        "sequential": partial(_at_once, bench, folder, commands, 1),
        "parallel": partial(_at_once, bench, folder, commands, AT_ONCE),
        "ours": partial(bench.run, *build, cwd=folder),
    }
    actions["ours"]()
    taken = alternate(actions, 7)
    # By itself: a build that follows a bake sends its context anew and is a second slower for it.
    together = partial(bench.run, *bake, "--metadata-file=bake.metadata.json", cwd=folder)
    taken |= alternate({"bake": together}, 7)
    times = {name: median(each) for name, each in taken.items()}
    best = [min(pair) for pair in zip(taken["parallel"], taken["bake"], strict=True)]
    yield Row(
        what="20 artifacts, against one build after another",
        value=ratio(taken["sequential"], taken["ours"]),
        limit=0.6,
        unit="x",
        note=", ".join(f"{name} {each:.1f} s" for name, each in times.items()),
    )
    yield Row(
        what="20 artifacts, against the best of bare parallel builds and bake",
        value=ratio(best, taken["ours"]),
        limit=1.1,
        unit="x",
        note=f"{AT_ONCE} at a time",
    )


def batches(bench: Bench) -> Iterator[Row]:
    """Twenty artifacts that BuildKit has cached, without the artifact cache, against one bare bake of all."""
    bench.run("docker", "buildx", "create", "--name=far-batches", "--driver=remote", bench.remote)
    folder = make_project(bench.folder / "batches", TWENTY)
    for name, where in (("docker driver", ()), ("remote builder", ("--builder=far-batches",))):
        words = (f"--default-repo={bench.registry}/bench-batches", "--tag=v1", *where)
        file = folder / "docker-bake.json"
        file.write_text(bench.run("invoke", "buildx.plan", *words, "--format=bake", cwd=folder))
        bake = ("env", QUICK_METADATA, "docker", "buildx", "bake", f"--file={file.name}", *where)
        build = ("invoke", "buildx.build", *words, "--no-cache-artifacts")
        actions: dict[str, Callable[[], object]] = {
            "bake": partial(bench.run, *bake, "--metadata-file=bake.metadata.json", cwd=folder),
            "batches": partial(bench.run, *build, cwd=folder),
            "one by one": partial(bench.run, *build, "--batch=off", cwd=folder),
        }
        alternate(actions, 1)
        times = alternate(actions, 7)
        yield Row(
            what=f"20 artifacts in batches on a {name}, against one bare bake",
            value=ratio(times["bake"], times["batches"]),
            limit=1.2,
            unit="x",
            note=", ".join(f"{what} {median(taken):.1f} s" for what, taken in times.items()),
        )


def few_changed(bench: Bench) -> Iterator[Row]:
    """A hundred artifacts of which three have changed, against one bare bake of three that have changed."""
    folder = make_project(bench.folder / "changed", HUNDRED)
    words = (f"--default-repo={bench.registry}/bench-changed", "--tag=v1")
    build = ("invoke", "buildx.build", *words)
    bench.run(*build, cwd=folder)
    file = folder / "docker-bake.json"
    file.write_text(bench.run("invoke", "buildx.plan", *words, "--format=bake", cwd=folder))
    targets = list(json.loads(file.read_text())["target"])
    bake = ("env", QUICK_METADATA, "docker", "buildx", "bake", f"--file={file.name}")
    three, changes = (0, 50, 99), iter(range(1000))
    built: list[int] = []

    def change() -> None:
        for number in three:
            (folder / f"service-{number}" / "src" / "file-0.txt").write_text(f"{next(changes)}\n")

    def ours() -> None:
        change()
        record = folder / "build.json"
        bench.run(*build, "--metadata-output", str(record), cwd=folder)
        built.append(sum(item["status"] == "built" for item in json.loads(record.read_text())["builds"]))

    def bare() -> None:
        change()
        bench.run(*bake, *(targets[number] for number in three), cwd=folder)

    alternate({"ours": ours, "bake": bare}, 1)
    times = alternate({"bake": bare, "ours": ours}, 7)
    yield Row(
        what="100 artifacts of which 3 changed, against a bare bake of 3",
        value=ratio(times["bake"], times["ours"]),
        limit=2,
        unit="x",
        note=f"bake {median(times['bake']):.2f} s, ours {median(times['ours']):.2f} s",
    )
    yield Row(what="artifacts built of 100 of which 3 changed", value=max(built), limit=3, note="of eight runs")


def many_targets(bench: Bench) -> Iterator[Row]:
    """The memory that a run and all that it starts need at most, for thirty artifacts and for three hundred."""
    peaks = {}
    for count in (30, 300):
        folder = make_project(bench.folder / f"many-{count}", count, base="scratch", steps=0)
        words = (f"--default-repo={bench.registry}/bench-many", "--tag=v1", "--no-cache-artifacts")
        peaks[count] = bench.peak("invoke", "buildx.build", *words, cwd=folder)
    yield Row(
        what="memory of a build of 300 artifacts, against 30",
        value=peaks[300] / peaks[30],
        limit=1.5,
        unit="x",
        note=f"{peaks[300]:.0f} MB with all commands, {peaks[30]:.0f} MB for 30",
    )


def plans(bench: Bench) -> Iterator[Row]:
    """Planning a hundred artifacts, and a thousand."""
    folders = {count: make_project(bench.folder / f"plan-{count}", count) for count in (100, 1000)}
    argv = ("invoke", "buildx.plan", f"--default-repo={bench.registry}/bench")
    actions = {str(count): partial(bench.run, *argv, cwd=folder) for count, folder in folders.items()}
    alternate(actions, 1)
    times = {count: min(taken) for count, taken in alternate(actions, 7).items()}
    yield Row(what="buildx.plan of 100 artifacts", value=times["100"], limit=0.5, unit="s", note="the whole command")
    yield Row(
        what="buildx.plan of 1000 artifacts, against ten times that of 100",
        value=times["1000"] / (10 * times["100"]),
        limit=1.0,
        unit="x",
        note=f"{times['1000']:.2f} s",
    )


def no_op(bench: Bench) -> Iterator[Row]:
    """Building again when nothing has changed."""
    counts = (100, 200)
    folders = {count: make_project(bench.folder / f"noop-{count}", count, base="scratch", steps=0) for count in counts}
    argv = ("invoke", "buildx.build", f"--default-repo={bench.registry}/bench-noop", "--tag=v1")
    actions = {str(count): partial(bench.run, *argv, cwd=folder) for count, folder in folders.items()}
    alternate(actions, 2)
    taken = alternate(actions, 7)
    times = {count: min(each) for count, each in taken.items()}
    yield Row(what="no-op rebuild of 100 artifacts", value=times["100"], limit=1.0, unit="s", note="the whole command")
    yield Row(
        what="no-op rebuild of 200 artifacts, against twice that of 100",
        value=times["200"] / (2 * times["100"]),
        limit=1.0,
        unit="x",
        note=f"{times['200']:.2f} s",
    )
    yield Row(
        what="docker processes of a no-op rebuild",
        value=_docker_processes(bench, folders[100]),
        limit=8,
        note="100 artifacts; however many there are",
    )


def nothing_to_do(bench: Bench) -> Iterator[Row]:
    """A run on the same machine in which nothing changed, beside the floor: Invoke listing the same tasks."""
    folder = make_project(bench.folder / "idle", TWENTY, base="scratch", steps=0)
    build = ("invoke", "buildx.build", f"--default-repo={bench.registry}/bench-idle", "--tag=v1")
    for name, env in (("", {}), (", without bytecode of its own", {"PYTHONDONTWRITEBYTECODE": "1"})):
        actions = {
            "list": partial(bench.run, "invoke", "--list", cwd=folder, env=env),
            "build": partial(bench.run, *build, cwd=folder, env=env),
        }
        alternate(actions, 3)
        times = alternate(actions, 11)
        yield Row(
            what=f"nothing to do for 20 artifacts, against invoke --list{name}",
            value=paired(times["list"], times["build"]),
            limit=0.2,
            unit="s more",
            note=f"{median(times['list']):.2f} s for the list",
        )


def fresh_runners(bench: Bench) -> Iterator[Row]:
    """Twenty unchanged artifacts on a machine that knows nothing, with their results in the registry; one bare bake."""
    bench.run("docker", "buildx", "create", "--name=fresh", "--driver=remote", bench.remote)
    for where, words in (("docker driver", ()), ("remote builder", ("--builder=fresh",))):
        yield from _fresh_runner(bench, where, words)


def _fresh_runner(bench: Bench, where: str, words: tuple[str, ...]) -> Iterator[Row]:
    name = where.partition(" ")[0]
    origin = make_project(bench.folder / f"origin-{name}", TWENTY)
    options = (f"--default-repo={bench.registry}/bench-fresh-{name}", "--tag=v1", "--attest=none", *words)
    build = ("invoke", "buildx.build", "--artifact-cache=registry", *options)
    bench.run(*build, cwd=origin)
    bake = bench.folder / f"bake-{name}.json"
    bake.write_text(bench.run("invoke", "buildx.plan", "--format=bake", *options, cwd=origin))
    builder = ("--builder=fresh",) if words else ()
    log = bench.folder / f"calls-{name}.log"
    caches = iter(range(1000))

    def fresh() -> None:
        # An empty cache folder and a checkout elsewhere: what a runner has that was started for this job.
        cache = bench.folder / f"cache-{name}-{next(caches)}"
        bench.run(*build, cwd=folder, env={"XDG_CACHE_HOME": str(cache), "PATH": _noting(bench, log)})

    folder = bench.folder / f"clone-{name}"
    bench.run("git", "clone", "-q", str(origin), str(folder))
    actions: dict[str, Callable[[], object]] = {
        "fresh": fresh,
        "bake": partial(bench.run, "docker", "buildx", "bake", *builder, "--file", str(bake), cwd=origin),
    }
    alternate(actions, 1)
    log.unlink()
    times = alternate(actions, 7)
    yield Row(
        what=f"20 artifacts on a fresh runner, known to the registry, against one bake ({where})",
        value=median(times["fresh"]) / median(times["bake"]),
        limit=0.35,
        unit="x",
        note=f"{median(times['fresh']):.2f} s and {median(times['bake']):.2f} s",
    )
    built = [
        line for line in log.read_text().splitlines() if line.startswith(("buildx build", "buildx bake", "build "))
    ]
    yield Row(what=f"build processes of that ({where})", value=len(built), limit=0, note="of seven runs")


def cache_mounts(bench: Bench) -> Iterator[Row]:
    """An image that installs packages from an index, on a builder with a full cache mount and on an emptied one."""
    bench.run("docker", "buildx", "create", "--name=emptied", "--driver=remote", bench.remote)
    for where, builder in (("docker driver", "default"), ("remote builder", "emptied")):
        yield _emptied_builder(bench, where, builder)


def _emptied_builder(bench: Bench, where: str, builder: str) -> Row:
    name = where.partition(" ")[0]
    folder = bench.folder / f"mounts-{name}"
    shutil.copytree(EXAMPLES / "cache-mounts", folder)
    words = (f"--builder={builder}", f"--default-repo={bench.registry}/bench-mounts-{name}", "--no-cache-artifacts")
    build = partial(
        bench.run, "invoke", "buildx.build", *words, "--tag=v1", cwd=folder, env={"PACKAGE_INDEX": bench.packages}
    )
    rounds = iter(range(1000))

    def timed(*more: str, empty: bool) -> float:
        # Another script, so that the step that installs runs whatever layers there are.
        with (folder / "app/install.sh").open("a") as script:
            script.write(f"# {next(rounds)}\n")
        if empty:
            bench.run("docker", "buildx", "prune", "--all", "--force", f"--builder={builder}")
        return seconds(lambda: build(*more))

    timed(empty=True)
    times: dict[str, list[float]] = {"warm": [], "emptied": [], "without": []}
    for _ in range(5):
        times["without"].append(timed("--cache-mounts=off", empty=True))
        times["warm"].append(timed(empty=False))
        times["emptied"].append(timed(empty=True))
    return Row(
        what=f"installing packages on an emptied builder, against one with a full cache mount ({where})",
        value=ratio(times["warm"], times["emptied"]),
        limit=1.3,
        unit="x",
        note=", ".join(f"{median(taken):.1f} s {name}" for name, taken in times.items()),
    )


def validations(bench: Bench) -> Iterator[Row]:
    """Judging configs, every one for the first time, and what an upgrade that changes one line costs."""
    texts = [text.replace("kind: Config", f"kind: Config  # {n}") for n, text in enumerate(_texts())]
    (bench.folder / "validate.json").write_text(json.dumps(texts))
    both, bump = json.loads(bench.run(sys.executable, "-c", _VALIDATE, "validate.json"))
    yield Row(
        what="validate_text and upgrade_text in one process",
        value=len(texts) / both,
        limit=110,
        unit="files/s",
        least=True,
        note=f"{len(texts)} files in {both:.1f} s of processor time",
    )
    yield Row(
        what="upgrade_text where only the apiVersion changes, against reading the file",
        value=bump,
        limit=2.0,
        unit="x",
        note="a file of 300 artifacts",
    )
    long = old_config(LONG)
    (bench.folder / "long-validate.json").write_text(json.dumps([long]))
    once = json.loads(bench.run(sys.executable, "-c", _VALIDATE_ONE, "long-validate.json"))
    lines = long.count("\n")
    yield Row(
        what="validate_text of a long file", value=once, limit=1.0, unit="s", note=f"{lines} lines, processor time"
    )
    heavy = bench.run(
        sys.executable, "-c", "import buildx_tasks, sys; print(*({'yaml', 'jsonschema'} & {*sys.modules}))"
    )
    yield Row(
        what="heavy modules that import buildx_tasks imports",
        value=len(heavy.split()),
        limit=0,
        note="yaml, jsonschema",
    )


def upgrades(bench: Bench) -> Iterator[Row]:
    """Bringing old configs to the newest version."""
    texts = _texts()
    texts = texts[:: max(1, len(texts) // 200)]
    (bench.folder / "texts.json").write_text(json.dumps(texts))
    rate, _each = json.loads(bench.run(sys.executable, "-c", _UPGRADE, "texts.json"))
    yield Row(
        what="upgrade_text",
        value=rate,
        limit=200,
        unit="files/s",
        least=True,
        note=f"{len(texts)} files",
    )
    (bench.folder / "long.json").write_text(json.dumps([old_config(LONG)]))
    _rate, long = json.loads(bench.run(sys.executable, "-c", _UPGRADE, "long.json"))
    lines = old_config(LONG).count("\n")
    yield Row(
        what="upgrade_text of a long file", value=long, limit=1.0, unit="s", note=f"{lines} lines, processor time"
    )


_UPGRADE = """
import json, sys, time
from buildx_tasks import upgrade_text
from buildx_tasks.errors import BuildxTasksError
texts = json.load(open(sys.argv[1]))
def upgrade(text):
    try:
        upgrade_text(text)
    except BuildxTasksError:
        pass
upgrade(texts[0])
best = 1e9
for _ in range(3):
    begin = time.process_time()
    for text in texts:
        upgrade(text)
    best = min(best, time.process_time() - begin)
print(json.dumps([len(texts) / best, best / len(texts)]))
"""

_VALIDATE = """
import json, sys, time
from buildx_tasks import upgrade_text, validate_text
from buildx_tasks.document.yaml.source import parse
from buildx_tasks.errors import BuildxTasksError
texts = json.load(open(sys.argv[1]))
begin = time.process_time()
for text in texts:
    validate_text(text)
    try:
        upgrade_text(text)
    except BuildxTasksError:
        pass
both = time.process_time() - begin
artifacts = "".join(f"  - image: a{n}\\n    context: c{n}\\n    docker: {{target: t}}\\n" for n in range(300))
plain = "apiVersion: skaffold/v4beta13\\nkind: Config\\nbuild:\\n  artifacts:\\n" + artifacts
def least(work):
    times = []
    for _ in range(7):
        begin = time.process_time()
        work(plain)
        times.append(time.process_time() - begin)
    return min(times)
least(upgrade_text)
print(json.dumps([both, least(upgrade_text) / least(parse)]))
"""

_VALIDATE_ONE = """
import json, sys, time
from buildx_tasks import validate_text
(text,) = json.load(open(sys.argv[1]))
validate_text("apiVersion: skaffold/v4beta14\\nkind: Config\\n")
begin = time.process_time()
validate_text(text)
print(time.process_time() - begin)
"""

ALL = (
    task_list,
    plans,
    validations,
    upgrades,
    no_op,
    nothing_to_do,
    fresh_runners,
    cache_mounts,
    cached_build,
    remote_build,
    unfit_builders,
    twenty_builds,
    batches,
    few_changed,
    many_targets,
)


def _texts() -> list[str]:
    """The configs of the corpus that $BUILDX_TASKS_CORPUS names, else generated ones."""
    if corpus := os.environ.get("BUILDX_TASKS_CORPUS"):
        files = sorted(Path(corpus, "history").glob("*.yaml"))
        if not files:
            raise FileNotFoundError(f"$BUILDX_TASKS_CORPUS is {corpus}, which has no history/*.yaml")
        return [file.read_text(errors="surrogateescape") for file in files]
    return [old_config(artifacts) for artifacts in (1, 2, 3, 5) for _ in range(138)]


def _commands(bench: Bench, folder: Path, *words: str) -> list[tuple[str, ...]]:
    """The commands that we would run, with the same variables, for running them without us."""
    planned = json.loads(bench.run("invoke", "buildx.plan", *words, "--format=json", cwd=folder))
    return [
        (
            "env",
            QUICK_METADATA,
            *(f"{name}={value}" for name, value in build["environment"].items()),
            *(text.replace("METADATA", f"{number}.metadata.json") for text in build["command"]),
        )
        for number, build in enumerate(planned["builds"])
    ]


def _at_once(bench: Bench, folder: Path, commands: list[tuple[str, ...]], count: int) -> None:
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda command: bench.run(*command, cwd=folder), commands))


def _docker_processes(bench: Bench, folder: Path) -> int:
    """How many docker commands a no-op rebuild runs."""
    log = bench.folder / "docker.log"
    argv = ("invoke", "buildx.build", f"--default-repo={bench.registry}/bench-noop", "--tag=v1")
    bench.run(*argv, cwd=folder, env={"PATH": _noting(bench, log)})
    return len(log.read_text().splitlines())


def _noting(bench: Bench, log: Path) -> str:
    """A PATH whose docker notes what it is asked in `log`, and passes it on."""
    return _with_docker(bench, log.stem, f'echo "$*" >> {log}\nexec DOCKER "$@"')


def _with_docker(bench: Bench, name: str, script: str) -> str:
    """A PATH with a docker of this `name`'s own: a shell script, in which DOCKER is the real one."""
    docker = shutil.which("docker", path=bench.env["PATH"])
    assert docker is not None
    stand_in = bench.folder / f"bin-{name}" / "docker"
    stand_in.parent.mkdir(exist_ok=True)
    stand_in.write_text(f"#!/bin/sh\n{script.replace('DOCKER', docker)}\n")
    stand_in.chmod(0o755)
    return f"{stand_in.parent}:{bench.env['PATH']}"
