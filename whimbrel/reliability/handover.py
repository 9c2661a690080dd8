"""What the supervisor hands to the program that it becomes: its sockets, its lock, its children, as text and handles.

Becoming (exec) rather than being replaced: the process keeps its id, so the children stay its children and die with
it, a service manager sees nothing, and no socket is closed for a moment. Standard library only.
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, NoReturn

from whimbrel.reliability.children import Child, Interpreter

_VARIABLE: Final = "WHIMBREL_INHERITED"


class Heir(NamedTuple):
    """A child that runs on. `started` is of the monotonic clock, which goes on too."""

    name: str
    pid: int
    starts: int
    started: float


class Inheritance(NamedTuple):
    """Handles by what they are, and what is to be remembered. A later version may add fields with a default."""

    lock: int
    control: int
    sockets: Mapping[str, int]
    children: Sequence[Heir]
    began: float
    home: Interpreter
    """The installation with which the server was started."""

    def handles(self) -> list[int]:
        """All that must stay open."""
        return [self.lock, self.control, *self.sockets.values()]


def heirs(children: Sequence[Child]) -> list[Heir]:
    """Those of the children that run."""
    return [Heir(child.name, child.pid, child.starts, child.started) for child in children if child.pid is not None]


def inherited() -> Inheritance | None:
    """What the predecessor in this process left, if there was one. Once: it is taken out of the environment."""
    text = os.environ.pop(_VARIABLE, None)
    if text is None:
        return None
    told: dict[str, Any] = {name: value for name, value in json.loads(text).items() if name in Inheritance._fields}
    told["children"] = [Heir(*child) for child in told["children"]]
    told["home"] = Interpreter(*told["home"])
    inheritance = Inheritance(**told)
    for handle in inheritance.handles():
        os.set_inheritable(handle, False)
    return inheritance


def become(interpreter: Interpreter, module: str, environment: Mapping[str, str], left: Inheritance) -> NoReturn:
    """Become `module` of that installation. Raises OSError when that cannot be, and then nothing has changed."""
    words = interpreter.words([module])
    variables = interpreter.environment(environment) | {_VARIABLE: json.dumps(left._asdict())}
    for handle in left.handles():
        os.set_inheritable(handle, True)
    try:
        os.execve(words[0], words, variables)
    finally:
        for handle in left.handles():
            os.set_inheritable(handle, False)
