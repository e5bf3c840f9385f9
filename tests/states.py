"""`manage.py shell -c "from tests.states import drawn; print(drawn(), end='')"` writes docs/states.md."""

from django.apps import apps

from core.states import Stateful

HEAD = """# States

Status columns move only along these arrows. `Stateful.move` follows one in a single UPDATE, and only from the
state it believes the row is in, so that of two people, or two workers, one wins. Drawn from `MOVES` in the
models; a test compares.
"""


def drawn() -> str:
    """The arrows of every model that has some, as Mermaid diagrams."""
    models = [model for model in apps.get_models() if issubclass(model, Stateful)]
    return HEAD + "".join(_drawing(model) for model in sorted(models, key=lambda each: each.__name__))


def _drawing(model: type[Stateful]) -> str:
    first = model._meta.get_field("status").get_default()
    lines = [f"    [*] --> {first}"]
    for state, following in model.MOVES.items():
        lines += [f"    {state} --> {each}" for each in sorted(following)] or [f"    {state} --> [*]"]
    return f"\n## {model.__name__}\n\n```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```\n"
