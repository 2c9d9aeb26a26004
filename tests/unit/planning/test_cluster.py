from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

import pytest

from buildx_tasks.planning.build.cluster import (
    Cluster,
    ClusterFacts,
    cluster_kind,
    is_minikube_by_name,
    is_minikube_by_server,
    minikube_folder,
)


def outcome(cluster: Cluster) -> tuple[bool, bool, bool]:
    return cluster.local, cluster.load, cluster.push


@pytest.mark.parametrize(
    ("context", "said", "expected"),
    [
        ("", {}, (False, False, True)),
        ("kind-other", {}, (True, True, False)),
        ("kind-other", {"local_cluster": True}, (True, True, False)),
        ("kind-other", {"local_cluster": False}, (False, False, True)),
        ("kind-other", {"kind_disable_load": True}, (True, False, True)),
        ("kind-other", {"kind_disable_load": False}, (True, True, False)),
        ("kind-other", {"k3d_disable_load": True}, (True, True, False)),
        ("kind@kind", {}, (True, True, False)),
        ("kind@kind", {"kind_disable_load": True}, (True, False, True)),
        ("kind@blah", {}, (False, False, True)),
        ("other-kind", {}, (False, False, True)),
        ("k3d-k3s-default", {}, (True, True, False)),
        ("k3d-k3s-default", {"local_cluster": False}, (False, False, True)),
        ("k3d-k3s-default", {"k3d_disable_load": True}, (True, False, True)),
        ("k3d-k3s-default", {"kind_disable_load": True}, (True, True, False)),
        ("not-k3d", {}, (False, False, True)),
        ("minikube", {}, (True, False, False)),
        ("minikube", {"local_cluster": False}, (False, False, True)),
        ("docker-desktop", {}, (True, False, False)),
        ("docker-for-desktop", {}, (True, False, False)),
        ("some-cluster", {"local_cluster": True}, (True, False, False)),
        ("some-cluster", {"minikube": True}, (True, False, False)),
        ("some-cluster", {"minikube": True, "local_cluster": False}, (False, False, True)),
        ("anything-else", {}, (False, False, True)),
    ],
)
@pytest.mark.parametrize("registry", ["", "localhost:5000"])
def test_local_load_and_push(
    context: str, said: dict[str, bool], registry: str, expected: tuple[bool, bool, bool]
) -> None:
    cluster = cluster_kind(context, registry=registry, **said)
    advertised = registry != "" and expected[0]
    assert outcome(cluster) == ((True, False, True) if advertised else expected)
    assert cluster.registry == (registry if advertised else "")


@pytest.mark.parametrize(
    ("context", "said", "reason"),
    [
        ("", {}, "no kube-context is set"),
        ("prod", {"local_cluster": True}, "local-cluster is true"),
        ("kind-x", {"local_cluster": False}, "local-cluster is false"),
        ("kind-x", {}, "kube-context 'kind-x' is a kind cluster"),
        ("kind-x", {"kind_disable_load": True}, "kube-context 'kind-x' is a kind cluster and kind-disable-load is set"),
        ("kind-x", {"registry": "r"}, "kube-context 'kind-x' is a kind cluster that advertises the registry r"),
        ("k3d-x", {}, "kube-context 'k3d-x' is a k3d cluster"),
        ("mine", {"minikube": True}, "kube-context 'mine' is a minikube cluster"),
        ("docker-desktop", {}, "kube-context 'docker-desktop' is the cluster of Docker Desktop"),
        ("prod", {}, "kube-context 'prod' is not a local cluster"),
    ],
)
def test_the_reason(context: str, said: dict[str, Any], reason: str) -> None:
    assert cluster_kind(context, **said).reason == reason


@pytest.mark.parametrize(
    ("minikube_home", "expected"),
    [("", "/home/me/.minikube"), ("/data", "/data/.minikube"), ("/data/.minikube", "/data/.minikube")],
)
def test_where_minikube_lives(minikube_home: str, expected: str) -> None:
    assert minikube_folder(minikube_home, "/home/me") == PurePath(expected)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (ClusterFacts(context="minikube"), True),
        (ClusterFacts(context="minikube2"), False),
        (ClusterFacts(context="cluster", ca_file="/home/me/.minikube/ca.crt"), True),
        (ClusterFacts(context="cluster", ca_file="/home/me/.minikube2/ca.crt"), False),
        (ClusterFacts(context="cluster", ca_file="/etc/ca.crt"), False),
        (ClusterFacts(), False),
    ],
)
def test_minikube_by_name_or_certificate(facts: ClusterFacts, expected: bool) -> None:
    assert is_minikube_by_name(facts, PurePath("/home/me/.minikube")) is expected


PROFILES = {
    "invalid": [{"Config": {"Nodes": [{"IP": "10.0.0.9", "Port": 8443}]}}],
    "valid": [
        {"Name": "a", "Config": {"Nodes": [{"IP": "192.168.64.10", "Port": 8443}]}},
        {"Name": "b", "Config": {"Nodes": [{"IP": "10.0.0.1", "Port": 1}, {"IP": "10.0.0.2", "Port": 2}]}},
    ],
}


@pytest.mark.parametrize(
    ("server", "profiles", "expected"),
    [
        ("https://192.168.64.10:8443", PROFILES, True),
        ("https://10.0.0.2:2", PROFILES, True),
        ("https://10.0.0.2:1", PROFILES, False),
        ("https://10.0.0.9:8443", PROFILES, False),
        ("", PROFILES, False),
        ("https://[broken", PROFILES, False),
        ("https://10.0.0.2:2", {"valid": None}, False),
        ("https://10.0.0.2:2", {"valid": [{"Config": {"Nodes": None}}]}, False),
        ("https://10.0.0.2:2", {"valid": [{"Name": "x"}]}, False),
        ("https://10.0.0.2:2", [], False),
    ],
)
def test_minikube_by_server(server: str, profiles: object, expected: bool) -> None:
    assert is_minikube_by_server(ClusterFacts(context="c", server=server), json.dumps(profiles)) is expected


def test_what_is_no_json_lists_nothing() -> None:
    assert not is_minikube_by_server(ClusterFacts(context="c", server="https://10.0.0.1:1"), "no such command")
