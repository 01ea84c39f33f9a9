"""Input values by the official models: such as a client sends, and such as nobody should."""

import copy
import random

TEXTS = [
    "", " ", "x", "a" * 129, "b" * 70_000, "\u0000", "\ud800", "\U0001f4a5" * 40, "\u202eabc", "e\u0301\u0301", "\r\nX-A: b",
    "../../etc/passwd", "%00%2e%2e", "a/b", "?", "#", "*", "$LATEST", "arn:aws:", "arn:aws:iam::0:role/", ":" * 50,
    "NaN", "1e999", "-0", "{}", "[", "null", "<a>&amp;", "${x}", "' OR 1=1 --", "\ufeff", "\u2028", "000000000000",
    "i\u0307\u0130\u00df\ufb03", "99999999999999999999999",
]
NUMBERS = [0, -1, 1, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63, 2**70, -(2**70), 0.5, -0.0, 1e308, 1e-320]


def deep(levels, kind):
    value = "x"
    for _ in range(levels):
        value = [value] if kind else {"a": value}
    return value


OTHERS = [
    None, True, False, [], {}, [None], [[]], {"": ""}, {"a": None}, [1, "a", {}], ["x"] * 1000,
    {f"k{n}": "v" for n in range(300)}, {"__type": "x"}, [{}] * 60,
]


def value(rng):
    """Anything."""
    which = rng.randrange(10)
    if which < 4:
        return rng.choice(TEXTS)
    if which < 7:
        return rng.choice(NUMBERS)
    return copy.deepcopy(rng.choice(OTHERS)) if which < 9 else deep(rng.choice([20, 110, 130, 900]), rng.random() < 0.5)


class Maker:
    """Makes values of a shape. What the lab has, by the member's name, is used more often than what is in answers, and that
    more often than what is invented."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.known, self.found = {}, {}

    def learn(self, answer):
        """Remembers the texts of an answer by their members' names."""
        if isinstance(answer, list):
            for inner in answer[:20]:
                self.learn(inner)
        elif isinstance(answer, dict):
            for name, inner in answer.items():
                if isinstance(inner, str) and 0 < len(inner) < 2000:
                    seen = self.found.setdefault(name.lower(), [])
                    if inner not in seen and len(seen) < 8:
                        seen.append(inner)
                self.learn(inner)

    def text(self, shape, name):
        rng, meta = self.rng, shape.metadata
        if meta.get("enum"):
            return rng.choice(meta["enum"])
        for texts, chance in ((self.known, 0.8), (self.found, 0.8)):
            if (known := texts.get(name.lower())) and rng.random() < chance:
                return rng.choice(known)
        least = int(meta.get("min", 1))
        most = min(int(meta.get("max", 12)), max(least, 12))
        return "".join(rng.choice("abcXY019") for _ in range(rng.randint(least, max(least, most))))

    def make(self, shape, name="", level=0):
        """A value of the shape, with its required members and some of the others."""
        rng, kind = self.rng, shape.type_name
        if kind == "structure":
            chance = 0.25 if level < 3 else 0.0
            return {
                inner: self.make(member, inner, level + 1)
                for inner, member in shape.members.items()
                if inner in shape.required_members or rng.random() < chance
            }
        if kind == "list":
            return [self.make(shape.member, name, level + 1) for _ in range(rng.choice([0, 1, 1, 1, 2]))]
        if kind == "map":
            return {self.text(shape.key, name): self.make(shape.value, name, level + 1) for _ in range(rng.choice([0, 1, 2]))}
        if kind == "boolean":
            return rng.random() < 0.5
        if kind in ("integer", "long", "double", "float"):
            least = int(shape.metadata.get("min", 0))
            return rng.randint(least, max(least, min(int(shape.metadata.get("max", least + 60)), least + 60)))
        if kind == "blob":
            return rng.choice([b"", b"{}", b"PK\x03\x04", b"\xff\x00" * 20])
        return 1_700_000_000 if kind == "timestamp" else self.text(shape, name)

    def spoil(self, values):
        """Changes one place of the values, or takes or adds one."""
        rng, places = self.rng, []

        def walk(inner):
            for key in list(inner) if isinstance(inner, dict) else range(len(inner)):
                places.append((inner, key))
                if isinstance(inner[key], (dict, list)):
                    walk(inner[key])

        walk(values)
        if not places or rng.random() < 0.08:
            values[rng.choice(["Unknown", "__proto__", "", "x.y", "member.1"])] = value(rng)
            return
        inner, key = rng.choice(places)
        if rng.random() < 0.15:
            del inner[key]
        else:
            inner[key] = value(rng)
