"""Compiles the product of 8 bits for each architecture in the table, and prints a line for each: shared memory, and
which of the GPU's instructions copy and multiply. Run in a process of its own, because Triton's interpreter leaves no
compiler."""

import re

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from render_server.engines.wan.triton_eight_bits import TILES, Tiles, _multiply


def compile_for(capability: tuple[int, int], tiles: Tiles, *, is_convolution: bool) -> None:
    channels, outputs = (512, 512) if is_convolution else (3072, 14336)
    side = 3 if is_convolution else 1
    constants = {
        "channels": channels,
        "outputs": outputs,
        "frames": side,
        "side": side,
        "tile_rows": tiles.rows,
        "tile_columns": tiles.columns,
        "tile_depth": tiles.depth,
        "stages": tiles.stages,
        "has_row_scale": not is_convolution,
        "has_gelu": not is_convolution,
        "rows_together": 1 if is_convolution else 8,
        "copies_in_bulk": tiles.copies_in_bulk,
    }
    signature = {
        "x": f"tensordesc<i8[{tiles.rows},{tiles.depth}]>" if tiles.copies_in_bulk else "*i8",
        "weight": f"tensordesc<i8[{tiles.columns},{tiles.depth}]>" if tiles.copies_in_bulk else "*i8",
        "out": f"tensordesc<bf16[{tiles.rows},{tiles.columns // 2}]>" if tiles.copies_in_bulk else "*bf16",
        "scale": "*fp32",
        "shift": "*fp32" if is_convolution else "*bf16",
        "row_scale": "*fp32",
        **dict.fromkeys(("x_rows", "rows", "frame_rows", "line_rows", "row_tiles"), "i32"),
        **dict.fromkeys(constants, "constexpr"),
    }
    names = list(signature)
    # As Triton finds PyTorch's tensors to be.
    aligned = {(names.index(name),): [["tt.divisibility", 16]] for name, kind in signature.items() if kind[0] == "*"}
    source = ASTSource(
        fn=_multiply,
        signature=signature,
        constexprs={(names.index(name),): value for name, value in constants.items()},
        attrs=aligned,
    )
    number = capability[0] * 10 + capability[1]
    compiled = triton.compile(source, target=GPUTarget("cuda", number, 32), options={"num_warps": tiles.warps})
    found = set(re.findall(r"wgmma\.mma_async|mma\.sync|cp\.async\.bulk|cp\.async\.cg", compiled.asm["ptx"]))
    kind = "convolution" if is_convolution else "linear"
    print(f"sm_{number} {kind} {compiled.metadata.shared} {' '.join(sorted(found))}", flush=True)


if __name__ == "__main__":
    for capability, tiles in TILES.items():
        for is_convolution in (True, False):
            compile_for(capability, tiles, is_convolution=is_convolution)
