"""The way back to the annotators: what a model sees, as Label Studio's results on the tasks of a project.

results     the objects on a picture → regions, by the project's own labelling configuration
"""
