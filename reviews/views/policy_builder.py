"""The builder of policies: a form that is drawn again with every part added, and saved as a whole."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.errors import NotPossible, StaleState
from core.http import HtmxRequest, fresh_sign_in_to_send
from core.http.fresh import HELD
from reviews.actions import policies as verbs
from reviews.forms.policies import PolicyForm, check, choices, dress, facts_of_policy
from reviews.forms.policy_builder import alter
from reviews.forms.policy_drafts import PolicyDraft, draft_of, new_draft, read_draft
from reviews.models import Policy
from reviews.queries.policy_words import said
from reviews.routing import FIELDS
from reviews.views.policies import visible_policy

SAVING = ("save", HELD)
"""In a form: it is to be kept, or was, and comes back from the page that asked for the password."""


@require_http_methods(["GET", "POST"])
def add(request: HtmxRequest) -> HttpResponse:
    """Only saving wants a fresh sign-in: the other buttons write nothing."""
    verbs.must_write_policies(request.user)
    if request.method == "POST":
        is_saved = any(name in request.POST for name in SAVING)
        return _save_new(request) if is_saved else _redraw(request, None)
    return _page(request, PolicyForm(), new_draft(), None)


@require_http_methods(["GET", "POST"])
def edit(request: HtmxRequest, pk: str) -> HttpResponse:
    """As `add`. `rule` opens the one of that number."""
    shown = visible_policy(request, pk)
    verbs.must_write_policies(request.user)
    verbs.must_be_ours(shown)
    if request.method == "POST":
        is_saved = any(name in request.POST for name in SAVING)
        return _save(request, shown) if is_saved else _redraw(request, shown)
    draft = draft_of(shown.latest().content)
    for number, rule in enumerate(draft.rules, 1):
        rule.is_open = request.GET.get("rule") == str(number)
    return _page(request, PolicyForm(initial=facts_of_policy(shown)), draft, shown)


@fresh_sign_in_to_send
def _save_new(request: HtmxRequest) -> HttpResponse:
    form, draft = PolicyForm(request.POST), read_draft(request.POST)
    if not check(draft, held=None) or not form.is_valid():
        return _page(request, form, draft, None, status=422)
    try:
        policy = verbs.create(form.facts(draft), by=request.user)
    except verbs.TakenName as problem:
        form.add_error("name", str(problem))
        return _page(request, form, draft, None, status=422)
    return _saved(request, policy)


@fresh_sign_in_to_send
def _save(request: HtmxRequest, policy: Policy) -> HttpResponse:
    form, draft = PolicyForm(request.POST), read_draft(request.POST)
    saved = policy.latest().content
    if not check(draft, held=saved) or not form.is_valid():
        return _page(request, form, draft, policy, status=422)
    try:
        verbs.change(policy, form.facts(draft), by=request.user, seen=form.cleaned_data["changed_at"])
    except StaleState:
        present = Policy.objects.get(pk=policy.pk)
        form.compare(facts_of_policy(present))
        form.compare_rules(draft, present.latest().content)
        return _page(request, form, draft, policy, status=409)
    except verbs.TakenName as problem:
        form.add_error("name", str(problem))
        return _page(request, form, draft, policy, status=422)
    return _saved(request, policy)


def _saved(request: HtmxRequest, policy: Policy) -> HttpResponse:
    """With what somebody should look at: it is no mistake, and it is not silent."""
    for flag in said(policy.latest()).flags:
        messages.warning(request, flag)
    return redirect("reviews:policy", policy.pk)


def _redraw(request: HtmxRequest, policy: Policy | None) -> HttpResponse:
    """After any other button: `do` names it; a picker's Find has none."""
    form = PolicyForm(initial=_typed(request.POST))
    draft = read_draft(request.POST)
    problem, status = "", 200
    try:
        alter(
            draft,
            request.POST.get("do", ""),
            fields=list(FIELDS),
            picked=lambda name: request.POST.get(name, ""),
        )
    except NotPossible as refused:
        draft, problem, status = read_draft(request.POST), str(refused), 422
    _open_where_asked(draft, request.POST)
    return _page(request, form, draft, policy, status=status, problem=problem)


def _typed(sent: QueryDict) -> dict[str, Any]:
    """What the fields of the form itself hold, not looked at yet."""
    return {name: sent.get(name, "") for name in PolicyForm.base_fields}


def _open_where_asked(draft: PolicyDraft, sent: QueryDict) -> None:
    """A rule stays open whose picker somebody uses."""
    asked = {
        name.partition("-")[0] for name in sent if name.endswith("_words") and sent.get(name, "").strip()
    }
    draft.number()
    for rule in draft.rules:
        rule.is_open = rule.is_open or rule.prefix in asked


def _page(
    request: HtmxRequest,
    form: PolicyForm,
    draft: PolicyDraft,
    policy: Policy | None,
    *,
    status: int = 200,
    problem: str = "",
) -> HttpResponse:
    offers = dress(draft, request.POST, by=request.user)
    context = {
        "form": form,
        "draft": draft,
        "policy": policy,
        "problem": problem,
        "offers": offers,
        **choices(),
    }
    return render(request, "reviews/policy_edit.html", context, status=status)
