"""Prompts that were encoded before need not be again: people press Again, and change one word of another option."""

from collections import OrderedDict
from collections.abc import Callable

import torch

# One embedding is 512 tokens of 4096 values in 16 bits: 4 MiB of ordinary memory.
MOST_KEPT = 64


class PromptCache:
    def __init__(self, encode: Callable[[str], torch.Tensor]) -> None:
        self._encode = encode
        self._kept: OrderedDict[str, torch.Tensor] = OrderedDict()

    def get(self, prompt: str, device: torch.device) -> torch.Tensor:
        """The prompt's embedding, (1, tokens, channels)."""
        kept = self._kept.get(prompt)
        if kept is None:
            embedding = self._encode(prompt)
            self._kept[prompt] = embedding.cpu()
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return embedding
        self._kept.move_to_end(prompt)
        return kept.to(device)
