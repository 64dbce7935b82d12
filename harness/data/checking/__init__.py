"""What ``data check`` finds out about rows before anything is trained on them."""
