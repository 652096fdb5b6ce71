"""convert: the annotation tables to a dataset version as YOLO reads it."""
