"""Parts of pages that customers adds to templates of the whole site."""
