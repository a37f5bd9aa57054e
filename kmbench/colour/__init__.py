"""Colour quantization: a picture in k colours, found by k-means in RGB or CIELAB."""

from kmbench.colour.quantize import QuantizeResult, quantize

__all__ = ["QuantizeResult", "quantize"]
