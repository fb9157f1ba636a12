"""Prints values as show.ts does."""
import json


def plain(value):
    """A value as JSON has it in JavaScript: no tuples or arrays, 9 for 9.0."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def digits(value, count):
    """Numbers with so many significant digits, at any depth: what a sum's order doesn't change."""
    if isinstance(value, (list, tuple)):
        return [digits(one, count) for one in value]
    return float(f"{value:.{count - 1}e}")


def show(name, value):
    print(name, json.dumps(plain(value), separators=(",", ":")))
