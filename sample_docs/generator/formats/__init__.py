"""Writers of file formats. Each takes a `Source` and returns a `Written`: the bytes, and where each mention stands.

Nothing is compressed by zlib, whose output differs between builds; dates, ids and orders are fixed. The
same source therefore becomes the same bytes on every machine with the locked libraries.
"""
