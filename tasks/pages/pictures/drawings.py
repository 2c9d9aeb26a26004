"""The diagrams of the documentation."""

from __future__ import annotations

import re
from itertools import pairwise

from tasks.pages.pictures.diagram import Arrow, Box, Diagram
from tasks.pages.settings import ROOT


def architecture() -> str:
    """How a run goes through the layers: values between them, effects at both ends."""
    return Diagram(
        title="How a build goes through the layers",
        text="The skaffold.yaml becomes configs, docker's answers become facts, flags and files become settings. "
        "Planning makes a plan of the three, execution makes results of the plan, reporting shows both.",
        widths=(190, 190, 190, 220),
        boxes={
            "yaml": Box(0, 0, ("skaffold.yaml", "and what it requires"), "question", titled=True),
            "flags": Box(1, 0, ("settings", "flags, environment, files"), "question", titled=True),
            "docker": Box(2, 0, ("the machine", "docker, buildx, git, files"), "question", titled=True),
            "document": Box(0, 1, ("document", "parse, upgrade, validate"), titled=True),
            "settings": Box(1, 1, ("execution", "settings, by precedence"), titled=True),
            "facts": Box(2, 1, ("execution", "facts, by probes"), titled=True),
            "config": Box(0, 2, ("planning", "profiles, selection"), titled=True),
            "planning": Box(1, 2, ("planning", "every decision, no effects"), titled=True),
            "plan": Box(2, 2, ("BuildPlan", "steps with their reasons"), "result", titled=True),
            "execution": Box(2, 3, ("execution", "builds, retries, hooks"), titled=True),
            "results": Box(1, 3, ("Results", "digests, caches, failures"), "result", titled=True),
            "show": Box(3, 2, ("reporting", "buildx.plan: text, JSON, bake"), titled=True),
            "end": Box(0, 3, ("reporting", "board, log, result files"), titled=True),
        },
        arrows=(
            Arrow("yaml", "document"),
            Arrow("flags", "settings"),
            Arrow("docker", "facts"),
            Arrow("document", "config"),
            Arrow("settings", "planning"),
            Arrow("facts", "planning"),
            Arrow("config", "planning"),
            Arrow("planning", "plan"),
            Arrow("plan", "show"),
            Arrow("plan", "execution"),
            Arrow("execution", "results"),
            Arrow("results", "end"),
        ),
    ).svg()


def layers() -> str:
    """Which layer imports which, with the rooms that `docs/architecture.md` lists."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)/(\w+)` \|", page, re.MULTILINE)
    texts = {"errors": "what a user can cause", "model": "values", "tasks": "Invoke: arguments, exit status"}
    rooms = [
        (name, texts.get(name) or ", ".join(room for layer, room in listed if layer == name))
        for name in ("errors", "model", "golang", "document", "planning", "execution", "tasks")
    ]
    boxes = {name: Box(0, len(rooms) - 1 - at, (name, text), titled=True) for at, (name, text) in enumerate(rooms)}
    boxes["reporting"] = Box(1, 5, ("reporting", "text and JSON"), titled=True)
    names = [name for name, _text in rooms]
    return Diagram(
        title="The layers, and which imports which",
        text="Each layer imports from those below it; reporting imports the model alone.",
        widths=(480, 170),
        boxes=boxes,
        arrows=(
            *(Arrow(upper, lower) for lower, upper in pairwise(names)),
            Arrow("reporting", "model"),
        ),
    ).svg()


def destination() -> str:
    """Push, load or neither."""
    return Diagram(
        title="Push, load or neither",
        text="Exporters replace both. Else the first of the flags, cliFlags, build.local.push and the registry in the "
        "name decides about a push. "
        "What is not pushed is loaded when a docker daemon answers, and else stays in the build cache.",
        widths=(330, 210),
        boxes={
            "output": Box(0, 0, ("exporters (--output, outputs),", "and not --push?"), "question"),
            "output-yes": Box(1, 0, ("exported as they say",), "result"),
            "flag": Box(0, 1, ("--push or --no-push?",), "question"),
            "flag-yes": Box(1, 1, ("as it says",), "result"),
            "words": Box(0, 2, ("--push among the artifact's cliFlags?",), "question"),
            "words-yes": Box(1, 2, ("push",), "result"),
            "local": Box(0, 3, ("build.local.push in the config?",), "question"),
            "local-yes": Box(1, 3, ("as it says",), "result"),
            "name": Box(0, 4, ("the name has a registry, and the", "kube-context is not a local cluster?"), "question"),
            "name-yes": Box(1, 4, ("push",), "result"),
            "daemon": Box(0, 5, ("not pushed:", "does a docker daemon answer?"), "question"),
            "daemon-yes": Box(1, 5, ("load",), "result"),
            "none": Box(0, 6, ("stays in the build cache,", "with a warning"), "result"),
        },
        arrows=(
            *(Arrow(name, f"{name}-yes", "yes") for name in ("output", "flag", "words", "local", "name", "daemon")),
            Arrow("output", "flag", "no"),
            Arrow("flag", "words", "no"),
            Arrow("words", "local", "no"),
            Arrow("local", "name", "no"),
            Arrow("name", "daemon", "no"),
            Arrow("daemon", "none", "no"),
        ),
    ).svg()


def caches() -> str:
    """Which caches a build reads and writes."""
    return Diagram(
        title="Which caches are read and written",
        text="cache-mode off uses none, read writes none. Otherwise cacheTo is written, or without it the artifact's "
        "own entries of cacheFrom; in the mode auto a shared cache only with a push.",
        widths=(330, 290),
        boxes={
            "off": Box(0, 0, ("cache-mode off?",), "question"),
            "off-yes": Box(1, 0, ("no cache is read or written",), "result"),
            "read": Box(0, 1, ("read every entry of cacheFrom;", "one without a tag gets the cache-tag")),
            "mode": Box(0, 2, ("cache-mode read?",), "question"),
            "mode-yes": Box(1, 2, ("nothing is written",), "result"),
            "push": Box(0, 3, ("cache-mode auto, and the image", "is not pushed?"), "question"),
            "push-yes": Box(1, 3, ("only type=local of cacheTo", "is written"), "result"),
            "to": Box(0, 4, ("is there a cacheTo?",), "question"),
            "to-yes": Box(1, 4, ("it is written;", "a failure is an error"), "result"),
            "own": Box(0, 5, ("cacheFrom entries in a registry that", "are the artifact's own image?"), "question"),
            "own-yes": Box(1, 5, ("they are written, with mode=max;", "a failure is a warning"), "result"),
            "none": Box(0, 6, ("nothing is written",), "result"),
        },
        arrows=(
            *(Arrow(name, f"{name}-yes", "yes") for name in ("off", "mode", "push", "to", "own")),
            Arrow("off", "read", "no"),
            Arrow("read", "mode"),
            Arrow("mode", "push", "no"),
            Arrow("push", "to", "no"),
            Arrow("to", "own", "no"),
            Arrow("own", "none", "no"),
        ),
    ).svg()
