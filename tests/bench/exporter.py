"""The process that prints the export, as `export_access` does, of the one connector there is."""

import json
import sys

import django

django.setup()

from connectors.models import Connector  # noqa: E402
from connectors.queries import export_access  # noqa: E402

if __name__ == "__main__":
    for line in export_access(Connector.objects.get()):
        sys.stdout.write(json.dumps(line) + "\n")
