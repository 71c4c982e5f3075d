"""The report as one HTML page: no script, nothing from elsewhere, light and dark."""
