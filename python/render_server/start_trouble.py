"""Why did the engine not start, and what is to be tried next? Reads what it printed; knows the launch ladder."""

import re
from dataclasses import dataclass

IMAGE = "animate-bot-render"
RUN = "docker run --rm --gpus all -v animate-bot-weights:/weights"
WIDE_RUN = f"{RUN} --ipc=host --shm-size=8g"
TEST = "python -u test_fastvideo_init.py"

# Docker gives a container 64 MiB unless told otherwise.
WIDE_SHARED_MEMORY_BYTES = 2**30

LAST_LINES = 5


@dataclass(frozen=True)
class Trouble:
    """`remedy` is what helps where no other rung of the launch ladder would; without one, the next rung may."""

    code: str
    cause: str
    remedy: str | None = None


# A symptom and what it means. The first that is found counts: an engine's last words are about consequences.
KNOWN: list[tuple[str, Trouble]] = [
    (
        r"no kernel image is available|needs kernels for sm_\d+|is not compatible with the current PyTorch",
        Trouble(
            "kernels_missing",
            "This PyTorch has no kernels for this card. An RTX 5090 needs sm_120, which PyTorch has from CUDA 12.8 on.",
            "Build the image again for your card: docker build -f docker/Dockerfile -t animate-bot-render "
            "--build-arg REQUIRED_ARCH=sm_120 --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128 .",
        ),
    ),
    (
        r"driver on your system is too old|driver version is insufficient|forward compatibility was attempted",
        Trouble(
            "driver_too_old",
            "The NVIDIA driver of this machine is older than the CUDA version that this PyTorch was built for.",
            "Update the driver: CUDA 12.8 wants 570 or newer, CUDA 13.0 wants 580 or newer. What is there: nvidia-smi",
        ),
    ),
    (
        (
            r"no CUDA GPUs are available|Found no NVIDIA driver|no CUDA-capable device|Current node has no GPU"
            r"|libcuda\.so\S* cannot open|Torch not compiled with CUDA"
        ),
        Trouble(
            "gpu_not_seen",
            "No NVIDIA GPU is to be seen from here.",
            "Give the container the card with --gpus all, which needs the NVIDIA Container Toolkit on the host. "
            f"What the container sees: docker run --rm --gpus all {IMAGE} nvidia-smi",
        ),
    ),
    (
        r"An attempt has been made to start a new process before",
        Trouble(
            "main_not_guarded",
            "The program that started the engine has no guard, so that each worker would start the engine once more.",
            "Put what it does into a function, called only under: if __name__ == '__main__':",
        ),
    ),
    (
        (
            r"compiled using NumPy 1\.x cannot be run|numpy\.dtype size changed|_ARRAY_API not found"
            r"|numpy\.core\.multiarray failed to import|No module named 'numpy|was removed in the NumPy 2"
        ),
        Trouble(
            "numpy_mismatch",
            "A package was built for another numpy than the one that is installed.",
            "Go back to the locked packages: pip install --no-deps --require-hashes -r docker/requirements.txt "
            '(with FastVideo from source instead: pip install "numpy<2")',
        ),
    ),
    (
        r"Failed to import Ray|cannot import name 'RayWorkerWrapper'|No module named 'ray'",
        Trouble("ray_missing", "Ray is not installed here.", "Install it: pip install ray. The image has it."),
    ),
    (
        r"FastVideoArgs.* got an unexpected keyword argument",
        Trouble(
            "fastvideo_mismatch",
            "This FastVideo is not the one that the engine was written for, which is 0.2.0.",
            "Build the image without the argument FASTVIDEO, or render with the other engine: "
            f"{WIDE_RUN} {IMAGE} {TEST} --engine diffusers",
        ),
    ),
    (
        r"failed to map segment from shared object",
        Trouble(
            "no_programs_in_tmp",
            "What Triton compiles cannot be run from where it is kept: the folder is mounted without exec.",
            "Mount the container's /tmp with it: --tmpfs /tmp:exec",
        ),
    ),
    (
        (r"found no model_index\.json|Expected the weights of .* found neither|Expected the whole model in"),
        Trouble(
            "weights_missing",
            "The weights are neither at the place given nor in the cache, and cannot be fetched.",
            f"Fetch them once: docker run --rm -v animate-bot-weights:/weights {IMAGE} python -m render_server.pull",
        ),
    ),
    (
        r"(No such file or directory|Permission denied).*\.(safetensors|json)\b",
        Trouble(
            "weights_unreadable",
            "A file of the weights is not there, or this user may not read it.",
            "Let everybody read them: chmod -R a+rX FOLDER. Download them again if files are missing.",
        ),
    ),
    (
        (r"CUDA out of memory|CUDA error: out of memory|OutOfMemoryError"),
        Trouble(
            "gpu_memory_short",
            "The GPU's memory does not hold the model.",
            "Stop what else uses it (nvidia-smi lists it) and start again: what stays on the GPU is decided then.",
        ),
    ),
    (
        r"Cannot allocate memory|MemoryError|was killed \(exit code 137\)",
        Trouble(
            "memory_short",
            "The machine's own memory ran out while the weights were loaded.",
            "Give the machine or the container at least 32 GB of memory.",
        ),
    ),
    (
        r"bus error|SIGBUS|unable to (write to|open|mmap|allocate shared memory).*torch_|No space left on device",
        Trouble("shared_memory_short", "The shared memory in /dev/shm is too small for FastVideo's worker."),
    ),
    (
        r"WorkerMultiprocProc (failed to start|initialization failed)|pipe closed unexpectedly",
        Trouble("worker_not_started", "FastVideo's worker process did not start: this host may block what it needs."),
    ),
]


def find_trouble(output: str) -> Trouble:
    """What the engine's output, its errors included, means. What is not known is told in its own last lines."""
    for symptom, trouble in KNOWN:
        if re.search(symptom, output, re.IGNORECASE):
            return trouble
    lines = [line for line in output.splitlines() if line.strip()][-LAST_LINES:]
    return Trouble("unknown", "\n  ".join(["The reason is not a known one. Its last lines:", *lines]))


def next_rung(engine: str, shared_memory_bytes: int) -> str | None:
    """The command that climbs the launch ladder by one, from an engine in a container with so much of /dev/shm.
    None at its end."""
    if engine == "fastvideo":
        if shared_memory_bytes < WIDE_SHARED_MEMORY_BYTES:
            return f"{WIDE_RUN} {IMAGE}"
        return f"{WIDE_RUN} {IMAGE} {TEST} --executor ray"
    if engine == "fastvideo-ray":
        return f"{WIDE_RUN} {IMAGE} {TEST} --engine diffusers"
    return None
