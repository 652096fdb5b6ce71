"""What the commands beside `run` and `plan` do: each returns what `detector.cli` prints."""
