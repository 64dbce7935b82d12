"""From a folder that somebody has to the places below ``--data`` where task specs look: ``codestilts data import``."""
