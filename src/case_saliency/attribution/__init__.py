"""Saliency methods: one forward pass captures what they need, each method is a formula over it.

`registry` names the methods (no torch), `engine.attribute` runs them on batches of images, `resample.upsample` brings
maps to the input's resolution.
"""
