from __future__ import annotations

from pathlib import Path

import pytest

from buildx_tasks.execution.cluster.kube import KubeConfigs, advertised_registry, kubeconfig_files
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.planning.build.cluster import ClusterFacts

FIRST = """\
apiVersion: v1
kind: Config
contexts:
- {name: dev, context: {cluster: c1, user: u}}
- name: prod
  context: {cluster: c2}
clusters:
- name: c1
  cluster: {server: "https://10.0.0.1:6443", certificate-authority: pki/ca.crt}
"""
SECOND = """\
current-context: prod
contexts:
- {name: dev, context: {cluster: c2}}
clusters:
- {name: c1, cluster: {server: "https://late:1"}}
- {name: c2, cluster: {server: "https://10.0.0.2:6443", certificate-authority: /abs/../ca.crt}}
"""


@pytest.mark.parametrize(
    ("environ", "kubeconfig", "expected"),
    [
        ({}, "", ["/home/me/.kube/config"]),
        ({"KUBECONFIG": ""}, "", ["/home/me/.kube/config"]),
        ({"KUBECONFIG": "/a::/b"}, "", ["/a", "/b"]),
        ({"KUBECONFIG": "/a"}, "/c", ["/c"]),
    ],
)
def test_which_files_count(environ: dict[str, str], kubeconfig: str, expected: list[str]) -> None:
    assert kubeconfig_files(environ, Path("/home/me"), kubeconfig) == [Path(path) for path in expected]


def write(folder: Path) -> dict[str, str]:
    (folder / "one").mkdir()
    (folder / "one" / "config").write_text(FIRST)
    (folder / "two").write_text(SECOND)
    return {"KUBECONFIG": f"{folder}/one/config:{folder}/missing:{folder}/two"}


@pytest.mark.parametrize(
    ("kube_context", "expected"),
    [
        ("", ClusterFacts(context="prod", server="https://10.0.0.2:6443", ca_file="/ca.crt")),
        ("dev", ClusterFacts(context="dev", server="https://10.0.0.1:6443", ca_file="FOLDER/one/pki/ca.crt")),
        ("unknown", ClusterFacts(context="unknown")),
    ],
)
def test_the_first_file_that_has_a_thing_counts(tmp_path: Path, kube_context: str, expected: ClusterFacts) -> None:
    facts = KubeConfigs(write(tmp_path), tmp_path, pytest.fail).cluster(kube_context=kube_context)
    assert facts.ca_file == expected.ca_file.replace("FOLDER", str(tmp_path))
    assert (facts.context, facts.server) == (expected.context, expected.server)


def test_a_named_kubeconfig_is_the_only_one(tmp_path: Path) -> None:
    environ = write(tmp_path)
    assert (
        KubeConfigs(environ, tmp_path, pytest.fail).cluster(kubeconfig=str(tmp_path / "one" / "config"))
        == ClusterFacts()
    )


@pytest.mark.parametrize("text", [None, "", "# nothing\n", "current-context: ''\n", "contexts: {}\nclusters: 3\n"])
def test_without_a_current_context_there_is_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / ".kube").mkdir()
        (tmp_path / ".kube" / "config").write_text(text)
    assert KubeConfigs({}, tmp_path, pytest.fail).cluster() == ClusterFacts()


@pytest.mark.parametrize(
    "text",
    [
        "contexts: [3, {name: dev}]\n",
        "contexts: [{name: dev, context: x}]\n",
        "contexts:\n- {name: dev, context: {}}\n",
    ],
)
def test_incomplete_entries_give_no_cluster(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(f"current-context: dev\n{text}clusters: [{{name: , cluster: {{server: s}}}}]\n")
    environ = {"KUBECONFIG": str(tmp_path / "config")}
    assert KubeConfigs(environ, tmp_path, pytest.fail).cluster() == ClusterFacts(context="dev")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: b\nc: [\n", "/bad:3 is left out: "),
        (b"- a\n", "/bad is left out: not a mapping"),
        (b"\xff", "/bad is left out: not UTF-8 text"),
        (None, "/bad is left out: Is a directory"),
    ],
)
def test_a_broken_file_is_a_warning(tmp_path: Path, data: bytes | None, said: str) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good"
    good.write_text("current-context: dev\n")
    if data is None:
        bad.mkdir()
    else:
        bad.write_bytes(data)
    warnings: list[str] = []
    facts = KubeConfigs({"KUBECONFIG": f"{bad}:{good}"}, tmp_path, warnings.append).cluster()
    assert facts == ClusterFacts(context="dev")
    assert len(warnings) == 1
    assert said in warnings[0]


def stub_kubectl(folder: Path, script: str) -> ShellRunner:
    program = folder / "kubectl"
    program.write_text(f'#!/bin/sh\necho "$*" > {folder}/call\n{script}\n')
    program.chmod(0o755)
    return ShellRunner({"PATH": f"{folder}:/usr/bin:/bin"})


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo 'host: \"localhost:5001\"'; echo 'help: https://kind.sigs.k8s.io/'", "localhost:5001"),
        ("echo 'help: nothing'", ""),
        ("echo 'host: 5001'", ""),
        ("echo 'host: ['", ""),
        ("echo text", ""),
        ("exit 0", ""),
        ("echo 'host: localhost:5001'; exit 1", ""),
    ],
)
def test_the_registry_that_a_cluster_advertises(tmp_path: Path, script: str, expected: str) -> None:
    assert advertised_registry(stub_kubectl(tmp_path, script), "kind-a", "/k") == expected
    assert (tmp_path / "call").read_text() == (
        "get configmap local-registry-hosting --namespace kube-public --context kind-a --request-timeout 3s "
        "--kubeconfig /k --output jsonpath={.data.localRegistryHosting\\.v1}\n"
    )


def test_without_kubectl_no_registry_is_advertised(tmp_path: Path) -> None:
    assert advertised_registry(ShellRunner({"PATH": str(tmp_path)}), "kind-a") == ""
