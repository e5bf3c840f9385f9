"""What is typed about tags and about rules that give them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from connectors.forms.entitlements import LineField
from connectors.models import ResourceType, Tag, TagRule
from connectors.queries.entitlements import tag_names
from core.forms.stale import EditForm


class TagForm(EditForm):
    """The name of a value, and, of a risk level, whether it is grave."""

    name = LineField(label="Name", max_length=100)
    is_grave = forms.BooleanField(
        label="Grave", required=False, help_text="Guards and reviews are stricter with what bears it."
    )

    def clean_name(self) -> str:
        """Addresses put several values behind one another with commas."""
        name: str = self.cleaned_data["name"]
        if "," in name:
            raise forms.ValidationError("A name has no comma.")
        return name


class NewTagForm(TagForm):
    kind = forms.ChoiceField(choices=Tag.Kind.choices)


class RuleForm(EditForm):
    """Which entitlements a rule fits, and what it gives them."""

    name = LineField(label="Name", max_length=200)
    kind = forms.ChoiceField(label="Resource type", required=False)
    words = LineField(
        label="Words of the name",
        max_length=300,
        required=False,
        help_text="All of them must stand in the name, case and accents apart. Empty: any name.",
    )
    risk = forms.ChoiceField(label="Gives the risk", required=False)
    frameworks = forms.MultipleChoiceField(label="Gives the frameworks", required=False)

    def __init__(
        self, data: Any = None, *, kinds: Mapping[str, str], rule: TagRule | None = None, initial: Any = None
    ) -> None:
        super().__init__(data, initial=initial or (facts_of_rule(rule) if rule else None))
        self._kinds, self._rule = kinds, rule
        held = rule.kind if rule and rule.kind and rule.kind not in kinds else ""
        self._choose("kind", [("", "Any"), *kinds.items(), *([(held, held)] if held else [])])
        risks, frameworks = tag_names(Tag.Kind.RISK), tag_names(Tag.Kind.FRAMEWORK)
        self._choose("risk", [("", "None"), *_kept(risks, [rule.risk] if rule else [])])
        self._choose("frameworks", _kept(frameworks, rule.frameworks if rule else []))

    def clean(self) -> None:
        if not self.errors and not (self.cleaned_data["risk"] or self.cleaned_data["frameworks"]):
            raise forms.ValidationError("A rule gives a risk, a framework, or both.")

    def _choose(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def _same_kind(self) -> Mapping[str, Any]:
        return {"kinds": self._kinds, "rule": self._rule}


def facts_of_tag(tag: Tag) -> dict[str, Any]:
    """What the form about a tag begins with."""
    return {"name": tag.name, "is_grave": tag.is_grave, "changed_at": tag.changed_at}


def facts_of_rule(rule: TagRule) -> dict[str, Any]:
    """What the form about a rule begins with."""
    names = ("name", "kind", "words", "risk", "frameworks", "changed_at")
    return {name: getattr(rule, name) for name in names}


def kinds_of(app_pk: str) -> Mapping[str, str]:
    """The resource types that a rule of this app may name."""
    return dict(ResourceType.objects.filter(app=app_pk).order_by("name").values_list("kind", "name"))


def _kept(names: Sequence[str], held: Sequence[str]) -> list[tuple[str, str]]:
    gone = [each for each in held if each and each not in names]
    return [(name, name) for name in names] + [(name, f"{name} (no longer in the list)") for name in gone]
