"""Arrays in, numbers out: region similarity J and contour accuracy F. No files, no tables."""
