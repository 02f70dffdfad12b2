"""A real camera move over the still picture, on the CPU, with no model: for machines without a GPU, and for tests."""

from .pipeline import PreviewPipeline


def create_pipeline() -> PreviewPipeline:
    return PreviewPipeline()
