"""Objects on a picture, with onnxruntime, NumPy and OpenCV alone: python onnx_predict.py MODEL.onnx PICTURE [SCORE].

For what `export: [{using: onnx}]` left of a detection model; MODEL.onnx.json lies beside it. One JSON line an object.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

model, picture, *more = sys.argv[1:]
sidecar = json.loads(Path(f"{model}.json").read_text(encoding="utf-8"))
made_from = sidecar["made_from"]
(height, width), classes = made_from["size"], made_from["classes"]
score = float(more[0]) if more else sidecar["operating_point"]["score"]

# the picture, scaled to fit and centred on grey
image = cv2.imread(picture)
gain = min(height / image.shape[0], width / image.shape[1])
scaled = cv2.resize(image, (round(image.shape[1] * gain), round(image.shape[0] * gain)))
top, left = (round((whole - part) / 2 - 0.1) for whole, part in zip((height, width), scaled.shape, strict=False))
canvas = np.full((height, width, 3), made_from["preprocessing"]["padding"], np.uint8)
canvas[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled

# red, green, blue in 0 … 1, as (1, 3, height, width)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
given = session.get_inputs()[0]
batch = np.ascontiguousarray(canvas[..., ::-1].transpose(2, 0, 1)[None], np.float32) / 255
[output] = session.run(None, {given.name: batch.astype(np.float16 if "16" in given.type else np.float32)})

# candidates: centre x, y, width, height in pixels of the canvas, then a score for each class
candidates = output[0].T.astype(np.float32)
boxes, scores = candidates[:, :4].copy(), candidates[:, 4:]
boxes[:, :2] -= boxes[:, 2:] / 2
best, names = scores.max(axis=1), scores.argmax(axis=1)
for at in np.ravel(cv2.dnn.NMSBoxesBatched(boxes.tolist(), best.tolist(), names.tolist(), score, 0.7)):
    box = (boxes[at] - [left, top, 0, 0]) / gain
    print(json.dumps({"class": classes[names[at]], "score": float(best[at]), "box": box.round(2).tolist()}))
