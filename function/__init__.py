"""sentinel-ows: maps (OGC WMS) straight from Copernicus Sentinel archives.

The tree is the request path: ``parse`` → ``catalogue`` (search) → ``scenes`` (read) →
``mapserver`` (render) → ``edge`` (reply).
"""
