"""Credentials of caches go by the environment where that means the same, and what stays visible is said."""

from __future__ import annotations

import pytest

from buildx_tasks.model.argv import argv, visible_secrets
from buildx_tasks.model.plan import Variable
from buildx_tasks.model.request import BUILDX, DOCKER, Because, BuildRequest, CacheUse, spelled
from buildx_tasks.model.spec import parse_cache_entry
from buildx_tasks.planning.build.hidden import by_environment, names_secret, warn_of_visible
from buildx_tasks.planning.build.stepinput import Remarks

KEYS = "access_key_id=id,secret_access_key=key"


def requested(
    *entries: str,
    tool: str = BUILDX,
    given: dict[str, str] | None = None,
    environ: dict[str, str] | None = None,
    tag: str = "app:v1",
) -> tuple[BuildRequest, Remarks]:
    """The request of a build that reads the first of these caches and writes the others."""
    uses = [CacheUse(spec=parse_cache_entry(text)) for text in entries]
    request = BuildRequest(
        image="app",
        tool=Because(tool, ""),
        tags=(Because(tag, ""),),
        cache_from=tuple(uses[:1]),
        cache_to=tuple(uses[1:]),
    )
    remarks = Remarks()
    remarks.environment += [Variable(name, value, "") for name, value in (given or {}).items()]
    return by_environment(request, remarks, environ or {}), remarks


@pytest.mark.parametrize(
    ("entries", "environment"),
    [
        (
            (f"type=s3,bucket=b,{KEYS}",),
            {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": ""},
        ),
        (
            (f"type=s3,bucket=b,{KEYS},session_token=t", f"type=s3,bucket=c,mode=max,{KEYS},session_token=t"),
            {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": "t"},
        ),
        (("type=gha,token=t", "type=gha,mode=max,token=t"), {"ACTIONS_RUNTIME_TOKEN": "t"}),
        (("type=registry,ref=r.example/x:c",), {}),
        (("type=s3,bucket=b",), {}),
    ],
)
def test_credentials_that_go_by_the_environment(entries: tuple[str, ...], environment: dict[str, str]) -> None:
    request, remarks = requested(*entries)
    words = " ".join(argv(request, spelled))
    assert {item.name: item.value for item in remarks.environment} == environment
    assert all(item.secret for item in remarks.environment if item.value)
    assert not any(name in words for name in ("access_key", "token="))
    assert all(text in words for entry in entries for text in entry.split(",") if text.startswith(("bucket", "mode")))
    assert visible_secrets(request) == ()


@pytest.mark.parametrize(
    ("entries", "more"),
    [
        ((f"type=s3,bucket=b,{KEYS}", f"type=s3,bucket=c,{KEYS}x"), {}),
        ((f"type=s3,bucket=b,{KEYS}", "type=s3,bucket=c"), {}),
        (("type=s3,bucket=b,secret_access_key=key",), {}),
        (("type=s3,bucket=b,session_token=t",), {}),
        (("type=azblob,name=n,secret_access_key=key",), {}),
        (("type=gha,token=t", "type=gha,token=u"), {}),
        ((f"type=s3,bucket=b,{KEYS}",), {"given": {"AWS_SECRET_ACCESS_KEY": "another, of a build arg"}}),
        ((f"type=s3,bucket=b,{KEYS}",), {"tool": DOCKER}),
        ((f"type=s3,bucket=b,{KEYS}",), {"environ": {"AWS_ACCESS_KEY_ID": "of another"}}),
        ((f"type=s3,bucket=b,{KEYS}",), {"environ": {"AWS_SESSION_TOKEN": "of another"}}),
        ((f"type=s3,bucket=b,{KEYS}",), {"tag": "1.dkr.ecr.eu-west-1.amazonaws.com/app:v1"}),
        ((f"type=s3,bucket=b,{KEYS}",), {"tag": "public.ecr.aws/x/app:v1"}),
    ],
)
def test_credentials_that_the_environment_would_change(entries: tuple[str, ...], more: dict[str, object]) -> None:
    request, remarks = requested(*entries, **more)  # type: ignore[arg-type]
    assert [str(use.spec) for use in (*request.cache_from, *request.cache_to)] == list(entries)
    assert {item.name for item in remarks.environment} == set(more.get("given", ()))  # type: ignore[call-overload]
    warn_of_visible(request, remarks)
    assert len(remarks.warnings) == len(visible_secrets(request)) >= 1
    assert all("holds a secret" in text and "key," not in text for text in remarks.warnings)


def test_credentials_that_the_environment_has_already_change_nothing_for_amazons_registry() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"}
    request, _remarks = requested(f"type=s3,bucket=b,{KEYS}", environ=environ, tag="1.dkr.ecr.x.amazonaws.com/app:v1")
    assert visible_secrets(request) == ()


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{.GITHUB_TOKEN}}", True),
        ('a {{ default "x" .DB_PASSWORD }}', True),
        ("{{.BRANCH}} GITHUB_TOKEN", False),
        ("TOKEN", False),
    ],
)
def test_templates_that_use_a_secret(template: str, said: bool) -> None:
    assert names_secret(template) is said
