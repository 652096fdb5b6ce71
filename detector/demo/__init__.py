"""A page to try a model on, for `detector demo`, by Gradio.

page    what is on it, and what it does
"""
