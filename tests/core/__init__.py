"""Tests of the core: token in, Auth or refusal out."""
