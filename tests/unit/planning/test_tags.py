"""Tags from policies and facts, without a git at hand."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.tagpolicy import (
    CustomTemplate,
    DateTime,
    EnvTemplate,
    GitCommit,
    InputDigest,
    Sha256,
    TagComponent,
    TagPolicy,
    tag_policy_from_mapping,
)
from buildx_tasks.planning.facts import Answer, GitFacts, TagFacts
from buildx_tasks.planning.tags.policies import (
    check_tag_policy,
    full_name,
    generate_tag,
    git_queries,
    needs_input_digest,
    sanitise,
    tag_for,
)

CST = timezone(timedelta(hours=-6), "CST")
MOMENT = datetime(2015, 3, 7, 11, 6, 39, 123456, tzinfo=CST)
DESCRIBE = ("git", "describe", "--tags", "--always")
BRANCH = ("git", "branch", "--show-current")
COMMIT = ("git", "rev-list", "-1", "HEAD")
SHORT = ("git", "rev-list", "-1", "HEAD", "--abbrev-commit")
STATUS = ("git", "status", ".", "--porcelain")
FATAL = Answer(error="git describe: exit status 128")


def git(ref: str = "v1", status: str = "") -> GitFacts:
    return GitFacts(answers={DESCRIBE: Answer(text=f"{ref}\n"), STATUS: Answer(text=status)})


def facts(
    env: dict[str, str] | None = None, git_facts: GitFacts | None = None, digest: Answer | None = None
) -> TagFacts:
    return TagFacts(
        moment=MOMENT,
        nanosecond=123456789,
        environ=env or {},
        git=git_facts or git(),
        input_digest=digest or Answer(text="d1gest"),
    )


def custom(template: str, **components: TagPolicy | None) -> CustomTemplate:
    parts = tuple(TagComponent(name=name, policy=policy) for name, policy in components.items())
    return CustomTemplate(template=template, components=parts)


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("v1", "v1"),
        ("v/1", "v_1"),
        ("v%$@!1", "v____1"),
        ("--v1", "__v1"),
        ("..v1", "__v1"),
        (".-.v1", "___v1"),
        ("_v1", "_v1"),
        ("-", "_"),
        ("0123456789-_.", "0123456789-_."),
        ("feature/x", "feature_x"),
        ("é", "_"),
        ("x" * 200, "x" * 128),
        ("", ""),
    ],
)
def test_sanitise(ref: str, expected: str) -> None:
    assert sanitise(ref) == expected


@pytest.mark.parametrize(
    ("policy", "git_facts", "tag"),
    [
        (GitCommit(), git(), "v1"),
        (GitCommit(), git(status=" M main.go\n"), "v1-dirty"),
        (GitCommit(ignore_changes=True), git(status=" M main.go\n"), "v1"),
        (GitCommit(prefix="tag-"), git("a7b32a6"), "tag-a7b32a6"),
        (GitCommit(prefix="a/b-"), git("v/2", "?? x"), "a/b-v_2-dirty"),
        (GitCommit(variant="tAgS"), git(), "v1"),
        (GitCommit(variant="Branches", ignore_changes=True), GitFacts(answers={BRANCH: Answer(text="a/b")}), "a_b"),
        (
            GitCommit(variant="Branches", ignore_changes=True),
            GitFacts(answers={BRANCH: Answer(error="unknown option"), SHORT: Answer(text="a7b32a6")}),
            "a7b32a6",
        ),
        (GitCommit(variant="Branches"), GitFacts(answers={BRANCH: Answer(), STATUS: Answer()}), ""),
    ],
)
def test_git_commit(policy: GitCommit, git_facts: GitFacts, tag: str) -> None:
    result = tag_for(policy, "app", facts(git_facts=git_facts))
    assert (result.tag, result.error) == (tag, "")


def test_a_changed_ref_is_noted() -> None:
    assert "'v/1'" in tag_for(GitCommit(), "app", facts(git_facts=git("v/1"))).note
    assert not tag_for(GitCommit(), "app", facts(git_facts=git("x" * 200))).note


@pytest.mark.parametrize(
    "git_facts",
    [
        GitFacts(),
        GitFacts(answers={DESCRIBE: FATAL, STATUS: Answer()}),
        GitFacts(answers={DESCRIBE: Answer(text="v1"), STATUS: FATAL}),
    ],
)
def test_git_fails(git_facts: GitFacts) -> None:
    result = tag_for(GitCommit(), "app", facts(git_facts=git_facts))
    assert result.error
    assert generate_tag("app", GitCommit(), facts(git_facts=git_facts)).reference == "app:latest"


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([], ()),
        ([Sha256(), DateTime(), EnvTemplate(template="x"), InputDigest()], ()),
        ([GitCommit()], (DESCRIBE, STATUS)),
        ([GitCommit(ignore_changes=True), GitCommit(variant="CommitSha", ignore_changes=True)], (DESCRIBE, COMMIT)),
        ([GitCommit(variant="Branches")], (BRANCH, SHORT, STATUS)),
        ([GitCommit(variant="AbbrevTreeSha")], (("git", "rev-parse", "--short", "HEAD:./"), STATUS)),
        ([GitCommit(variant="TREESHA")], (("git", "rev-parse", "HEAD:./"), STATUS)),
        ([GitCommit(), GitCommit(prefix="x")], (DESCRIBE, STATUS)),
        ([custom("{{.GIT}}")], (DESCRIBE, STATUS)),
        ([custom("{{.A}}", A=GitCommit(variant="CommitSha", ignore_changes=True), B=GitCommit())], (COMMIT,)),
        ([custom("{{.DATE}}", A=GitCommit())], ()),
    ],
)
def test_git_queries(policies: list[TagPolicy], expected: tuple[tuple[str, ...], ...]) -> None:
    assert git_queries(policies) == expected


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("img", "img:latest"),
        ("registry.example.com:8080/img", "registry.example.com:8080/img:latest"),
        ("img:tag", "img:tag"),
        ("registry.example.com:8080/img:tag", "registry.example.com:8080/img:tag"),
        ("ko://github.com/Acme/Tool", "ko://github.com/Acme/Tool:latest"),
    ],
)
def test_sha256(image: str, reference: str) -> None:
    assert generate_tag(image, Sha256(), facts()).reference == reference


def test_an_image_without_a_name() -> None:
    assert tag_for(Sha256(), "registry.example.com:8080:garbage", facts()).error
    with pytest.raises(CannotStart, match="no tag for artifact"):
        generate_tag("registry.example.com:8080:garbage", Sha256(), facts())


@pytest.mark.parametrize(
    ("template", "env", "image", "tag"),
    [
        ("{{.FOO}}", {"FOO": "v1"}, "app", "v1"),
        (
            "{{.IMAGE_NAME}}-{{.FROM_ENV}}:latest",
            {"FROM_ENV": "FOO", "IMAGE_NAME": "BAT"},
            "image_name",
            "image_name-FOO:latest",
        ),
        ('{{default "bar" .FOO}}', {}, "app", "bar"),
        ('{{cmd "bash" "-c" "echo 1.0.0"}}', {}, "app", "bash -c echo 1.0.0"),
        ('{{env "IMAGE_NAME"}}-{{.IMAGE_NAME}}', {"IMAGE_NAME": "e"}, "app", "e-app"),
        ('{{now | date "2006-01-02 MST"}}', {}, "app", "2015-03-07 CST"),
    ],
)
def test_env_template(template: str, env: dict[str, str], image: str, tag: str) -> None:
    assert tag_for(EnvTemplate(template=template), image, facts(env), cmd=" ".join).tag == tag


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{.FOO}}-{{.IMAGE_NAME}}", "not in the environment: FOO"),
        ("{{coalesce nil}}", "it gives '<no value>'"),
        ("{{upper .FOO}}", "expected string"),
        ('{{cmd "date"}}', "commands do not run here"),
        ("{{.IMAGE_NAME}}:latest", "'app:latest' is not a valid tag"),
        ("", ""),
    ],
)
def test_env_template_falls_back(template: str, reason: str) -> None:
    generated = generate_tag("app", EnvTemplate(template=template), facts())
    assert reason in generated.reason
    assert generated.reference == ("app:latest" if reason else "app")


@pytest.mark.parametrize(
    ("policy", "tag"),
    [
        (DateTime(), "2015-03-07_11-06-39.123_CST"),
        (DateTime(timezone="UTC"), "2015-03-07_17-06-39.123_UTC"),
        (DateTime(timezone="Local", format="2006-01-02"), "2015-03-07"),
        (DateTime(timezone="America/New_York", format="15:04 MST"), "12:06 EST"),
        (DateTime(format="05.000000000"), "39.123456789"),
    ],
)
def test_date_time(policy: DateTime, tag: str) -> None:
    assert tag_for(policy, "app", facts()).tag == tag


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (DateTime(timezone="Nowhere/Town"), "unknown time zone 'Nowhere/Town'"),
        (DateTime(timezone="Asia/Dubai"), "is not a valid tag"),
    ],
)
def test_date_time_falls_back(policy: DateTime, reason: str) -> None:
    generated = generate_tag("app", policy, facts())
    assert reason in generated.reason
    assert generated.reference == "app:latest"


def test_input_digest() -> None:
    assert tag_for(InputDigest(), "app", facts()).tag == "d1gest"
    assert generate_tag("app", InputDigest(), facts(digest=Answer(error="no Dockerfile"))).reason == "no Dockerfile"


@pytest.mark.parametrize(
    ("policy", "tag"),
    [
        (custom("foo-bar"), "foo-bar"),
        (custom("foo-{{.FOO}}-{{.BAR}}", FOO=EnvTemplate(template="{{.FOO}}"), BAR=Sha256()), "foo-BAR-latest"),
        (custom("{{.FOO}}", FOO=DateTime(format="2006-01-02"), BAR=EnvTemplate(template="{{.NOPE}}")), "2015-03-07"),
        (custom("{{.GIT}}"), "v1"),
        (custom("{{.DATE}}_{{.SHA}}", DATE=DateTime(format="2006-01-02")), "2015-03-07_latest"),
        (custom("{{.DATE}}"), "2015-03-07_11-06-39.123_CST"),
        (custom("{{.INPUT_DIGEST}}"), "d1gest"),
        (custom("{{if .SHA}}{{.GIT}}{{else}}{{.DATE}}{{end}}"), "v1"),
        (custom("{{.GIT}}", GIT=EnvTemplate(template="own")), "own"),
        (custom("x{{.E}}", E=EnvTemplate(template="")), "x"),
        (custom('{{printf "%.3s" .A}}', A=EnvTemplate(template="abcdef")), "abc"),
    ],
)
def test_custom_template(policy: CustomTemplate, tag: str) -> None:
    assert tag_for(policy, "app", facts({"FOO": "BAR"})).tag == tag


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (custom("{{.FOO}}"), "there is no component 'FOO'"),
        (custom("{{.FOO}}", FOO=EnvTemplate(template="{{.NOPE}}")), "component 'FOO': envTemplate"),
        (custom("{{index . 1}}"), "a map's key is text"),
    ],
)
def test_custom_template_falls_back(policy: CustomTemplate, reason: str) -> None:
    generated = generate_tag("app", policy, facts({"FOO": "BAR"}))
    assert reason in generated.reason
    assert generated.reference == "app:latest"


@pytest.mark.parametrize(
    ("policy", "problems"),
    [
        (GitCommit(variant="Nope"), ["'Nope' is not a variant of gitCommit"]),
        (EnvTemplate(template="{{.FOO"), ["1:7: unclosed action"]),
        (custom("{{.FOO"), ["unclosed action"]),
        (custom('{{default "a" .GIT}}'), ["unknown function 'default'"]),
        (custom("x", A=None), ["tag component 'A' has no policy"]),
        (custom("x", A=custom("y")), ["tag component 'A' can't be a customTemplate itself"]),
        (
            custom("x", A=GitCommit(variant="Nope"), B=EnvTemplate(template="{{")),
            ["tag component 'A': 'Nope' is not", "tag component 'B': template '{{'"],
        ),
        (
            CustomTemplate(
                template="x",
                components=(TagComponent(name="A", policy=Sha256()), TagComponent(name="A", policy=Sha256())),
            ),
            ["two tag components are named 'A'"],
        ),
    ],
)
def test_policies_that_are_wrong_in_themselves(policy: TagPolicy, problems: list[str]) -> None:
    with pytest.raises(CannotStart) as caught:
        generate_tag("app", policy, facts())
    lines = caught.value.message.splitlines()
    assert len(lines) == len(problems)
    for line, problem in zip(lines, problems, strict=True):
        assert problem in line


@pytest.mark.parametrize(
    "policy", [GitCommit(), Sha256(), DateTime(), InputDigest(), custom("{{.GIT}}", A=GitCommit())]
)
def test_good_policies(policy: TagPolicy) -> None:
    check_tag_policy(policy)


@pytest.mark.parametrize(
    ("tag", "reference", "reason"),
    [
        ("v1", "app:v1", ""),
        ("{{.FOO}}", "app:latest", "is not a valid tag"),
        ("bar:bar", "app:latest", "is not a valid tag"),
    ],
)
def test_an_explicit_tag(tag: str, reference: str, reason: str) -> None:
    generated = generate_tag("app", GitCommit(variant="Nope"), facts(), tag=tag)
    assert generated.reference == reference
    assert reason in generated.reason


def test_a_tag_too_long_after_its_prefix() -> None:
    generated = generate_tag("app", GitCommit(prefix="p"), facts(git_facts=git("x" * 200)))
    assert generated.reference == "app:latest"


def test_full_name() -> None:
    assert full_name("a/b", "v1") == "a/b:v1"
    assert full_name("a/b:v0", "") == "a/b:v0"


def test_needs() -> None:
    assert needs_input_digest(InputDigest())
    assert needs_input_digest(custom("{{.INPUT_DIGEST}}"))
    assert not needs_input_digest(custom("{{.GIT}}", A=InputDigest()))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, GitCommit()),
        ({"gitCommit": None}, GitCommit()),
        (
            {"gitCommit": {"variant": "TreeSha", "prefix": "p-", "ignoreChanges": True}},
            GitCommit(variant="TreeSha", prefix="p-", ignore_changes=True),
        ),
        ({"sha256": {}}, Sha256()),
        ({"inputDigest": {}}, InputDigest()),
        ({"envTemplate": {"template": "{{.FOO}}"}}, EnvTemplate(template="{{.FOO}}")),
        ({"dateTime": {"format": "2006", "timezone": "UTC"}}, DateTime(format="2006", timezone="UTC")),
        (
            {"customTemplate": {"template": "{{.A}}", "components": [{"name": "A", "gitCommit": {}}, {"name": "B"}]}},
            custom("{{.A}}", A=GitCommit(), B=None),
        ),
    ],
)
def test_policies_of_a_config(data: dict[str, object], expected: TagPolicy) -> None:
    assert tag_policy_from_mapping(data) == expected
