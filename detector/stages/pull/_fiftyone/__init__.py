"""What FiftyOne has, or imports, as annotation tables.

kinds      the types of folders                                    guess      which one a folder is, by its files
files      the files of a folder; the picture that a name means    documents  JSON files as others write them
splits     which word means train, val or test                     numbers    numbers in files that others wrote
coco       COCO's JSON; `rle`: its masks                           voc        Pascal VOC's XML files
cvat       CVAT's XML                                              imported   any other type, by FiftyOne's importer
kept       a dataset in FiftyOne's database                        samples    FiftyOne's samples and labels
rest       pictures without a label                                upright    pictures that an EXIF tag turns
shapes     what all of these give, and the tables made of it       take       pictures into the store, tables to disk
"""
