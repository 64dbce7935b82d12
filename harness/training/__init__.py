"""What trains and applies a backbone: checkpoints, heads, batches, the loop. Imports torch; runs inside a stage."""
