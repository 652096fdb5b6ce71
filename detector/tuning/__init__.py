"""A search for better training arguments: `detector tune`. Optuna chooses them, and several workers share a study.

tune          the whole of it: the data brought up to date, trials, seeds, the verdict
study         trials in their states, as workers share them: the heartbeat, what is tried again
database      Optuna's database that they are in
workers       one worker: takes the next trial, and puts back what it can't finish
crew          the workers of an engine, on other machines
space         what a trial has: arguments from Optuna's values, rounded as a person writes them
trial         one training, recorded, pruned, and measured on val
winner        which trial is better than what the pipeline has, beyond chance
said          lines for a person
"""
