"""Makes the rows of ``+translated`` with a sequence-to-sequence model: a kind of the phase ``prepare``."""
