"""EXCEPTIONS: the names of the forms in which a WMS tells what failed."""

# Of WMS 1.3.0 (OGC 06-042, 7.3.3.11), and of 1.1.1 (OGC 01-068r3, 7.2.3.11).
IN_IMAGE = ("INIMAGE", "application/vnd.ogc.se_inimage")
BLANK = ("BLANK", "application/vnd.ogc.se_blank")
XML = ("XML", "text/xml", "application/vnd.ogc.se_xml")
EXCEPTIONS = (*XML, *IN_IMAGE, *BLANK)
