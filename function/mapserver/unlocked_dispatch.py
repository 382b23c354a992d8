"""MapServer's dispatch, called without holding Python's global lock.

Debian builds MapScript without threads: while a map is drawn, or a layer waits for its database,
its own ``mapObj.OWSDispatch`` keeps every other thread of the process waiting. It does no more
than to call ``msOWSDispatch`` of the library; ctypes calls that as well and lets go of the lock.
"""

import ctypes
from functools import cache
from typing import Any

import mapscript
from mapscript import _mapscript

BINDING: str = _mapscript.__file__

# The third argument, ows_mode (mapows.h): what is no OGC request is not tried as anything else.
OWS_ONLY = 1


def dispatch_unlocked(drawn: Any, request: Any, binding: str = BINDING) -> int:
    """Answer ``request``, an OWSRequest, with ``drawn``, a mapObj; both stay the caller's.

    Gives MapServer's return code, and raises what MapScript's own does. Python's lock is held
    after all where the library that ``binding`` is linked with does not export the function.
    """
    function = _find(binding)
    if function is None:
        code: int = drawn.OWSDispatch(request)
        return code
    code = function(int(drawn.this), int(request.this), OWS_ONLY)
    # Whatever MapScript's wrappers call, they then raise what stands in MapServer's error list.
    mapscript.msGetVersionInt()
    return code


@cache
def _find(binding: str) -> Any:
    """Find the function in the very library that MapScript uses; None where it is not there."""
    try:
        # A symbol is looked for in the libraries that the named one is linked with too.
        function = ctypes.CDLL(binding).msOWSDispatch
    except (OSError, AttributeError):
        return None
    function.restype = ctypes.c_int
    function.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
    return function
