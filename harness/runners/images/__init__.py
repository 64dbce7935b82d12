"""Images that stages run in: their lock, how they are built, and whether the engine holds the right ones."""
