"""The connectors room as a person sees it."""
