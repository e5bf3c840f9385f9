"""Files: accounts and grants as CSV or Excel, for systems that no connector can reach."""

from pathlib import Path

from connectors.contract import EVERY_OTHER_KIND, Capability, Spec
from connectors.drivers.file.driver import open_files
from connectors.drivers.file.settings import SETTINGS, clean, scopes, source

SPEC = Spec(
    kind="file",
    label="File",
    badge="Fi",
    description="Accounts and grants of any system, from CSV or Excel files that you hand in.",
    words=(
        "file",
        "csv",
        "excel",
        "xlsx",
        "spreadsheet",
        "upload",
        "import",
        "export",
        "offline",
        "air-gapped",
    ),
    version="1",
    settings=SETTINGS,
    capabilities=(
        Capability("user", "Accounts", "user", sync=True),
        Capability(EVERY_OTHER_KIND, "Resource types named in the file", "key", sync=True),
    ),
    clean=clean,
    source=source,
    scopes=scopes,
    open=open_files,
    tenant="system",
    counts=False,
    guide=Path(__file__).with_name("guide.md").read_text(encoding="utf-8"),
)
