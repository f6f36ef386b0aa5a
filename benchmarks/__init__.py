"""What scoring costs, measured: ``python -m benchmarks.ratios`` and ``python -m benchmarks.scaling``."""
