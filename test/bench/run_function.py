"""Runs one Python function as `run-function.cjs` runs bundled ones: the same commands, the same answers."""

import importlib.util
import json
import os
import sys
import time
import traceback

spec = importlib.util.spec_from_file_location("function", sys.argv[1])
function = importlib.util.module_from_spec(spec)
spec.loader.exec_module(function)
ready_at = time.time() * 1000

from concurrent.futures import ThreadPoolExecutor  # noqa: E402


def say(answer):
    os.write(3, (json.dumps(answer) + "\n").encode())


def invoke(event):
    started = time.perf_counter()
    function.handler(event, None)
    return (time.perf_counter() - started) * 1000


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def invoke_all(events, in_flight):
    started = time.perf_counter()
    if in_flight == 1:
        times = [invoke(event) for event in events]
    else:
        with ThreadPoolExecutor(in_flight) as threads:
            times = list(threads.map(invoke, events))
    return {"times": times, "totalMs": (time.perf_counter() - started) * 1000, "rssBytes": resident_bytes()}


say({"readyAt": ready_at})
for line in sys.stdin:
    command = json.loads(line)
    try:
        say(invoke_all(command["events"], command["inFlight"]))
    except Exception:
        say({"error": traceback.format_exc()})
