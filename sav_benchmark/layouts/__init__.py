"""Folders of masks: which files are masks of which video, object and frame. No pixels are read here."""
