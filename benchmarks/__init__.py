"""Side-by-side measurements, printed as ratios. No test asserts them."""
