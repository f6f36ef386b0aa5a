"""Runs the measuring over all frames: in this process, or in several on this machine."""
