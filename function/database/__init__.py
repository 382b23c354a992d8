"""The private PostgreSQL cluster with PostGIS that `sentinel-ows database` keeps."""
