"""A model behind HTTP, for `detector serve`.

rest        the addresses, and what each answers
batches     requests that wait together are looked at together
models      the model that is in use; a new champion takes over by itself
metrics     what Prometheus reads
"""
