"""The helper process in which Python contenders run.

Reads one JSON message a line and answers each with one. A contender's source defines
`setup(params)`, which returns the function to time; the loop and the clock are here, so that no
message is inside the measured time. Whatever the source prints goes to standard error.
"""

import importlib
import json
import os
import sys
import time

_answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
sys.stdout = sys.stderr

_contenders = {}


def _plain(value):
    """The value as JSON can carry it; arrays become nested lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _define(message):
    versions = {}
    for name in message["modules"]:
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            return {"missing": name, "why": str(error)}
        versions[name] = str(getattr(module, "__version__", ""))
    scope = {"__name__": "contender"}
    exec(compile(message["source"], message["id"], "exec"), scope)  # noqa: S102
    _contenders[message["id"]] = (scope["setup"](message["params"]), scope)
    return {"versions": versions, "python": sys.version.split()[0]}


def _run(message):
    run = _contenders[message["id"]][0]
    iterations = message["iterations"]
    cpu = time.process_time()
    start = time.perf_counter()
    value = None
    for _ in range(iterations):
        value = run()
    seconds = time.perf_counter() - start
    answer = {"seconds": seconds, "cpuSeconds": time.process_time() - cpu}
    if isinstance(value, dict) and "_measured" in value:
        answer["measured"] = _plain(value["_measured"])
    return answer


def _result(message):
    return {"value": _plain(_contenders[message["id"]][0]())}


def _close(message):
    _, scope = _contenders.pop(message["id"])
    if "close" in scope:
        scope["close"]()
    return {}


_ACTIONS = {"define": _define, "run": _run, "result": _result, "close": _close}


def main():
    for line in sys.stdin:
        message = json.loads(line)
        try:
            answer = _ACTIONS[message["action"]](message)
        except Exception as error:  # noqa: BLE001 - told to the caller, who stops the benchmark
            import traceback

            answer = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        _answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
