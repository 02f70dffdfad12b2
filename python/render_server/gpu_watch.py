"""Is the GPU still there? A container can lose it while it idles, and nothing says so until the next render fails:
`Failed to initialize NVML` after the host's systemd was reloaded, or a card that fell off the bus."""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, PIPE, STDOUT

# A driver that has to wake its cards first takes some seconds.
ANSWER_SECONDS = 30


async def find_gpu_trouble() -> str | None:
    """What nvidia-smi says against the GPU; None if all is well, or where there is no nvidia-smi to ask."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        asking = await asyncio.create_subprocess_exec(program, "-L", stdin=DEVNULL, stdout=PIPE, stderr=STDOUT)
    except OSError:
        return None  # A machine too busy for one more process says nothing about its GPU.
    try:
        answer, _ = await asyncio.wait_for(asking.communicate(), ANSWER_SECONDS)
    except TimeoutError:
        asking.kill()
        await asking.wait()
        return f"nvidia-smi did not answer in {ANSWER_SECONDS} s"
    if asking.returncode == 0:
        return None
    lines = answer.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else f"nvidia-smi stopped with exit code {asking.returncode}"
