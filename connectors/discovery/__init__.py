"""Where apps are found before anybody manages them. Knows neither database nor screen."""

from connectors.discovery.source import BadList, FoundApp, Listing, Mistake, Source

__all__ = ["BadList", "FoundApp", "Listing", "Mistake", "Source"]
