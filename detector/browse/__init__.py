"""To look at data: a dataset version in FiftyOne, and the MongoDB under it.

mongod      a server for as long as somebody uses it        database    FiftyOne connected to it, quietly
samples     a version as a FiftyOne dataset, predictions    labels      its objects as FiftyOne's labels
"""
