"""The engine that runs on diffusers' WanImageToVideoPipeline: the fallback where FastVideo cannot start, and its check."""

from .pipeline import create_best_pipeline, create_fast_pipeline, create_offloaded_pipeline

__all__ = ["create_best_pipeline", "create_fast_pipeline", "create_offloaded_pipeline"]
