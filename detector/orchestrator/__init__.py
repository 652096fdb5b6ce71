"""A run: which steps have something to do and why, the loop that does them, and how it can be cut short.

plan          which steps would run, and why
fingerprint   what the output of a step depends on; `closure` finds the part of it that is our own code
results       the results that are kept, by fingerprint
loop          the run itself
unfinished    the run that was cut short, to be gone on with
pruning       what nothing needs any more
stopping      how SIGTERM and Ctrl-C end one
"""
