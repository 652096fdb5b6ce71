"""Figures that this project claims, each as a ratio within one run: `make bench`."""
