"""A model behind HTTP, for `detector serve`.

rest            the addresses, and what each answers
forms           what requests and answers look like
models          the model that is in use; a new champion takes over by itself
metrics         what Prometheus reads
label_studio    Label Studio's protocol for models
tasks           its tasks, and what the model sees on their pictures
"""
