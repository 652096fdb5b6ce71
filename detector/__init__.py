"""Declarative object-detection training: one YAML file from annotations to an engine."""

__version__ = "0.1.0"
