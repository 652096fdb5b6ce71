"""What was exported, run by its own runtime: pictures in, boxes, scores and masks out. Nothing of a stage is needed.

network                                  what every runtime gives: a function of a batch
onnx, openvino, torchscript, ncnn        a runtime each: `load(file)` gives a Network
prepare                                  from a picture to what a network takes
decode                                   from what a network gives to boxes, scores and masks
detector                                 all of it: pictures in, rows of predictions out
artifact                                 a file with its sidecar, checked and loaded, whatever its runtime
sidecar                                  what the file can't say of itself
speed                                    how fast it is
"""
