"""The Go template over the result, with Skaffold's functions and names."""

from __future__ import annotations

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.golang.template import TemplateError
from buildx_tasks.model.result import BUILT, FAILED, ArtifactResult, Results
from buildx_tasks.planning.build.resulttemplate import parse_result_template
from buildx_tasks.reporting.buildjson import build_json, built_items

ONE = [{"imageName": "gcr.io/skaffold/example", "tag": "test"}]
TWO = [*ONE, {"imageName": "Web", "tag": "web:v1@sha256:2", "runtimeType": "go"}]


@pytest.mark.parametrize(
    ("template", "builds", "text"),
    [
        ("{{json .}}", ONE, '{"builds":[{"imageName":"gcr.io/skaffold/example","tag":"test"}]}'),
        ("{{json .}}", [], '{"builds":null}'),
        ("{{json .Builds}}", TWO[1:], '[{"imageName":"Web","tag":"web:v1@sha256:2","runtimeType":"go"}]'),
        ("{{range .Builds}}{{.ImageName}} -> {{.Tag}}\n{{end}}", ONE, "gcr.io/skaffold/example -> test\n"),
        ("{{range .Builds}}{{.RuntimeType}};{{end}}", TWO, ";go;"),
        ("{{range .Builds}}{{upper .ImageName}} {{end}}", TWO, "GCR.IO/SKAFFOLD/EXAMPLE WEB "),
        ("{{range .Builds}}{{lower .ImageName}} {{end}}", TWO[1:], "web "),
        ("{{title (index .Builds 0).Tag}}", ONE, "Test"),
        ("{{len .Builds}}", TWO, "2"),
        ("{{len .Builds}}", [], "0"),
        ("plain", TWO, "plain"),
        ('{{json "<&>é"}}', [], '"<&>é"'),
    ],
)
def test_results_as_text(template: str, builds: list[dict[str, str]], text: str) -> None:
    assert parse_result_template(template).render(builds) == text


@pytest.mark.parametrize("template", ["{{range .Builds}}{{.Image}}{{end}}", "{{.Tags}}", "{{(index .Builds 0).Name}}"])
def test_a_field_that_no_result_has_is_known_before_the_build(template: str) -> None:
    with pytest.raises(CannotStart, match="a result has no"):
        parse_result_template(template)


@pytest.mark.parametrize("template", ["{{", "{{end}}", "{{nosuch .}}", "{{env .Builds}}"])
def test_a_mistake_is_told_with_its_place(template: str) -> None:
    with pytest.raises(TemplateError, match=r"1:\d"):
        parse_result_template(template)


@pytest.mark.parametrize("template", ["{{index .Builds 5}}", '{{join .Builds ","}}', "{{.Tag}}"])
def test_what_fails_only_at_the_end(template: str) -> None:
    with pytest.raises(TemplateError):
        parse_result_template(template).render(TWO)


def test_join_is_the_one_of_go() -> None:
    with pytest.raises(TemplateError, match="join"):
        parse_result_template('{{join "," "a"}}').render([])


def test_the_default_template_gives_the_default_result() -> None:
    builds = (
        ArtifactResult(image="app", tag="app:v1", status=BUILT, reference="app:1", runtime_type="jvm"),
        ArtifactResult(image="web", tag="web:v1", status=FAILED),
    )
    results = Results(builds=builds)
    assert parse_result_template("{{json .}}").render(built_items(results)) == build_json(results)
    assert build_json(results) == '{"builds":[{"imageName":"app","tag":"app:1","runtimeType":"jvm"}]}'
