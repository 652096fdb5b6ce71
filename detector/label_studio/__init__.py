"""Label Studio: its task JSON as tables, the choice among annotators, and its server."""
