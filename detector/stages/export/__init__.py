"""export: weights to what is deployed."""
