"""What the operator's scripts understand in common: which engine, which executor, which weights."""

import argparse
import sys
from typing import NoReturn

from .engines import ENGINES, FASTWAN, EngineSpec, find_engine

EXIT_BAD_ARGUMENT = 2

# The engine that FastVideo runs as under each of its executors.
EXECUTORS = {"mp": "fastvideo", "ray": "fastvideo-ray"}


class OneSentenceParser(argparse.ArgumentParser):
    """Says what is wrong in one sentence; the usage is there for whoever asks with --help."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(EXIT_BAD_ARGUMENT)


def create_parser(description: str) -> OneSentenceParser:
    parser = OneSentenceParser(description=description, allow_abbrev=False)
    parser.add_argument("--engine", default="fastvideo", help=f"{', '.join(ENGINES)}, or module:function")
    parser.add_argument("--executor", choices=EXECUTORS, help="how FastVideo starts its worker; mp if left out")
    parser.add_argument("--model", help=f"weights: a folder, or a repository's name; {FASTWAN} if left out")
    return parser


def chosen_engine(parser: argparse.ArgumentParser, args: argparse.Namespace) -> EngineSpec:
    """Ends the program with a sentence where there is no such engine."""
    name = args.engine
    if args.executor:
        if name not in EXECUTORS.values():
            parser.error(f"Expected --executor with the engine fastvideo only, got it with {name}.")
        name = EXECUTORS[args.executor]
    try:
        return find_engine(name, args.model)
    except ValueError as error:
        parser.error(f"{error}.")
