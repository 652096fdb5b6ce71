#!/bin/sh
# Removes what only tests, builds or trains Python's own packages, or is another's tool: a tenth of an image.
#   slim.sh FOLDER…    each a site-packages
set -eu

unused='
cv2/data
onnx/backend/test
onnxruntime/capi/libonnxruntime.so*
onnxruntime/datasets onnxruntime/tools onnxruntime/transformers
plotly/labextension plotly/package_data/widgetbundle.js
pyarrow/include pyarrow/libarrow_flight* pyarrow/libarrow_python_flight* pyarrow/src
torch/bin/protoc* torch/include
'
for packages in "$@"; do
  # shellcheck disable=SC2086  # the patterns are for the shell
  (cd "$packages" && rm -rf $unused && find . -path ./numpy -prune -o -type d -name tests -prune -exec rm -rf {} +)
done
