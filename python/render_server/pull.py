"""Fetches an engine's weights into the cache: the only step that needs a network. A connection that is cut goes on
where it was; a pull that was ended goes on with the files that it had not finished."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .operator_arguments import chosen_engine, create_parser
from .weights import PULL_COMMAND, find_missing

EXIT_NOT_PULLED = 1
EXIT_BAD_ARGUMENT = 2

TELL_EVERY_SECONDS = 2

# What another pull is writing at the moment is younger.
LEFTOVER_SECONDS = 600

GB = 1e9


def main() -> int:
    parser = create_parser(__doc__ or "")
    spec = chosen_engine(parser, parser.parse_args())
    if not spec.has_weights:
        parser.error(f"Expected an engine with weights, got {spec.name}, which has none.")
    # Lines are for logs as well; the library's bars are for terminals alone.
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    try:
        pull(spec.model)
    except PullError as error:
        print(error, file=sys.stderr)
        return EXIT_NOT_PULLED
    return 0


class PullError(Exception):
    """In words for people."""


def pull(model: str) -> None:
    """Raises PullError."""
    if Path(model).is_dir():
        require_whole(Path(model), model)
        print(f"{model} is a folder, and whole.", flush=True)
        return
    try:
        from huggingface_hub import HfApi, snapshot_download  # noqa: PLC0415 - its absence is told in words
        from huggingface_hub.constants import HF_HUB_CACHE  # noqa: PLC0415
    except ImportError as error:
        raise PullError(
            f"Expected huggingface_hub in {sys.executable}, found none: install python/requirements-engines.txt there."
        ) from error
    cache = Path(HF_HUB_CACHE)
    try:
        files = HfApi().model_info(model, files_metadata=True).siblings or []
        sizes = {file.rfilename: file.size or 0 for file in files}
        fetched = cache / f"models--{model.replace('/', '--')}"
        remove_leftovers(fetched)
        require_disk(cache, sum(sizes.values()), fetched)
        print(f"Fetching {model}: {len(sizes)} files, {sum(sizes.values()) / GB:.1f} GB, into {cache}", flush=True)
        with telling(fetched, sum(sizes.values())):
            folder = Path(snapshot_download(model))
    except PullError:
        raise
    except Exception as error:
        raise PullError(
            f"{model} could not be fetched: {describe(error)} Files that have come are kept; go on with: {PULL_COMMAND}"
        ) from error
    require_sizes(folder, sizes)
    require_whole(folder, model)
    print(f"✓ {model} is whole: {folder}", flush=True)


def remove_leftovers(fetched: Path) -> None:
    """A pull that was killed leaves half a file, which the library does not take up again."""
    oldest = time.time() - LEFTOVER_SECONDS
    for file in fetched.glob("blobs/*.incomplete"):
        with suppress(OSError):
            if file.stat().st_mtime < oldest:
                file.unlink()


def require_disk(cache: Path, needed: int, fetched: Path) -> None:
    existing = cache
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    left = needed - bytes_in(fetched)
    if left > free:
        raise PullError(
            f"Expected {left / GB:.1f} GB of room in {existing}, found {free / GB:.1f}. Make room, or set HF_HOME."
        )


def require_sizes(folder: Path, sizes: dict[str, int]) -> None:
    for name, size in sizes.items():
        found = (folder / name).stat().st_size if (folder / name).is_file() else 0
        if found != size:
            raise PullError(
                f"Expected {name} to have {size:,} bytes, found {found:,} in {folder}. "
                f"Remove it, and again: {PULL_COMMAND}"
            )


def require_whole(folder: Path, model: str) -> None:
    if missing := find_missing(folder):
        raise PullError(f"{model} is not whole: {missing} is missing in {folder}.")


@contextmanager
def telling(folder: Path, total: int) -> Iterator[None]:
    """Prints how much has come, for as long as the context lasts."""
    done = threading.Event()

    def tell() -> None:
        before = bytes_in(folder)
        while not done.wait(TELL_EVERY_SECONDS):
            now = bytes_in(folder)
            rate = (now - before) / TELL_EVERY_SECONDS / 1e6
            print(f"  {now / max(total, 1):4.0%}  {now / GB:.1f} of {total / GB:.1f} GB, {rate:.0f} MB/s", flush=True)
            before = now

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def bytes_in(folder: Path) -> int:
    """Of files themselves, those that are half there too; the links to them do not count."""
    total = 0
    for file in folder.rglob("*"):
        # It may be renamed just now.
        with suppress(OSError):
            total += 0 if file.is_symlink() or not file.is_file() else file.stat().st_size
    return total


def describe(error: BaseException) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else ""
    return f"{type(error).__name__}{': ' if first else ''}{first.rstrip('.')}."


if __name__ == "__main__":
    sys.exit(main())
