"""Kubernetes types as Skaffold read them before v2beta11: all-lower-case keys, embedded structs as levels."""

from __future__ import annotations

from buildx_tasks.document.yaml.tree import Box, Map

EMBEDDED = frozenset(("volumesource", "localobjectreference", "downwardapiprojection"))
FREE_MAPS = frozenset(("options", "volumeattributes", "matchlabels", "labels", "annotations"))
"""What is below these keys are names of the user."""

_SPELLINGS = """
accessModes apiGroup apiVersion awsElasticBlockStore azureDisk azureFile cachingMode chapAuthDiscovery
chapAuthSession claimName configMap containerName dataSource datasetName datasetUUID defaultMode diskName
diskURI downwardAPI emptyDir expirationSeconds fieldPath fieldRef flexVolume fsType gcePersistentDisk gitRepo
hostPath initiatorName iscsiInterface mountPath mountPropagation nodePublishSecretRef pdID pdName
persistentVolumeClaim photonPersistentDisk portworxVolume protectionDomain readOnly resourceFieldRef scaleIO
secretFile secretName secretRef serviceAccountToken shareName sizeLimit sslEnabled storageMode storagePolicyID
storagePolicyName storagePool subPath subPathExpr targetPortal targetWWNs volumeAttributes volumeID volumeName
volumeNamespace volumePath vsphereVolume
"""
SPELLING = {name.lower(): name for name in _SPELLINGS.split()}


def respell(box: Box) -> None:
    """Give every key its usual spelling and lift what an embedded struct holds to where it belongs."""
    if isinstance(box, Map):
        _lift(box)
    for child in box.real():
        below = child.key
        if isinstance(box, Map) and SPELLING.get(below, below) != below:
            box.rename(below, SPELLING[below])
        if isinstance(child.value, Box) and below not in FREE_MAPS:
            respell(child.value)


def _lift(box: Map) -> None:
    for child in box.real():
        if child.key in EMBEDDED and isinstance(child.value, Map):
            for inner in child.value.real():
                box.insert(child.value.take(inner), before=child)
            box.drop(child)
            _lift(box)
