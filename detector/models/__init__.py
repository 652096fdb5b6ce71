"""Everything that touches the `ultralytics` package: quietly, without the network, on all of the machine.

quiet       the package's own settings, output, downloads and threads, under control
weights     weights and architectures: found, fetched when asked for, identified by their content
measure     metrics of weights on a split, under plain names (`names`)
predict     what weights see on pictures
"""
