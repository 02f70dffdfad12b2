"""Where a model's weights are on this machine."""

from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

from render_server.weights import PULL_COMMAND, find_missing


def find_weights(model: str) -> Path:
    """The folder of a model that is given as one, or as a repository's name: fetched into the cache unless it is there.

    Raises FileNotFoundError in words for people.
    """
    folder = Path(model)
    if folder.is_absolute() and not folder.is_dir():
        raise FileNotFoundError(f"Expected a folder with the model at {folder}, found none.")
    if not folder.is_dir():
        try:
            folder = Path(snapshot_download(model))
        except (LocalEntryNotFoundError, RepositoryNotFoundError, HfHubHTTPError, ValueError) as error:
            raise FileNotFoundError(
                f"Expected the weights of {model} in the cache or for download, found neither. "
                f"Fetch them first: {PULL_COMMAND}"
            ) from error
    if not (folder / "model_index.json").is_file():
        raise FileNotFoundError(f"Expected a model in the diffusers layout in {folder}, found no model_index.json.")
    if missing := find_missing(folder):
        raise FileNotFoundError(f"Expected the whole model in {folder}, found no {missing}. Fetch it: {PULL_COMMAND}")
    return folder
