"""Lets FastVideo run without a GPU.

Python imports this by itself when its folder is on the path, so FastVideo's workers get it before anything else.
FastVideo takes a machine without CUDA for a Mac, and torchvision's compiled half only loads beside the PyTorch that it
was built for. Neither matters to what is tested; both are mended as their modules are imported. Triton decides at its
own import whether its interpreter runs the kernels.
"""

import importlib.abc
import importlib.util
import os
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

if not os.path.exists("/dev/nvidiactl"):
    os.environ["TRITON_INTERPRET"] = "1"


def after_import(name: str, mend: Callable[[Any], None]) -> None:
    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
            if fullname != name:
                return None
            sys.meta_path.remove(self)
            spec = importlib.util.find_spec(fullname)
            assert spec
            assert spec.loader
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                mend(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
            return spec

    sys.meta_path.insert(0, Finder())


def render_on_the_processor(module: Any) -> None:
    import torch  # noqa: PLC0415

    module.get_local_torch_device = lambda: torch.device("cpu")


def attend_on_the_processor(module: Any) -> None:
    # Ray counts what it is told to count.
    module.CpuPlatform.ray_device_key = "GPU"
    module.CpuPlatform.get_attn_backend_cls = classmethod(
        lambda *_args, **_options: "fastvideo.attention.backends.sdpa.SDPABackend"
    )


def leave_out_missing_kernels(module: Any) -> None:
    register = module.register_fake

    def register_fake(name: Any, *args: Any, **options: Any) -> Any:
        is_missing = isinstance(name, str) and name.startswith("torchvision::")
        return (lambda function: function) if is_missing else register(name, *args, **options)

    module.register_fake = register_fake


after_import("fastvideo.distributed.parallel_state", render_on_the_processor)
after_import("fastvideo.platforms.cpu", attend_on_the_processor)
after_import("torch.library", leave_out_missing_kernels)
