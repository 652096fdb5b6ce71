"""A folder in YOLO format.

walk      which files there are, once for each run; `look` needs no more, and it is light
words     the few files that describe the folder: data.yaml, obj.data, lists, names
names     what the class ids mean
splits    which picture trains, validates, tests
labels    which txt belongs to which picture; `rows`: what a txt says
tables    all of it as annotation tables
"""
