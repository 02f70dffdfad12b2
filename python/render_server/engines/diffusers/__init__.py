"""The engine that runs on diffusers' WanImageToVideoPipeline: where FastVideo cannot start, and to check it."""

from .pipeline import create_best_pipeline, create_fast_pipeline, create_offloaded_pipeline

__all__ = ["create_best_pipeline", "create_fast_pipeline", "create_offloaded_pipeline"]
