"""Reading archive files wherever they lie: on disk, in an object store, behind a web server.

Only this package speaks to the network, through obstore. What it hands out are ranges of a file's
bytes; what goes wrong has a name of its own and is never mistaken for a damaged file.
"""
