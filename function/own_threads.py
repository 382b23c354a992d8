"""Keeps libraries from starting threads of their own beside those that the service decides on."""

import os

# numpy's OpenBLAS starts a thread for each of the host's CPUs as it is loaded, whatever a container
# is given of them, and all wait actively at first. The matrices here are far too small for them.
SINGLE = {"OPENBLAS_NUM_THREADS": "1"}


def compute_alone() -> None:
    """Tell libraries that are not loaded yet to do with the caller's thread.

    What the environment says already stays.
    """
    for variable, count in SINGLE.items():
        os.environ.setdefault(variable, count)
