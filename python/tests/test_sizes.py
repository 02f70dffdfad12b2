"""The same table that src/render.ts is held to."""

import json

import pytest
from conftest import CONTRACT_FOLDER

from render_server.sizes import frame_count, output_size

TABLE = json.loads((CONTRACT_FOLDER / "sizes.json").read_text())


def test_every_picture_gets_the_size_in_the_table() -> None:
    for row in TABLE["sizes"]:
        for resolution in ["480p", "720p"]:
            assert list(output_size(tuple(row["picture"]), resolution)) == row[resolution], row


def test_pictures_beyond_three_to_one_are_refused() -> None:
    for row in TABLE["refused"]:
        with pytest.raises(ValueError, match="at most 3:1"):
            output_size(tuple(row["picture"]), "480p")


def test_seconds_become_the_nearest_possible_frame_count() -> None:
    for row in TABLE["frames"]:
        assert frame_count(row["seconds"]) == row["frames"], row
