"""What the servers here share: `detector serve` and `detector listen`.

place       where a server listens, and how it goes on until it is stopped
secret      who may ask
guard       whom an application answers, and how it says no
body        a request's body, which is never read without an end
batches     requests that wait together are looked at together
"""
