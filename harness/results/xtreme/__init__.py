"""XTREME's submissions: their layout, and the scores that its evaluate.py gives them."""
