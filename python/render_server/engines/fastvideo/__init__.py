"""The engine that runs on FastVideo's VideoGenerator: the default on a GPU."""

from .pipeline import create_mp_pipeline, create_ray_pipeline

__all__ = ["create_mp_pipeline", "create_ray_pipeline"]
