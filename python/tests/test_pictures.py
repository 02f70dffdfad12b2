"""Pictures are opened with care and cover the clip's frame."""

from pathlib import Path

import numpy as np
import pytest
from conftest import create_picture
from PIL import Image

from render_server.engines import RenderFailedError
from render_server.pictures import Picture, cover_box


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.png"


def test_a_picture_of_the_right_size_is_shown_exactly(file: Path) -> None:
    picture = create_picture(96, 64)
    picture.save(file)
    assert np.array_equal(Picture(file, (96, 64)).pixels, np.asarray(picture))


def test_a_picture_is_cropped_in_the_middle_to_cover_the_frame(file: Path) -> None:
    assert cover_box((300, 100), (64, 64)) == (100, 0, 200, 100)
    assert cover_box((100, 300), (64, 64)) == (0, 100, 100, 200)
    stripes = np.zeros((100, 300, 3), dtype=np.uint8)
    stripes[:, 100:200] = 255
    Image.fromarray(stripes).save(file)
    shown = Picture(file, (64, 64)).pixels
    assert shown.shape == (64, 64, 3)
    # The filter sees a little of what lies just outside.
    assert shown[:, 4:-4].min() == 255


def test_a_large_picture_is_kept_at_no_more_detail_than_helps(file: Path) -> None:
    create_picture(1000, 800).save(file)
    picture = Picture(file, (64, 64))
    assert picture.source.size == (128, 128)
    assert picture.pixels.shape == (64, 64, 3)


def test_transparent_pixels_are_white(file: Path) -> None:
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(file)
    assert (Picture(file, (64, 64)).pixels == 255).all()


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA"])
def test_every_kind_of_png_becomes_rgb(file: Path, mode: str) -> None:
    create_picture(64, 64).convert(mode).save(file)
    assert Picture(file, (64, 64)).pixels.shape == (64, 64, 3)


def test_what_is_no_png_file_is_refused(tmp_path: Path) -> None:
    create_picture(64, 64).save(tmp_path / "jpeg.png", format="JPEG")
    create_picture(64, 64).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:200])
    (tmp_path / "link.png").symlink_to("whole.png")
    (tmp_path / "folder.png").mkdir()
    for name in ["jpeg.png", "cut.png", "link.png", "folder.png", "missing.png"]:
        with pytest.raises(RenderFailedError) as error:
            _ = Picture(tmp_path / name, (64, 64)).pixels
        assert (error.value.code, error.value.retry) == ("picture_broken", False), name


def test_the_box_that_covers_the_frame_lies_inside_every_picture() -> None:
    """1600x1000 at 768x480 was larger than itself by rounding, and Pillow refused it."""
    for width in range(32, 2000, 13):
        for size in [(768, 480), (832, 480), (480, 832), (1248, 704), (64, 192)]:
            for picture in [(width, round(width * size[1] / size[0])), (width, 1000)]:
                left, top, right, bottom = cover_box(picture, size)
                assert left >= 0, picture
                assert top >= 0, picture
                assert right <= picture[0], picture
                assert bottom <= picture[1], picture
    assert cover_box((1600, 1000), (768, 480)) == (0, 0, 1600, 1000)
