"""The frame table in, scores out. Each protocol says which frames and objects count, and how they are averaged."""
