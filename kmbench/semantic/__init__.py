"""Semantic IDs: residual k-means codes for embeddings, as generative retrieval uses them."""

from kmbench.semantic.codebooks import Codebooks
from kmbench.semantic.pipeline import SemanticIds, semantic_ids
from kmbench.semantic.residual import encode, train_codebooks

__all__ = ["Codebooks", "SemanticIds", "encode", "semantic_ids", "train_codebooks"]
