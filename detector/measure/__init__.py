"""Measuring: predictions beside the truth, by COCO's rules, with intervals. Tables and arrays in, figures out."""
