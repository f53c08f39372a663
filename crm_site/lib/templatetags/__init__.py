"""Template tags that know how figures are written and how components look, and nothing of any app."""
