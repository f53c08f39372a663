"""The people who work with Compagnon: their sign-in and what they prefer."""
