"""check: is this version fit to train on."""
