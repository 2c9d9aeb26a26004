"""Go's regular expressions (RE2 syntax) as Python's, so that the same text matches; what RE2 refuses is refused."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from buildx_tasks.planning.template.errors import GoError

MAX_PATTERN = 1000
_IN_CLASS = {"d": r"\d", "D": r"\D", "w": r"\w", "W": r"\W", "s": r"\t\n\f\r ", "S": r"\S\v"}
_CONTROL = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_CODE = re.compile(r"(0[0-7]{0,2}|[1-7][0-7]{1,2})|x([0-9a-fA-F]{2})|x\{([0-9a-fA-F]{1,8})\}")
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_POSIX_CLASS = re.compile(r"\[:(\^?)([a-z]+):\]")
_REPEAT = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_FLAGS = re.compile(r"\?([imsU]*)(-[imsU]+)?([:)])")
_NAMED = re.compile(r"\?P?<([A-Za-z_][A-Za-z0-9_]*)>")
_REFERENCE = re.compile(r"\$(?:(\$)|([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})")


@functools.lru_cache(maxsize=64)
def compile_regex(pattern: str) -> re.Pattern[str]:
    """The expression, compiled; GoError when RE2 would refuse it or when it is beyond this translation."""
    if len(pattern) > MAX_PATTERN:
        raise GoError(f"a regular expression of more than {MAX_PATTERN} characters is not supported")
    try:
        return re.compile(_Translator(pattern).translate(), re.ASCII)
    except (re.error, OverflowError) as error:
        raise GoError(f"wrong regular expression {pattern!a}: {error}") from None


def find_all(pattern: str, text: str) -> Iterator[re.Match[str]]:
    """The matches one after another, leaving out an empty one right behind another, as Go does."""
    end = -1
    for found in compile_regex(pattern).finditer(text):
        if found.end() > found.start() or found.start() != end:
            yield found
        end = found.end()


def replaced(pattern: str, text: str, replacement: str, *, literal: bool) -> Iterator[str]:
    """The pieces of `text` with every match replaced; `$1`, `${name}` and `$$` count unless `literal`."""
    at = 0
    for found in find_all(pattern, text):
        yield text[at : found.start()]
        yield replacement if literal else _expanded(replacement, found)
        at = found.end()
    yield text[at:]


def _expanded(replacement: str, found: re.Match[str]) -> str:
    def group(reference: re.Match[str]) -> str:
        if reference[1]:
            return "$"
        name = reference[2] or reference[3]
        if not name.isdigit():
            return found.groupdict().get(name) or ""
        return (found[int(name)] or "") if len(name) < 5 and int(name) <= len(found.groups()) else ""

    return _REFERENCE.sub(group, replacement)


class _Group:
    """An open group: the flags that hold in it, and the inline ones that end with the alternative."""

    def __init__(self, flags: frozenset[str]) -> None:
        self.flags = flags
        self.inline: list[str] = []


class _Translator:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.groups = [_Group(frozenset())]
        self.depth = 0
        self.repeatable = self.repeated = False

    def translate(self) -> str:
        while self.at < len(self.pattern):
            self.step(self.pattern[self.at])
        if len(self.groups) > 1:
            raise self.wrong("missing closing )")
        return "".join(self.out) + ")" * len(self.groups[0].inline)

    def wrong(self, reason: str) -> GoError:
        return GoError(f"wrong regular expression {self.pattern!a}: {reason}")

    def step(self, char: str) -> None:
        if char == "(":
            self.open()
        elif char == ")":
            self.close()
        elif char == "|":
            inline = self.groups[-1].inline
            self.put(")" * len(inline) + "|" + "".join(inline), 1, repeatable=False)
        elif char in "*+?":
            self.repeat(char)
        elif char == "{" and (found := _REPEAT.match(self.pattern, self.at)):
            self.repeat(self.counted(found))
        elif char == "[":
            text, end = _Class(self.pattern, self.at + 1, self.wrong).read()
            self.put(text, end - self.at)
        elif char == "\\":
            self.escape()
        elif char == "$" and "m" not in self.groups[-1].flags:
            self.put(r"\Z", 1)
        else:
            self.put(char if char in ".^$" else re.escape(char), 1)

    def put(self, text: str, length: int, *, repeatable: bool = True) -> None:
        self.out.append(text)
        self.at += length
        self.repeatable, self.repeated = repeatable, False

    def counted(self, found: re.Match[str]) -> str:
        low, high = found[1], found[1] if found[2] is None else found[2]
        if max(len(low), len(high)) > 4 or int(low) > int(high or 1000) or int(high or low) > 1000:
            raise self.wrong(f"invalid repeat count {found[0]}")
        return found[0]

    def repeat(self, operator: str) -> None:
        if not self.repeatable:
            raise self.wrong(f"missing argument to repetition operator {operator}")
        if self.repeated:
            raise self.wrong(f"invalid nested repetition operator {operator}")
        self.put(operator, len(operator))
        if self.pattern.startswith("?", self.at):
            self.put("?", 1)
        self.repeated = True

    def open(self) -> None:
        self.depth += 1
        if self.depth > 50:
            raise self.wrong("nested more than 50 deep")
        flags = self.groups[-1].flags
        start = self.at + 1
        if not self.pattern.startswith("?", start):
            self.groups.append(_Group(flags))
            self.put("(", 1, repeatable=False)
        elif named := _NAMED.match(self.pattern, start):
            self.groups.append(_Group(flags))
            self.put(f"(?P<{named[1]}>", len(named[0]) + 1, repeatable=False)
        elif found := _FLAGS.match(self.pattern, start):
            self.flagged(found, flags)
        else:
            raise self.wrong(f"unsupported group {self.pattern[self.at : self.at + 4]}")

    def flagged(self, found: re.Match[str], flags: frozenset[str]) -> None:
        on, off = set(found[1]), set((found[2] or "-")[1:])
        if "U" in on | off or on & off or (found[3] == ")" and not on | off):
            raise self.wrong(f"unsupported flags ({found[0]}")
        flags = (flags | on) - off
        minus = f"-{''.join(sorted(off))}" if off else ""
        text = f"(?{''.join(sorted(on))}{minus}:"
        if found[3] == ")":
            self.groups[-1].flags = flags
            self.groups[-1].inline.append(text)
        else:
            self.groups.append(_Group(flags))
        self.put(text, len(found[0]) + 1, repeatable=False)

    def close(self) -> None:
        if len(self.groups) == 1:
            raise self.wrong("unexpected )")
        inline = self.groups.pop().inline
        self.depth -= 1 + len(inline)
        self.put(")" * len(inline) + ")", 1)

    def escape(self) -> None:
        char = self.pattern[self.at + 1 : self.at + 2]
        if char == "Q":
            end = self.pattern.find("\\E", self.at)
            end = len(self.pattern) if end < 0 else end
            quoted = self.pattern[self.at + 2 : end]
            self.put(re.escape(quoted), end + 2 - self.at, repeatable=bool(quoted))
        elif char and char in "dDwWAbB":
            self.put(f"\\{char}", 2)
        elif char and char in "sSz":
            self.put({"s": r"[\t\n\f\r ]", "S": r"[^\t\n\f\r ]", "z": r"\Z"}[char], 2)
        else:
            code, end = _escaped(self.pattern, self.at + 1, self.wrong)
            self.put(re.escape(code), end - self.at)


def _escaped(pattern: str, at: int, wrong: Callable[[str], GoError]) -> tuple[str, int]:
    """The character behind a backslash that stands before `at`, and where the text goes on."""
    found = _CODE.match(pattern, at)
    char = pattern[at : at + 1]
    if found:
        code = int(found[1], 8) if found[1] else int(found[2] or found[3], 16)
        if code > 0x10FFFF:
            raise wrong("a character beyond U+10FFFF")
        return chr(code), found.end()
    if char in _CONTROL:
        return _CONTROL[char], at + 1
    if char and char < "\x80" and not char.isalnum():
        return char, at + 1
    raise wrong(f"unsupported escape \\{char}")


class _Class:
    """A bracket expression."""

    def __init__(self, pattern: str, at: int, wrong: Callable[[str], GoError]) -> None:
        self.pattern, self.at, self.wrong = pattern, at, wrong

    def read(self) -> tuple[str, int]:
        """Python's spelling, and where the text goes on."""
        negated = self.pattern.startswith("^", self.at)
        self.at += negated
        pieces: list[str] = []
        while not (self.pattern.startswith("]", self.at) and pieces):
            pieces.append(self.item())
        return f"[{'^' if negated else ''}{''.join(pieces)}]", self.at + 1

    def item(self) -> str:
        if found := _POSIX_CLASS.match(self.pattern, self.at):
            self.at = found.end()
            if found[2] not in _POSIX:
                raise self.wrong(f"unknown class {found[0]}")
            return _complement(_POSIX[found[2]]) if found[1] else _POSIX[found[2]]
        if (letter := self.pattern[self.at + 1 : self.at + 2]) in _IN_CLASS and self.pattern[self.at] == "\\":
            self.at += 2
            return _IN_CLASS[letter]
        low = self.char()
        if self.pattern[self.at : self.at + 1] != "-" or self.pattern[self.at + 1 : self.at + 2] in ("]", ""):
            return re.escape(low)
        self.at += 1
        high = self.char()
        if high < low:
            raise self.wrong(f"invalid range {low}-{high}")
        return f"{re.escape(low)}-{re.escape(high)}"

    def char(self) -> str:
        char = self.pattern[self.at : self.at + 1]
        if not char:
            raise self.wrong("missing closing ]")
        self.at += 1
        if char == "\\":
            char, self.at = _escaped(self.pattern, self.at, self.wrong)
        return char


def _complement(letters: str) -> str:
    ascii_part = "".join(f"\\x{code:02x}" for code in range(128) if not re.fullmatch(f"[{letters}]", chr(code)))
    return f"{ascii_part}\\x80-\\U0010ffff"
