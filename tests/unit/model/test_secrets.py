"""What looks like a secret, by name, place and form."""

from __future__ import annotations

import time

import pytest

from buildx_tasks.errors import CannotStart, raise_all
from buildx_tasks.model.mask import Mask
from buildx_tasks.model.secrets import (
    HIDDEN,
    SHORTEST_TOKEN,
    looks_secret,
    masked,
    masked_data,
    masked_word,
    secrets_in,
    split_credentials,
)

SECRET = """
    GITHUB_TOKEN NPM_TOKEN NPMTOKEN githubToken token private_token access_token X-Amz-Security-Token session_token
    secret_access_key AWS_SECRET_ACCESS_KEY access_key_id ghtoken MYSQL_PASSWORD DB_PASSWD DB_PASS DB_PWD passphrase
    API_KEY APIKEY apiKey PRIVATE_KEY SSH_PRIVATE_KEY ACCOUNT_KEY SIGNING_KEY CLIENT_SECRET client-secret
    VAULT_SECRET_ID GOOGLE_APPLICATION_CREDENTIALS DOCKER_AUTH_CONFIG NPM_AUTH JWT
    AZURE_STORAGE_CONNECTION_STRING ConnectionString DEPLOY_KEY
"""
PLAIN = """
    PATH HOME PWD OLDPWD TOKENIZERS_PARALLELISM SECRETARY KEY CACHE_KEY TAG ref mode type src id name digest AUTHOR
    TOKEN_FILE PASSWORD_FILE SECRET_NAME TOKEN_URL account_url PASS COMPASS KEYBOARD MONKEY PASSENGER SSH_AUTH_SOCK
    access_key_path realm author cache-tag
"""


@pytest.mark.parametrize("name", SECRET.split())
def test_names_that_say_that_a_value_is_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", PLAIN.split())
def test_names_that_say_no_such_thing(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # addresses
        ("https://canary@host/x.git", "https://***@host/x.git"),
        ("https://canary@host:8443/x", "https://***@host:8443/x"),
        ("https://canary:@host/x", "https://***@host/x"),
        ("https://canary:x-oauth-basic@host/x", "https://***@host/x"),
        ("https://user:canary@host/x", "https://user:***@host/x"),
        ("https://user:can@ary@host/x", "https://user:***@host/x"),
        ("https://user:can:ary@host/x", "https://user:***@host/x"),
        ("https://user:can%40ary%2F@host/x", "https://user:***@host/x"),
        ("https://user:can/ary@host/x", "https://user:***@host/x"),
        ("https://user:can?ar#y@host/x", "https://user:***@host/x"),
        ("https://ghp_canarycanarycanarycanary:pw@host", "https://***@host"),
        ("git+https://canary@host/x", "git+https://***@host/x"),
        ("HTTPS://canary@host", "HTTPS://***@host"),
        ("postgres://app:canary@db:5432/x", "postgres://app:***@db:5432/x"),
        (
            "fatal: unable to access 'https://u:canary@host/x/': no",
            "fatal: unable to access 'https://u:***@host/x/': no",
        ),
        ("HTTP_PROXY=user:canary@proxy:3128", "HTTP_PROXY=user:***@proxy:3128"),
        ("HTTPS_PROXY=http://u:canary@proxy:3128", "HTTPS_PROXY=http://u:***@proxy:3128"),
        ("a https://u:canary@h b https://canary@h", "a https://u:***@h b https://***@h"),
        # query parameters
        ("https://host/x?private_token=canary", "https://host/x?private_token=***"),
        ("https://host/x?a=b&access_token=canary&c=d", "https://host/x?a=b&access_token=***&c=d"),
        ("https://host/x?sv=1&sig=can%2Fary&se=2", "https://host/x?sv=1&sig=***&se=2"),
        ("https://h/?X-Amz-Signature=canary&X-Amz-Date=1", "https://h/?X-Amz-Signature=***&X-Amz-Date=1"),
        # names and values
        ("--build-arg NPM_TOKEN=canary .", "--build-arg NPM_TOKEN=*** ."),
        ("--build-arg=NPM_TOKEN=canary", "--build-arg=NPM_TOKEN=***"),
        ("type=s3,secret_access_key=canary,region=x", "type=s3,secret_access_key=***,region=x"),
        ('"secret_access_key=can,ary",region=x', '"secret_access_key=***",region=x'),
        ('ENV A=b TOKEN="canary canary" C=d', 'ENV A=b TOKEN="***" C=d'),
        ('{"token":"canary","a":"b"}', '{"token":"***","a":"b"}'),
        ('{"token": "can\\"ary"}', '{"token": "***"}'),
        # forms
        ("Authorization: Bearer canary", "Authorization: Bearer ***"),
        ("authorization: basic Y2FuYXJ5", "authorization: basic ***"),
        ("use ghp_canarycanarycanarycanary now", "use *** now"),
        ("glpat-canarycanarycanary", "***"),
    ],
)
def test_what_is_hidden_in_a_text(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "https://packages.example/@babel/core",
        "https://host:8080/@babel/core and https://[::1]:80/@x",
        "ssh://git@github.com/x.git",
        "git@github.com:a/b.git",
        "docker-image://localhost:5000/app:v1@sha256:abc",
        "docker-image://alpine:3@sha256:abc",
        "oci-layout:///tmp/x@sha256:abc",
        "image app:v1@sha256:abc, HTTP_PROXY=http://proxy:3128",
        "--secret id=NPM_TOKEN,env=NPM_TOKEN --mount=type=secret,id=token",
        "curl -H token=$TOKEN -H token={{.TOKEN}} TOKEN=<no value>",
        "TOKEN_FILE=/run/secrets/token TOKEN= done",
        "build arg TOKEN looks like a secret: use secrets instead",
        "https://host/x?ref=main&service=registry",
    ],
)
def test_what_stays_in_a_text(text: str) -> None:
    assert masked(text) == text
    assert masked_word(text) == text


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ('TOKEN=a b, "c"', "TOKEN=***"),
        ("--build-arg=TOKEN=a b", "--build-arg=TOKEN=***"),
        ("TOKEN=canary,b=c", "TOKEN=***"),
        ("--build-arg=TOKEN=canary,b=c", "--build-arg=TOKEN=***"),
        (
            'type=azblob,"secret_access_key=a b,c",account_url=https://h/?sig=x',
            "type=azblob,secret_access_key=***,account_url=https://h/?sig=***",
        ),
        ("type=s3,session_token=a b c,region=x", "type=s3,session_token=***,region=x"),
        ("https://canary@github.com/a/b.git#main:sub", "https://***@github.com/a/b.git#main:sub"),
    ],
)
def test_an_argument_is_hidden_to_its_end(word: str, shown: str) -> None:
    assert masked_word(word) == shown


def test_data_is_hidden_under_its_keys() -> None:
    data = {"token": "canary", "list": ["TOKEN=a b", "https://x@h"], "n": 1, "secret": ["id=x"], "password": "$X"}
    shown = {"token": HIDDEN, "list": ["TOKEN=***", "https://***@h"], "n": 1, "secret": ["id=x"], "password": "$X"}
    assert masked_data(data) == shown


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://host/x", ("https://host/x", "", "")),
        ("https://u:p%40w@host/x?y#z", ("https://host/x?y#z", "u", "p@w")),
        ("http://u:p@w@host", ("http://host", "u", "p@w")),
        ("https://token@host/@scope", ("https://host/@scope", "token", "")),
        ("ssh://git:x@host/y", ("ssh://git:x@host/y", "", "")),
    ],
)
def test_an_address_without_its_credentials(url: str, parts: tuple[str, str, str]) -> None:
    assert split_credentials(url) == parts


def test_the_secrets_of_an_address() -> None:
    assert set(secrets_in("https://user:can%40ary@h/?sig=a%2Fb")) == {"can%40ary", "can@ary", "a%2Fb", "a/b"}
    assert set(secrets_in("https://canary@h")) == {"canary"}


ENVIRON = {
    "GITHUB_TOKEN": "canary-of-the-environment",
    "DB_PASSWORD": "s3cret",
    "SHORT_TOKEN": "v1",
    "SIGNING_KEY": "-----BEGIN KEY-----\nMIICANARYLINE\n-----END KEY-----",
    "QUOTED_TOKEN": 'it\'s "a, b"',
    "HTTPS_PROXY": "http://u:proxy-canary@proxy",
    "LOWER_PROXY": "u:bare-canary@proxy",
    "TOKEN_FILE": "/run/secrets/token",
}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("xcanary-of-the-environmentx", "x***x"),
        ("a s3cret word, and as3cretword", "a *** word, and as3cretword"),
        ("v1 stays", "v1 stays"),
        ("-----BEGIN KEY-----\nMIICANARYLINE", "-----BEGIN KEY-----\n***"),
        ("asked proxy-canary and bare-canary", "asked *** and ***"),
        ("from /run/secrets/token", "from /run/secrets/token"),
        ('{"a": "it\'s \\"a, b\\""}', '{"a": "***"}'),
        ("x='it'\"'\"'s \"a, b\"'", "x='***'"),
        ("x?q=it%27s%20%22a%2C%20b%22", "x?q=***"),
    ],
)
def test_values_of_the_environment_are_hidden(text: str, shown: str) -> None:
    assert Mask.of(ENVIRON).text(text) == shown


def test_an_error_is_hidden_with_all_its_parts() -> None:
    problems = [CannotStart("https://canary@h failed", "try https://canary@h"), CannotStart("TOKEN=canary")]
    with pytest.raises(CannotStart) as caught:
        raise_all(problems)
    Mask().hide_in(caught.value)
    texts = [str(caught.value), repr(caught.value), *map(str, caught.value.parts), *map(repr, caught.value.parts)]
    assert all("canary" not in text for text in texts)


@pytest.mark.parametrize("piece", ["a.", "a://b:c/", "x=y", "proxy", '"a":', 'TOKEN="', "://", "@", "a://b@", "-"])
def test_a_long_line_takes_linear_time(piece: str) -> None:
    begin = time.perf_counter()
    masked("://" + piece * (200_000 // len(piece)) + " @=")
    assert time.perf_counter() - begin < 5


@pytest.mark.parametrize("token", [f"xoxb-{'1' * 10}", f"ghp_{'a' * 20}", f"glpat-{'b' * 16}", f"npm_{'c' * 30}"])
def test_a_token_is_hidden_as_a_word_of_its_own(token: str) -> None:
    assert masked_word(token) == HIDDEN
    assert len(token) >= SHORTEST_TOKEN
    assert masked_word(token[: SHORTEST_TOKEN - 1]) == token[: SHORTEST_TOKEN - 1]
