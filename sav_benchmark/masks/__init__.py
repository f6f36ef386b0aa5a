"""Bytes of files in, masks out. The only code that knows file formats."""
