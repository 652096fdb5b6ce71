"""evaluate: weights, measured on the frozen test split."""
