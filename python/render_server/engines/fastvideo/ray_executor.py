"""What FastVideo's Ray executor needs before it can be used: two methods, and a Ray that runs on this machine alone."""

from __future__ import annotations

import importlib.util
import os


def start_ray() -> None:
    """Raises RuntimeError where Ray is not installed."""
    if not importlib.util.find_spec("ray"):
        raise RuntimeError(
            "Expected Ray, which the engine fastvideo-ray needs, found none. Install it: pip install ray "
            "(No module named 'ray')"
        )
    import ray  # noqa: PLC0415 - no other engine needs Ray
    from fastvideo.worker.executor import Executor  # noqa: PLC0415 - no other engine needs Ray
    from fastvideo.worker.ray_distributed_executor import RayDistributedExecutor  # noqa: PLC0415 - no other engine needs Ray

    # 0.2.0 declares these two in the base, with a body, and left them out here, so that nothing could be made of it.
    RayDistributedExecutor.set_log_queue = Executor.set_log_queue
    RayDistributedExecutor.clear_log_queue = Executor.clear_log_queue
    RayDistributedExecutor.__abstractmethods__ = frozenset()
    # FastVideo's driver and worker would each look for this on the internet, which a render container cannot reach, and
    # then disagree. The worker has it from the environment that Ray starts with.
    os.environ["FASTVIDEO_HOST_IP"] = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(num_gpus=1, include_dashboard=False)
