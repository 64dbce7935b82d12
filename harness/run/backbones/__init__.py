"""A backbone that is new here: its image spec, written from what the model's own files say."""
