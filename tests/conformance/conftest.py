"""Options, the lab, and the record of which points hold."""

import contextlib
import json
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "outside")]

import targets  # noqa: E402
from lab import Lab  # noqa: E402

RECORD = pytest.StashKey[dict]()


def pytest_addoption(parser):
    parser.addoption("--target", default="twin", choices=[*targets.LOCAL, "aws"])
    parser.addoption("--endpoint", help="a running endpoint instead of a target that is started")
    parser.addoption("--account", help="the account that --target aws may use: it must be the caller's")
    parser.addoption("--email", default="", help="an address of yours, for codes on --target aws")
    parser.addoption("--code-command", default="", help="prints the newest code mailed to the address behind it")
    parser.addoption("--slow", action="store_true", help="also points that wait for minutes")
    parser.addoption("--record", help="a file for the outcome of every point")


def pytest_configure(config):
    config.addinivalue_line("markers", "point: the point that a test is")
    config.stash[RECORD] = {}


def of(item):
    """The point that a test is."""
    if marker := item.get_closest_marker("point"):
        return marker.args[0]
    return item.callspec.params["case"].point


def pytest_collection_modifyitems(config, items):
    names = [of(item).name for item in items]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"points named twice: {twice}"
    put_off = [item for item in items if of(item).slow and not config.getoption("--slow")]
    config.hook.pytest_deselected(items=put_off)
    for item in put_off:
        note(item, "not run")
    items[:] = [item for item in items if item not in put_off]


def note(item, outcome, why=""):
    """Records a point's outcome; the first word counts."""
    entry = {"topic": item.module.TOPIC, "outcome": outcome, "settled": of(item).settled, "why": why}
    item.config.stash[RECORD].setdefault(of(item).name, entry)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" or report.outcome != "passed":
        why = str(call.excinfo.value).splitlines() if call.excinfo else []
        note(item, report.outcome, why[0][:300] if why else "")
    return report


def pytest_sessionfinish(session):
    if path := session.config.getoption("--record"):
        pathlib.Path(path).write_text(json.dumps(session.config.stash[RECORD], indent=1), encoding="utf-8")


@pytest.fixture(scope="session")
def target(request):
    option = request.config.getoption
    with contextlib.ExitStack() as stack:
        if option("--target") == "aws":
            if not option("--account"):
                pytest.exit("--target aws needs --account 123456789012: the account to use")
            yield targets.Account(option("--code-command"))
        elif option("--endpoint"):
            yield targets.Target(option("--endpoint"))
        else:
            yield stack.enter_context(targets.LOCAL[option("--target")]())


@pytest.fixture(scope="session")
def lab(target, request):
    option = request.config.getoption
    made = Lab(target, option("--email"))
    if target.real and made.account != option("--account"):
        pytest.exit(f"the credentials are of {made.account}, not of {option('--account')}")
    yield made
    for problem in made.close():
        print(f"LEFT BEHIND: {problem}", file=sys.stderr)
