"""Connectors, as Django knows it."""

from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "connectors"
