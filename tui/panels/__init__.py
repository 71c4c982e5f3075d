"""One file a panel. A panel turns a View into rows of text; `base.Panel` paints the rows that changed."""
