"""Specs as people write them: pydantic models of the YAML files, and their loader."""
