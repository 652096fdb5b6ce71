"""What Label Studio's webhooks tell becomes runs, for `detector listen`.

webhooks    what a webhook says
received    what was told and no run has taken yet, on the disk
schedule    when a run is due
runner      the runs, one after another
rest        the addresses, and what each answers
"""
