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

import re  # noqa: E402
import resource  # noqa: E402
from concurrent.futures import ThreadPoolExecutor  # noqa: E402


def say(answer):
    os.write(3, (json.dumps(answer) + "\n").encode())


def invoke(event):
    started = time.perf_counter()
    function.handler(event, None)
    return (time.perf_counter() - started) * 1000


def peak_mb():
    if not sys.platform.startswith("linux"):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) / 1024


def invoke_all(events, in_flight):
    started = time.perf_counter()
    if in_flight == 1:
        times = [invoke(event) for event in events]
    else:
        with ThreadPoolExecutor(in_flight) as threads:
            times = list(threads.map(invoke, events))
    return {"times": times, "totalMs": (time.perf_counter() - started) * 1000, "peakMb": peak_mb()}


say({"readyAt": ready_at})
for line in sys.stdin:
    command = json.loads(line)
    try:
        say(invoke_all(command["events"], command["inFlight"]))
    except Exception:
        say({"error": traceback.format_exc()})
