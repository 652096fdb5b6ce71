"""What is secret, and how it is taken out of whatever is shown or written: said here, and nowhere else.

names       the parameters of an address that hold a secret, or that change with a signature
addresses   an address without its user, its password and its secret parameters
data        the same for JSON, as tasks have it
known       the secrets of this run: what pipeline.yaml took from the environment

`public` is for what identifies an image: the same address with another signature gives the same text. `without_secrets`
is for every text that a person or a program reads. Both leave alone what holds no secret.
"""

from detector.secrets.addresses import in_clear, is_whole, names_a_picture, public
from detector.secrets.data import SUSPECT, public_json
from detector.secrets.known import (
    cleaned,
    protect,
    protect_address,
    protect_environment,
    without_secrets,
    without_values,
)

__all__ = [
    "SUSPECT",
    "cleaned",
    "in_clear",
    "is_whole",
    "names_a_picture",
    "protect",
    "protect_address",
    "protect_environment",
    "public",
    "public_json",
    "without_secrets",
    "without_values",
]
