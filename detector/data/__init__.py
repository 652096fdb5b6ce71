"""What lies on the disk between the stages, and how to read it.

annotations   the pulled tables: shapes as they were drawn
losses        what did not come through as it was drawn, and why
dataset       a dataset version
images        pictures, checked and stored by their content; `ingested`: those that were read before
geometry      boxes and polygons as columns of numbers; `masks`: brush masks to polygons
paths         the ends of a path, by which a picture is found in another place
"""
