"""What stays on a card, by its size."""

import pytest
import torch

from render_server.engines import RenderFailedError
from render_server.engines.wan import memory
from render_server.engines.wan.gpu import require_kernels
from render_server.engines.wan.memory import GIB, failing_in_words, plan_memory, require_room
from render_server.engines.wan.prompts import MOST_KEPT, PromptCache

GPU = torch.device("cuda")


@pytest.mark.parametrize(
    ("gib", "plan"),
    [
        (15.5, "text encoder and transformer streamed from memory"),
        (23.5, "text encoder streamed from memory"),
        (31.5, "everything on the GPU"),
        (79, "everything on the GPU"),
    ],
)
def test_a_card_keeps_what_leaves_room_for_the_render(gib: float, plan: str) -> None:
    assert str(plan_memory(int(gib * GIB))) == plan


def test_a_render_that_has_no_room_is_refused_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _device: 4 * GIB)
    require_room(832, 480, GPU)
    with pytest.raises(RenderFailedError, match=r"1280x704 needs 6\.7 GiB .* 4\.0 GiB are free") as refused:
        require_room(1280, 704, GPU)
    assert (refused.value.code, refused.value.retry) == ("gpu_memory_short", False)


@pytest.mark.parametrize(
    ("capability", "compiled", "is_served"),
    [
        ((12, 0), ["sm_80", "sm_90", "sm_120"], True),
        ((12, 0), ["sm_80", "sm_90"], False),
        ((12, 0), ["sm_80", "compute_90"], True),
        ((8, 9), ["sm_80", "sm_90"], True),
        ((9, 0), ["sm_80", "sm_90a"], True),
        ((7, 5), ["sm_80", "compute_80"], False),
    ],
)
def test_a_card_without_kernels_is_refused_in_words(
    capability: tuple[int, int], compiled: list[str], is_served: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: "Card")
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: compiled)
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91_900)
    if is_served:
        require_kernels(GPU)
    else:
        with pytest.raises(RuntimeError, match=f"The Card needs kernels for sm_{capability[0]}{capability[1]}"):
            require_kernels(GPU)


@pytest.mark.parametrize("found", [91_400, None])
def test_a_cudnn_with_broken_convolutions_is_refused_with_the_reason(
    found: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: found)
    with pytest.raises(RuntimeError, match=rf"Expected cuDNN 91500 or newer, found {found or 0}: .* convolutions"):
        require_kernels(GPU)


def test_a_prompt_is_encoded_once_and_the_oldest_is_forgotten() -> None:
    encoded: list[str] = []

    def encode(prompt: str) -> torch.Tensor:
        encoded.append(prompt)
        return torch.tensor([float(len(prompt))])

    cache = PromptCache(encode)
    assert [cache.get("cat", torch.device("cpu")).item() for _ in range(2)] == [3, 3]
    assert encoded == ["cat"]
    for number in range(MOST_KEPT):
        cache.get(f"dog {number}", torch.device("cpu"))
    cache.get("cat", torch.device("cpu"))
    assert encoded[-1] == "cat"


def test_a_gpu_that_fills_up_in_the_middle_of_a_render_fails_it_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    with (
        pytest.raises(RenderFailedError, match=r"ran out of memory in the middle of a clip of 832x480") as failed,
        failing_in_words(832, 480),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory")
    assert failed.value.code == "gpu_memory_short"
