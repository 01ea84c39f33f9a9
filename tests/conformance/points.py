"""Points: what a target is right or wrong about. A point is one test; its source is named beside it.

Sources: `model SERVICE: …` is the official service model (botocore), `docs: …` AWS's documentation, `seen: …` an
answer that was recorded from AWS and published. What no source settles is `unsettled`: it is run, not scored.
"""

from dataclasses import dataclass, field
from typing import Callable

import pytest
from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Point:
    name: str
    source: str
    settled: bool = True
    slow: bool = False


def point(name, source, settled=True, slow=False):
    """The test below is this point."""
    return pytest.mark.point(Point(name, source, settled, slow))


@dataclass(frozen=True)
class Case:
    """A call that is refused, which is one point. `call` is made with the lab."""

    name: str
    source: str
    code: str | tuple
    call: Callable
    status: int = 400
    text: str = ""
    settled: bool = True
    point: Point = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "point", Point(self.name, self.source, self.settled))


def refusals(*cases):
    """The test below takes each of these as its `case`."""
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def refused(call, code, status=400, text=""):
    """Makes a call that must be refused so; `code` may be several, where AWS's is one of them."""
    with pytest.raises(ClientError) as caught:
        call()
    error, meta = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    codes = (code,) if isinstance(code, str) else code
    assert error["Code"] in codes, f"{error['Code']} instead of {code}: {error.get('Message')}"
    assert meta["HTTPStatusCode"] == status, f"{meta['HTTPStatusCode']} instead of {status}"
    assert text in error.get("Message", ""), f"no {text!r} in {error.get('Message')!r}"
    return error


def raised(call):
    """The code of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]
