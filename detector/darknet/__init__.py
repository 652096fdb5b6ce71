"""What the files of a Darknet training say, and what each key becomes in pipeline.yaml.

files       the four that there may be: train_config.json (BMW's), obj.data, obj.names and a .cfg
told        each key that they have, and its value
became      what a key becomes: a place in pipeline.yaml, or a sentence
pipeline    pipeline.yaml, with all of it in its comments

Darknet's keys: https://github.com/AlexeyAB/darknet/wiki, the two pages on CFG-Parameters. BMW's:
config/train_config_schema.json of https://github.com/BMW-InnovationLab/BMW-YOLOv4-Training-Automation.
"""
