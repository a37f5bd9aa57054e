"""Customer segmentation: from a table to segments of people, told in the table's own units."""

from kmbench.segments.segment import SegmentResult, segment

__all__ = ["SegmentResult", "segment"]
