"""Does this image hold what a render needs of it? Run while it is built, on a machine that may have no GPU at all."""

import sys
import sysconfig
from pathlib import Path

import numpy
import torch


def main() -> int:
    required = sys.argv[1]
    # torch.cuda.get_arch_list() is empty without a driver, and a build machine seldom has one.
    flags = getattr(torch._C, "_cuda_getArchFlags", str)() or ""
    architectures = flags.split()
    print(f"PyTorch {torch.__version__}, numpy {numpy.__version__}, kernels for {', '.join(architectures) or 'no GPU'}")
    if required and required not in architectures:
        print(
            f"Expected a PyTorch with kernels for {required}, got {torch.__version__} with "
            f"{', '.join(architectures) or 'none'}. Pass another TORCH and TORCH_INDEX, or REQUIRED_ARCH for your "
            "card, or an empty REQUIRED_ARCH to go without this check.",
            file=sys.stderr,
        )
        return 1
    header = Path(sysconfig.get_path("include"), "Python.h")
    if not header.is_file():
        print(
            f"Expected {header}, which Triton compiles its launchers with, found nothing. Use a base image whose "
            "Python has its headers: the official python:3.12-slim images do.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
