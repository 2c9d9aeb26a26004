"""Values, keys and texts that have broken programs which read configs."""

from __future__ import annotations

from typing import Any

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"
OLD = "apiVersion: skaffold/v1beta6\nkind: Config\n"

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**63, 10**40, 1.5, float("inf"), float("nan"), [], {}, [[]], [{}], {"a": {}}, [None]),
    *("", " ", "\n", "a\nb", "\t", "\0", "\u2028", "\x85", "\ufeff", "é" * 300, "😀", "a" * 5000, "x/" * 2000),
    *("{{.TAG}}", "{{.FOO", "{{", '{{cmd "false"}}', '{{env "HOME"}}', "{{range .}}", '{{printf "%999999d" 1}}'),
    *("{{.IMAGE_NAME}}:{{.DIGEST_HEX}}", "{{" + "(" * 400 + "1" + ")" * 400 + "}}", '{{"a" | repeat 999999999}}'),
    *("$HOME", "${X", "$(touch x)", "`touch x`", "; touch x", "-o", "--help", "-ctx", "--metadata-file=x"),
    *(
        "../../../../etc/passwd",
        "/",
        "/dev/zero",
        "/dev/stdin",
        "/proc/self/environ",
        "~",
        "~root/x",
        "a\\b",
        "x" * 300,
    ),
    *("BRANCH=^([a-z]+)+$", "(((((a*)*)*)*)*)b", "a{1000}{1000}", "(?P<x", "[a-", "!/", "**/a/" * 12, "*a" * 15, "!"),
    *("linux/amd64", "windows(10.0.17763)/amd64", "all", "linux/amd64,linux/arm64", "linux//v7", "a/b/c/d"),
    *("type=registry,ref=a/b:c,mode=max", "type=local", 'a"b', "type=registry,ref=", ",,,", "type=gha,token=x"),
    *("app", "app:latest", "a@sha256:" + "0" * 64, "APP", "localhost:5000/a", "https://u:p@h/x", "[::1]:5000/a", "//"),
    *("2001-01-01", "0x", "0x1F", "0b1", "1_000", "0o17", "010", "1:30", "=", "<<", "*a", "&a", "yes", "null", "1e3"),
    *(["a"] * 2000, {f"k{number}": "v" for number in range(300)}, [["a"] * 40] * 40),
)

KEYS: tuple[Any, ...] = (
    *("image", "docker", "context", "requires", "build", "artifacts", "profiles", "patches", "platforms", "hooks"),
    *("tagPolicy", "cacheFrom", "cacheTo", "secrets", "buildArgs", "custom", "ssh", "target", "local", "cluster"),
    *("deploy", "manifests", "portForward", "test", "verify", "metadata", "activation", "dockerfile", "envTemplate"),
    *("inputDigest", "customTemplate", ".buildx", "builders", "apiVersion", "kind", "git", "path", "op", "value"),
    *("", " ", "<<", ".x", "=", "~", "a.b", "a b", "x" * 300, "{{.A}}", "é", "-", "1", 1, None, True, "\n"),
)

PIECES = (
    *(": ", "- ", "&a ", "*a", "<<: *a", "{", "}", "[", "]", ", ", "\n", "  ", " #c\n", "|\n", ">-\n", "? ", "''", '"'),
    *("---\n", "...\n", "%YAML 1.1\n", "!!binary ", "!!python/object:os.system ", "!x ", "\t", "\0", "\ufeff", "\x85"),
    *("\u2028", "\r", "\r\n", "\udc80", "é", "😀", "@", "`", "%", "\x7f", "# comment\n", "\\", "'", "null", "~", "1"),
    *("\n  - image: app\n", "\nprofiles:\n- name: p\n", "\n.buildx:\n  builder: x\n", "\nbuild: {}\n"),
)

_BOMB = "".join(
    f".{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
_MERGES = "".join(f".m{at}: &m{at} {{<<: [*m{at - 1}, *m{at - 1}], k{at}: 1}}\n" for at in range(1, 40))
_MANY = "".join(f"  - image: app{at}\n    requires: [{{image: app{at + 1}}}]\n" for at in range(400))

TEXTS = (
    *(
        "",
        "\n",
        "#",
        "---",
        "...",
        "\0",
        "\ufeff",
        "\ufeff\ufeff" + HEAD,
        "[]",
        "a",
        "{",
        "- - - -",
        "? ? ?",
        "&a *a",
        "&a [*a]",
    ),
    HEAD + ".a: &a [x, x]\n" + _BOMB + "build: {artifacts: *i}\n",
    HEAD + ".m0: &m0 {a: 1}\n" + _MERGES + "build: *m39\n",
    OLD + ".a: &a [x, x]\n" + _BOMB + "build: {artifacts: *i}\n",
    HEAD + "build: " + "[" * 3000 + "]" * 3000,
    HEAD + "build: " + "{a: " * 400 + "1" + "}" * 400,
    HEAD + "build:\n" + "".join(" " * at + "a:\n" for at in range(1, 800)),
    HEAD + "metadata: {name: " + "x" * 1_000_000 + "}\n",
    HEAD + "build:\n  artifacts:\n" + _MANY,
    HEAD + "".join(f"k{at}: 1\n" for at in range(20_000)),
    HEAD + "build: {artifacts: [" + "{image: a}, " * 5000 + "]}\n",
    "---\n".join([OLD + "build: {artifacts: [{image: a}]}\n"] * 150),
    HEAD + "build:\n  tagPolicy: {inputDigest: {}}\n  artifacts: [{image: a, docker: {dockerfile: /dev/zero}}]\n",
    HEAD + "build:\n  tagPolicy: {inputDigest: {}}\n  artifacts: [{image: a, context: /proc}]\n",
    HEAD + 'build: {artifacts: [{image: a, docker: {buildArgs: {A: \'{{cmd "touch" "ran"}}\'}}}]}\n',
    HEAD + "build: {artifacts: [{image: a, platforms: ['" + "linux/" * 9000 + "']}]}\n",
    HEAD + "requires: [{path: skaffold.yaml}]\n",
    HEAD + "requires: [{path: /dev/zero}, {path: /}, {git: {repo: '-x'}}, {url: 'http://127.0.0.1:1/x'}]\n",
    HEAD + "build: {artifacts: [{image: a}]}\nprofiles: [{name: p, activation: [{env: 'X=" + "(a*)*" * 200 + "b'}]}]\n",
)
"""Whole configs: alias bombs, depth, width, files without an end, commands."""
