"""What is done to a run from inside its processes: Python starts each of them with `sitecustomize`, which reads this.

`KILLED=<stage>:<moment>` kills the whole workflow when a job of the stage is about to give its first finished file
its name (`output`), or its record (`record`); with `interrupt` it presses Ctrl-C at the first of these. `CLOCK_AHEAD=
<seconds>` puts `time.time` of every process ahead, and `CLOCK_JUMPS=<seconds>` lets it begin so and jump back half a
second later.
"""

INJECTED = """
import os, sys

def _kill(stage, moment):
    import signal

    sent = []

    def watch(event, arguments):
        if event == "os.rename":
            target = os.fspath(arguments[1])
            told = target.startswith("results/provenance/")
            made = target.startswith(("data/", "models/", "results/")) and not told
            if not sent and (told if moment == "record" else made):
                sent.append(target)
                os.killpg(os.getpgid(0), signal.SIGINT if moment == "interrupt" else signal.SIGKILL)

    if os.path.basename(sys.argv[0]) == "case-saliency" and stage.replace("_", "-") in sys.argv:
        sys.addaudithook(watch)

def _shift(ahead, jumps):
    import time

    true, started = time.time, time.monotonic()
    time.time = lambda: true() + ahead + (jumps if time.monotonic() - started < 0.5 else 0)

if "KILLED" in os.environ:
    _kill(*os.environ["KILLED"].split(":"))
if "CLOCK_AHEAD" in os.environ or "CLOCK_JUMPS" in os.environ:
    _shift(float(os.environ.get("CLOCK_AHEAD", 0)), float(os.environ.get("CLOCK_JUMPS", 0)))
"""
