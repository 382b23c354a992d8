"""Reading only the tiles or strips of a remote GeoTIFF that a window needs.

Its directories are read here (TIFF 6.0; BigTIFF; OGC 21-026, Cloud Optimized GeoTIFF). Its samples
are decoded by GDAL, from a small file in memory that holds the needed blocks and nothing else.
"""
