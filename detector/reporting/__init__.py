"""What is told of a run: while it works, and when it has ended.

terminal      lines and progress bars for a person
outcome       the steps that a run did: `--json`, and run.json in its folder
costs         seconds, memory and bytes of each step
ending        how the run ended, for those who were not there: `prometheus` (a file), `webhook` (a chat)
"""
