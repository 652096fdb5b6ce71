"""pull: from where people annotate to the annotation tables, and the pixels in the content store."""
