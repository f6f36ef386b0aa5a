"""Pictures of masks: overlays, comparisons with a prediction, contact sheets and films."""
