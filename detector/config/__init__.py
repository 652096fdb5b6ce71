"""pipeline.yaml: its schema, where each value stands in the file, and what is wrong with it.

document      the file as plain data, with the line and column of every value
overrides     `--set KEY=VALUE`
pipeline      the checked pipeline: its own keys, and its steps
sections      the parts of the file that a backend describes
validation    what pydantic refuses, in words
load          all of it: a path in, a checked pipeline out
"""
