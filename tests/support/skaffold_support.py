"""A stand-in for the program `skaffold`: its flags, variables, selection, names and result file, and no builders.

It refuses what Skaffold refuses (unknown flags and fields, undefined profiles, several platforms that are not pushed)
and writes each call down, with the config that it was given.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recording import Project

SCRIPT = """\
#!{python}
import json, os, re, stat, sys, time
FLAGS = dict(
    filename="skaffold.yaml", module=[], profile=[], default_repo=None, tag="", platform=[], push=None,
    build_image=[],
    cache_artifacts=True, insecure_registry=[], detect_minikube=True, dry_run=False, quiet=False,
    output="{{{{json .}}}}", file_output="", kube_context="", kubeconfig="", skip_tests=False, interactive=True,
    config="", disable_multi_platform_build=False,
)
BOOLEANS = [name for name, value in FLAGS.items() if isinstance(value, bool) or name == "push"]

def end(code, text):
    sys.stderr.write(text + "\\n")
    sys.exit(code)

def take(name, value):
    if name in BOOLEANS:
        if value not in ("true", "false"):
            end(127, f"invalid argument {{value!r}} for --{{name}}")
        FLAGS[name] = value == "true"
    elif isinstance(FLAGS[name], list):
        FLAGS[name] += [part for part in value.split(",") if part]
    else:
        FLAGS[name] = value

def substituted(repo, base):
    return base if not repo or base.startswith(repo) else repo + "/" + re.sub("[/._:@]", "_", base)

folder = {folder!r}
answers = json.load(open(folder + "/skaffold.json"))
words = sys.argv[1:]
if words[:1] != ["build"]:
    end(127, f"unknown command {{words[:1]}}")
for name in FLAGS:
    variable = "SKAFFOLD_" + name.upper()
    if variable in os.environ:
        take(name, os.environ[variable])
rest = words[1:]
while rest:
    flag, given, value = rest.pop(0).partition("=")
    name = flag[2:].replace("-", "_")
    if not flag.startswith("--") or name not in FLAGS:
        end(127, f"unknown flag: {{flag}}")
    if not given:
        value = "true" if name in BOOLEANS else rest.pop(0)
    take(name, value)
text = open(FLAGS["filename"]).read()
call = {{
    "argv": words,
    "cwd": os.getcwd(),
    "config": json.loads(text),
    "mode": stat.S_IMODE(os.stat(FLAGS["filename"]).st_mode),
    "environment": {{name: value for name, value in os.environ.items() if name.startswith("SKAFFOLD_")}},
}}
with open(folder + "/skaffold.calls", "a") as log:
    log.write(json.dumps(call) + "\\n")
from buildx_tasks import validate_text
refused = [str(one) for one in validate_text(text)]
if refused:
    end(1, "parsing skaffold config: " + refused[0])
if FLAGS["profile"] or FLAGS["module"]:
    end(1, "no such profile or module")
pipeline = json.loads(text)["build"]
chosen = [one for one in pipeline["artifacts"] if any(part in one["image"] for part in FLAGS["build_image"])]
print("Generating tags...")
builds = []
for artifact in chosen:
    name = substituted(FLAGS["default_repo"], artifact["image"].removeprefix("ko://").lower())
    tag = name + ":" + FLAGS["tag"]
    print(f" - {{artifact['image']}} -> {{tag}}")
    pushed = FLAGS["push"] or "googleCloudBuild" in pipeline or "cluster" in pipeline
    if len(FLAGS["platform"]) > 1 and not pushed:
        end(1, "multi-platform without push")
    if not os.path.isdir(artifact["context"]):
        end(1, f"image {{artifact['image']!r}} context {{artifact['context']!r}} does not exist")
    loaded = name + ":" + answers["id"].partition(":")[2]
    builds.append((artifact["image"], tag + "@" + answers["digest"] if pushed else loaded))
sys.stdout.flush()
time.sleep(answers["seconds"])
for image, _tag in builds:
    print(f"Building [{{image}}]...", flush=True)
    if image in answers["failing"]:
        open(FLAGS["file_output"], "w").write('{{"builds":null}}')
        end(1, f"build [{{image}}] failed: jib says no")
result = [dict(imageName=image, tag=tag) for image, tag in builds]
open(FLAGS["file_output"], "w").write(answers["result"] or json.dumps(dict(builds=result)))
"""


@dataclass
class Skaffold:
    """The stand-in in the folder of a project's recording docker, which is on its PATH.

    Images in `failing` can't be built; `result` is written in place of the right result; a build takes `seconds`.
    """

    project: Project
    digest: str = "sha256:" + "7" * 64
    image_id: str = "sha256:" + "2" * 64
    failing: tuple[str, ...] = ()
    result: str = ""
    seconds: float = 0

    def __post_init__(self) -> None:
        program = self.project.docker.folder / "skaffold"
        program.write_text(SCRIPT.format(python=sys.executable, folder=str(self.project.docker.folder)))
        program.chmod(0o755)
        self.save()

    def save(self) -> None:
        """Write the answers down for the program."""
        answers = {
            "digest": self.digest,
            "id": self.image_id,
            "failing": self.failing,
            "result": self.result,
            "seconds": self.seconds,
        }
        (self.project.docker.folder / "skaffold.json").write_text(json.dumps(answers))

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every call so far: ``argv``, ``cwd``, the ``config`` with its ``mode``, and ``environment``."""
        log: Path = self.project.docker.folder / "skaffold.calls"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    @property
    def artifact(self) -> dict[str, Any]:
        """The artifact in the config of the only call."""
        (call,) = self.calls
        (artifact,) = call["config"]["build"]["artifacts"]
        return dict(artifact)
