"""What operators meet when an engine does not start, in the words that the libraries use, and what they are told."""

import pytest

from render_server.start_trouble import find_trouble, next_rung


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ("RuntimeError: CUDA error: no kernel image is available for execution on the device", "kernels_missing"),
        (
            "The NVIDIA GeForce RTX 5090 needs kernels for sm_120, and this PyTorch 2.7.1 holds sm_90.",
            "kernels_missing",
        ),
        (
            "RTX 5090 with CUDA capability sm_120 is not compatible with the current PyTorch installation.",
            "kernels_missing",
        ),
        ("The NVIDIA driver on your system is too old (found version 12040).", "driver_too_old"),
        ("CUDA driver version is insufficient for CUDA runtime version", "driver_too_old"),
        ("RuntimeError: No CUDA GPUs are available", "gpu_not_seen"),
        ("Found no NVIDIA driver on your system.", "gpu_not_seen"),
        ("ValueError: Current node has no GPU available.", "gpu_not_seen"),
        (
            "An attempt has been made to start a new process before the\n current process has finished",
            "main_not_guarded",
        ),
        ("A module that was compiled using NumPy 1.x cannot be run in NumPy 2.4.6", "numpy_mismatch"),
        ("ValueError: numpy.dtype size changed, may indicate binary incompatibility.", "numpy_mismatch"),
        ("ValueError: Failed to import Ray: No module named 'ray'.", "ray_missing"),
        ("ImportError: cannot import name 'RayWorkerWrapper' from 'fastvideo.worker.ray_utils'", "ray_missing"),
        (
            "TypeError: FastVideoArgs.__init__() got an unexpected keyword argument 'dit_layerwise_offload'",
            "fastvideo_mismatch",
        ),
        ("OSError: /tmp/a.so: failed to map segment from shared object", "no_programs_in_tmp"),
        ("Expected a model in the diffusers layout in /models, found no model_index.json.", "weights_missing"),
        ("Expected the weights of a/b in the cache or for download, found neither.", "weights_missing"),
        ("FileNotFoundError: No such file or directory: /models/vae/model.safetensors", "weights_unreadable"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", "gpu_memory_short"),
        ("OSError: [Errno 12] Cannot allocate memory", "memory_short"),
        ("Its process was killed (exit code 137), probably because", "memory_short"),
        ("Fatal Python error: Bus error", "shared_memory_short"),
        ("Its process stopped with signal SIGBUS (exit code 135).", "shared_memory_short"),
        ("RuntimeError: unable to write to file </torch_7_1_0>: No space left on device (28)", "shared_memory_short"),
        ("ERROR WorkerMultiprocProc failed to start.", "worker_not_started"),
        ("Exception: WorkerMultiprocProc initialization failed due to an exception", "worker_not_started"),
    ],
)
def test_a_known_symptom_has_a_name(output: str, code: str) -> None:
    assert find_trouble(f"INFO loading\n{output}\nmore").code == code


def test_a_workers_own_reason_counts_for_more_than_that_it_did_not_start() -> None:
    output = "WorkerMultiprocProc failed to start.\nTraceback\ntorch.OutOfMemoryError: CUDA out of memory."
    assert find_trouble(output).code == "gpu_memory_short"


def test_what_is_not_known_is_told_in_its_last_lines() -> None:
    trouble = find_trouble("\n".join(["far back", *"abcd", "", "SomethingNewError: on fire"]))
    assert trouble.code == "unknown"
    assert trouble.cause.endswith("SomethingNewError: on fire")
    assert "far back" not in trouble.cause


def test_the_ladder_goes_from_shared_memory_to_ray_to_diffusers_and_ends() -> None:
    assert (next_rung("fastvideo", 64 * 2**20) or "").endswith("--ipc=host --shm-size=8g animate-bot-render")
    assert (next_rung("fastvideo", 8 * 2**30) or "").endswith("test_fastvideo_init.py --executor ray")
    assert (next_rung("fastvideo-ray", 8 * 2**30) or "").endswith("test_fastvideo_init.py --engine diffusers")
    assert next_rung("diffusers", 8 * 2**30) is None
