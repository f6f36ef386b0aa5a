"""Scores in, text and files out."""
