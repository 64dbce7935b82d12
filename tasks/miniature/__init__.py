"""A generated little world: the whole benchmark in minutes, with nothing to download. See docs/miniature.md."""

from tasks.miniature.generate import generate, parallel, stories, text
from tasks.miniature.languages import LANGUAGES

__all__ = ["LANGUAGES", "generate", "parallel", "stories", "text"]
