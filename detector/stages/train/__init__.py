"""train: a dataset version to weights."""
