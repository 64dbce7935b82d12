"""What each page shows, as strings: all choosing, ordering and arithmetic is done here, the templates only print."""
