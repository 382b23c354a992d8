"""Reading only the packets of a JPEG 2000 file that a window needs.

A codestream index tells where each packet lies. The packets that a window needs at a reduction
follow from arithmetic; they are fetched, put into a codestream of one tile in memory, and decoded
over the window alone. Clauses named in this package are those of ISO/IEC 15444-1:2019.
"""
