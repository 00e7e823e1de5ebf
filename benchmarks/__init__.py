"""Side-by-side measurements, printed as ratios. Nothing here is asserted by a test."""
