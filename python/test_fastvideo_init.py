"""Does the engine start on this machine? Loads it for real; where it does not start, says why and what to try next."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from render_server.engine_link import describe_exit
from render_server.engines import EngineSpec, create_pipeline
from render_server.operator_arguments import chosen_engine, create_parser
from render_server.start_trouble import find_trouble, next_rung

EXECUTOR_NAMES = {"fastvideo": "Multiprocessing executor", "fastvideo-ray": "Ray executor"}

EXIT_NOT_STARTED = 1

# A loaded engine may take so long to end its workers before they are ended for it.
END_SECONDS = 15

# More than any traceback; a loading engine can print for long.
LONGEST_OUTPUT = 1_000_000


def main() -> int:
    parser = create_parser(__doc__ or "")
    spec = chosen_engine(parser, parser.parse_args())
    # As a container is stopped: leave by the way that ends the engine too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        print(f"Loading {spec.name} with {spec.model}", flush=True)
        seconds, output = start(spec)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    if seconds is None:
        explain(spec, output)
        return EXIT_NOT_STARTED
    print(f"✓ SUCCESS! Generator initialized in {seconds:.2f}s")
    print(f"✓ {EXECUTOR_NAMES.get(spec.name, f'Engine {spec.name}')} is WORKING!")
    return 0


def start(spec: EngineSpec) -> tuple[float | None, str]:
    """The seconds that the engine took to start, or None, and what it printed. It and its workers have ended."""
    # A FastVideo worker in trouble sends its parent a signal that ends it, so the engine gets a process of its own.
    context = multiprocessing.get_context("spawn")
    outcomes, outcome = context.Pipe(duplex=False)
    printed, printing = context.Pipe(duplex=False)
    output: list[str] = []
    reader = threading.Thread(target=pass_on, args=(printed, output), daemon=True)
    process = context.Process(target=load, args=(spec, outcome, printing))
    seconds: float | None = None
    process.start()
    try:
        outcome.close()
        printing.close()
        reader.start()
        with suppress(EOFError):
            seconds = outcomes.recv()
        process.join(END_SECONDS)
    finally:
        # Workers that an engine started live in its group too, and hold GPU memory. It leads that only once it loads.
        with suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)
        process.kill()
        process.join()
    reader.join(END_SECONDS)
    return seconds, "".join(output) + f"\nIts process {describe_exit(process.exitcode or 0)}."


def load(spec: EngineSpec, outcome: Connection, printing: Connection) -> None:
    """Runs in a process of its own, which leads a group of its own."""
    os.setsid()
    for descriptor in (sys.stdout.fileno(), sys.stderr.fileno()):
        os.dup2(printing.fileno(), descriptor)
    printing.close()
    started = time.monotonic()
    loaded = create_pipeline(spec).load()
    seconds = time.monotonic() - started
    if loaded.gpu:
        print(f"{loaded.gpu.name}, compiled for {', '.join(loaded.gpu.architectures)}; {loaded.memory}", flush=True)
    outcome.send(seconds)


def pass_on(printed: Connection, output: list[str]) -> None:
    """What the engine prints, as it comes; its latest in `output` as well."""
    length = 0
    with os.fdopen(os.dup(printed.fileno()), errors="replace") as lines:
        for line in lines:
            print(line, end="", file=sys.stderr, flush=True)
            output.append(line)
            length += len(line)
            while length > LONGEST_OUTPUT:
                length -= len(output.pop(0))


def explain(spec: EngineSpec, output: str) -> None:
    trouble = find_trouble(output)
    print(f"✗ The engine {spec.name} did not start ({trouble.code}). {trouble.cause}", file=sys.stderr)
    if trouble.remedy:
        print(trouble.remedy, file=sys.stderr)
        return
    shared = os.statvfs("/dev/shm")
    command = next_rung(spec.name, shared.f_blocks * shared.f_frsize)
    if command:
        print(f"Try next: {command}", file=sys.stderr)
    else:
        print("This was the last rung of the launch ladder; see Troubleshooting in docker/README.md.", file=sys.stderr)


# The engine's process, and FastVideo's worker, import this module again.
if __name__ == "__main__":
    sys.exit(main())
