"""The syntax tree of a regular expression, each node with what Go's limits are about.

`size` is the number of instructions that it takes, `height` the depth of the tree, `product` how many times a counted
repetition copies what is innermost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from buildx_tasks.golang.regex.errors import RegexError
from buildx_tasks.golang.regex.ranges import Ranges

MAX_HEIGHT = 1000
MAX_SIZE = 100_000
"""Instructions of one program. Go stops at 3.3 million, which would be a gigabyte here."""

BEGIN_LINE, END_LINE, BEGIN_TEXT, END_TEXT, WORD_BOUNDARY, NO_WORD_BOUNDARY = (1 << bit for bit in range(6))


@dataclass(slots=True, eq=False)
class RegexNode:
    """Matches the empty text; all other nodes are kinds of it."""

    size: int = field(init=False, default=1)
    height: int = field(init=False, default=1)
    product: int = field(init=False, default=1)
    nullable: bool = field(init=False, default=True)

    def measured(self, size: int, subs: tuple[RegexNode, ...], *, nullable: bool) -> None:
        """Keep the measures of a node above `subs`; RegexError when they are beyond the limits."""
        self.size = max(1, size)
        self.height = 1 + max((sub.height for sub in subs), default=0)
        self.product = max((sub.product for sub in subs), default=1)
        self.nullable = nullable
        if self.size > MAX_SIZE:
            raise RegexError("expression too large")
        if self.height > MAX_HEIGHT:
            raise RegexError("expression nests too deeply")


@dataclass(slots=True, eq=False)
class Chars(RegexNode):
    """One character of a set."""

    ranges: Ranges

    def __post_init__(self) -> None:
        self.nullable = False


@dataclass(slots=True, eq=False)
class Assertion(RegexNode):
    """A place between characters; `kind` is one of the bits above."""

    kind: int


@dataclass(slots=True, eq=False)
class Group(RegexNode):
    """What a pair of parentheses captures as number `index`."""

    index: int
    sub: RegexNode

    def __post_init__(self) -> None:
        self.measured(2 + self.sub.size, (self.sub,), nullable=self.sub.nullable)


@dataclass(slots=True, eq=False)
class Concat(RegexNode):
    """One after another."""

    subs: tuple[RegexNode, ...]

    def __post_init__(self) -> None:
        self.measured(sum(sub.size for sub in self.subs), self.subs, nullable=all(sub.nullable for sub in self.subs))
        if all(isinstance(sub, Chars) for sub in self.subs):
            self.height = 1  # Go keeps a literal as one node


@dataclass(slots=True, eq=False)
class Alternate(RegexNode):
    """The first that leads to a match."""

    subs: tuple[RegexNode, ...]

    def __post_init__(self) -> None:
        size = sum(sub.size for sub in self.subs) + len(self.subs) - 1
        self.measured(size, self.subs, nullable=any(sub.nullable for sub in self.subs))


@dataclass(slots=True, eq=False)
class Repeat(RegexNode):
    """From `low` to `high` times, without bound when `high` is None; `lazy` prefers fewer."""

    sub: RegexNode
    low: int
    high: int | None
    lazy: bool

    def __post_init__(self) -> None:
        sub = self.sub
        if self.high is None:
            size = 2 + sub.size if not self.low else 1 + self.low * sub.size
        else:
            size = self.high * sub.size + self.high - self.low
        self.measured(size, (sub,), nullable=not self.low or sub.nullable)
        copies = self.low if self.high is None else self.high
        self.product = 1 if self.high == 0 else sub.product * max(copies, 1)
