"""Promote: a model replaces another only if it is better."""
