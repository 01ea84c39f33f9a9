#!/usr/bin/env python3
"""Holds targets against the points, and makes the table that README.md shows.

    run.py                       the twin; fails on any point that neither holds nor is argued in EXCEPTIONS
    run.py --target moto         another target (moto, ministack, aws), and which points do not hold
    run.py --endpoint URL        whatever answers there
    run.py --table               all three local targets, slow points too; writes the table into README.md

A real account (never needed): everything is named conformance-…, and removed at the end.

    run.py --target aws --account 123456789012 [--email you@your.domain --code-command CMD]

Further options go to pytest (`-k`, `-x`, …).
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
README = HERE.parents[1] / "README.md"
BETWEEN = re.compile(r"(<!-- conformance -->\n).*?(<!-- /conformance -->)", re.S)
LOCAL = ["twin", "moto", "ministack"]

# Points that the twin does not hold, by name, with the reason. A reason that no longer applies fails the check.
EXCEPTIONS = {}


def measure(target, options=()):
    """Every point's outcome, by name."""
    with tempfile.TemporaryDirectory() as folder:
        record = pathlib.Path(folder) / "record.json"
        words = [sys.executable, "-m", "pytest", str(HERE), "-q", "--tb=no", "--no-header", "-p", "no:cacheprovider",
                 "--target", target, "--record", str(record), *options]
        done = subprocess.run(words, capture_output=True, text=True)
        if not record.exists() or done.returncode > 1:
            sys.exit(f"{target}: the points could not be run\n{done.stdout}\n{done.stderr}")
        sys.stderr.writelines(line + "\n" for line in done.stderr.splitlines() if "LEFT BEHIND" in line)
        return json.loads(record.read_text(encoding="utf-8"))


def scored(record):
    return {name: entry for name, entry in record.items() if entry["settled"]}


def holds(entry):
    return entry["outcome"] == "passed"


def table(records):
    """Markdown: topics down, targets across, points held of all."""
    from targets import version

    first = scored(records[LOCAL[0]])
    topics = list(dict.fromkeys(entry["topic"] for entry in first.values()))
    rows = [["topic", *(version(name) for name in records)], ["---", *["---:"] * len(records)]]
    for topic in topics:
        names = [name for name, entry in first.items() if entry["topic"] == topic]
        counts = [sum(holds(record[name]) for name in names) for record in records.values()]
        rows.append([topic, *(f"{count}/{len(names)}" for count in counts)])
    totals = [sum(holds(entry) for entry in scored(record).values()) for record in records.values()]
    rows.append(["**all**", *(f"**{total}/{len(first)}**" for total in totals)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def write_table():
    with ThreadPoolExecutor() as pool:
        records = dict(zip(LOCAL, pool.map(lambda name: measure(name, ["--slow"]), LOCAL)))
    text = table(records)
    README.write_text(BETWEEN.sub(lambda found: found[1] + text + found[2], README.read_text("utf-8")), "utf-8")
    print(text)
    return records["twin"]


def in_readme():
    """Topic → points held, and all, of the table in README.md."""
    shown = BETWEEN.search(README.read_text("utf-8"))
    rows = re.findall(r"^\| (.+?) \| (\d+)/(\d+) \|", shown[0] if shown else "", re.M)
    return {topic: (int(held), int(all_of)) for topic, held, all_of in rows}


def check(record):
    """What is wrong with the twin's column."""
    problems = []
    for name, entry in record.items():
        if entry["outcome"] != "not run" and holds(entry) == (name in EXCEPTIONS):
            problems.append(f"{name}: {entry['why'] or 'holds, so its exception can go'}")
    topics = {}
    for name, entry in scored(record).items():
        held, all_of = topics.get(entry["topic"], (0, 0))
        topics[entry["topic"]] = (held + (name not in EXCEPTIONS), all_of + 1)
    if topics != in_readme():
        problems.append("README.md's table is not of these points: tests/conformance/ci.sh --table")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="twin")
    parser.add_argument("--table", action="store_true")
    arguments, options = parser.parse_known_args()
    if arguments.table:
        record = write_table()
    else:
        record = measure(arguments.target, options)
    points = {name: entry for name, entry in scored(record).items() if entry["outcome"] != "not run"}
    held = sum(holds(entry) for entry in points.values())
    if arguments.target == "twin" and not options:
        problems = check(record)
    else:
        problems = [f"{name}: {entry['why']}" for name, entry in points.items() if not holds(entry)]
    for problem in problems:
        print(f"  ✗ {problem}")
    print(f"conformance: {arguments.target} holds {held} of {len(points)} points")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
