"""Training and applying a backbone: checkpoints, heads, batches, the loop. Imports torch; runs inside a stage."""
