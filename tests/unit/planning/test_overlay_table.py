"""The overlay's table names fields of the newest version, and knows every section that is not merged."""

from __future__ import annotations

import pytest

from buildx_tasks.document.schema.catalogue import locate
from buildx_tasks.model.apiversion import NEWEST, position
from buildx_tasks.planning.config.overlay import ONE_OF, PIPELINE, WHOLE

AT = position(NEWEST)


@pytest.mark.parametrize("name", [*PIPELINE, *sorted(WHOLE), *ONE_OF])
def test_every_name_is_a_field(name: str) -> None:
    assert locate(tuple(name.split(".")), AT) is not None


@pytest.mark.parametrize("name", PIPELINE)
def test_profiles_may_repeat_every_section(name: str) -> None:
    assert locate(("profiles", 0, name), AT) is not None


@pytest.mark.parametrize(("name", "members"), ONE_OF.items())
def test_groups_are_those_of_the_schema(name: str, members: tuple[str, ...]) -> None:
    path = tuple(name.split("."))
    found = locate(path, AT)
    assert found is not None
    assert found.definition is not None
    assert tuple(member for member in found.definition.one_of if locate((*path, member), AT)) == members


def test_sections_of_deploy_and_manifests_are_known() -> None:
    merged = {"deploy.logs", "manifests.hooks"}
    for name in ("deploy", "manifests"):
        found = locate((name,), AT)
        assert found is not None
        assert found.definition is not None
        sections = {f"{name}.{key}" for key in found.definition.keys(AT) if _is_mapping((name, key))}
        assert sections <= WHOLE | merged


def _is_mapping(path: tuple[str, ...]) -> bool:
    found = locate(path, AT)
    return found is not None and found.definition is not None and not (found.prop and found.prop.type.endswith("[]"))
