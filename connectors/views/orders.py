"""The orders of an app and of a connector, one order, and what people do with it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from connectors.actions import confirming, removing, retrying
from connectors.actions import orders as verbs
from connectors.actions.permission import (
    is_own,
    may_ask_removal,
    may_manage,
    may_run_order,
    may_say_done,
)
from connectors.forms import OrderReasonForm
from connectors.models import App, Connector, Grant, ProvisionOrder
from connectors.models.order import ProvisionOrderQuerySet
from connectors.queries import kind_names
from connectors.queries import orders as reads
from connectors.queries.provisioning import can_be_carried_out
from connectors.queries.remaining import GOING, remaining
from connectors.views.apps import head, visible_app
from core.http import HtmxRequest
from core.models import User
from core.queries.asked import page

PAGE = "connectors/order.html"
Status, Verb = ProvisionOrder.Status, ProvisionOrder.Verb


@require_GET
def of_app(request: HtmxRequest, pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    context = head(app, "orders") | _list(request, reads.orders_of_app(app))
    context["may_confirm"] = may_ask_removal(app, request.user) and request.user.may_act
    return render(request, "connectors/application_orders.html", context)


@require_POST
def confirm_all(request: HtmxRequest, pk: str) -> HttpResponse:
    """All that others asked to have removed in this app."""
    app = visible_app(request, pk)
    done = confirming.confirm_all(app, by=request.user)
    messages.success(request, f"{done.number:,} order{'' if done.number == 1 else 's'} confirmed.")
    if done.own:
        was = "1 was" if done.own == 1 else f"{done.own:,} were"
        messages.warning(request, f"{was} left out: about your own access, which another owner confirms.")
    return redirect("connectors:app_orders", app.pk)


@require_GET
def of_connector(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = _connector(request, pk)
    context = _list(request, reads.orders_of_connector(shown, request.user)) | {
        "connector": shown,
        "may_manage": may_manage(shown, request.user),
    }
    return render(request, "connectors/connector_orders.html", context)


@require_POST
def retry_all(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = _connector(request, pk)
    number = retrying.retry_failed(shown, by=request.user)
    messages.success(request, f"{number:,} order{'' if number == 1 else 's'} will be tried again.")
    return redirect("connectors:orders", shown.pk)


@require_GET
def order(request: HtmxRequest, pk: str) -> HttpResponse:
    return _page(request, _order(request, pk))


@require_POST
def confirm(request: HtmxRequest, pk: str) -> HttpResponse:
    wanted = _order(request, pk)
    confirming.confirm(wanted, by=request.user)
    messages.success(request, "Confirmed: it is carried out.")
    return redirect("connectors:order", wanted.pk)


@require_POST
def refuse(request: HtmxRequest, pk: str) -> HttpResponse:
    return _with_reason(request, pk, confirming.refuse, "Refused: nothing is taken away.")


@require_POST
def retry(request: HtmxRequest, pk: str) -> HttpResponse:
    wanted = _order(request, pk)
    verbs.retry(wanted, by=request.user)
    messages.success(request, "It will be tried again at once.")
    return redirect("connectors:order", wanted.pk)


@require_POST
def again(request: HtmxRequest, pk: str) -> HttpResponse:
    """A new order for the same, where what was removed came back."""
    made = retrying.want_again(_order(request, pk), by=request.user)
    messages.success(request, "A new order was made.")
    return redirect("connectors:order", made.pk)


@require_POST
def by_hand(request: HtmxRequest, pk: str) -> HttpResponse:
    return _with_reason(request, pk, verbs.by_hand, "Owners of the app are asked to do it by hand.")


@require_POST
def done(request: HtmxRequest, pk: str) -> HttpResponse:
    return _with_reason(request, pk, verbs.done_by_hand, "Noted. The next sync proves it.")


@require_POST
def drop(request: HtmxRequest, pk: str) -> HttpResponse:
    return _with_reason(request, pk, verbs.drop, "Dropped: nothing is done about it.")


@require_POST
def disable(request: HtmxRequest, pk: str) -> HttpResponse:
    """The account, too, that this order leaves without a role."""
    made = removing.disable_too(_order(request, pk), by=request.user)
    messages.success(request, "An order was made that disables the account, too.")
    return redirect("connectors:order", made.pk)


def _with_reason(request: HtmxRequest, pk: str, verb: Callable[..., None], said: str) -> HttpResponse:
    wanted, form = _order(request, pk), OrderReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, wanted, form=form, status=422)
    verb(wanted, by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, said)
    return redirect("connectors:order", wanted.pk)


def _list(request: HtmxRequest, rows: ProvisionOrderQuerySet) -> dict[str, Any]:
    wanted = reads.WantedOrders.of(request.GET.dict())
    numbers = reads.order_numbers(rows)
    return {
        "page": page(request, reads.narrowed_orders(rows, wanted), order="-id"),
        "wanted": wanted,
        "numbers": numbers,
        "asked": next((number for name, _, number in numbers if name == "asked"), 0),
        "failed": next((number for name, _, number in numbers if name == "failed"), 0),
    }


def _page(
    request: HtmxRequest, shown: ProvisionOrder, *, form: OrderReasonForm | None = None, status: int = 200
) -> HttpResponse:
    user = request.user
    may_run, says_done = may_run_order(shown, user), may_say_done(shown, user)
    own = is_own(shown.account, user)
    context = {
        "order": shown,
        "app": shown.app,
        "connector": shown.connector,
        "calls": list(reads.calls_of_order(shown)),
        "kept": reads.kept_for(shown),
        "reason_form": form or OrderReasonForm(),
        "acts": _acts(shown, may_run=may_run and not own, says_done=says_done and not own),
        "may_confirm": confirming.may_confirm(shown, user),
        "is_own": own and (may_run or says_done),
        **_after(shown, user),
        "sees_app": App.objects.visible_to(user).filter(pk=shown.app_id).exists(),
        "sees_connector": _sees(shown, user),
        "sees_runs": _sees_runs(shown, user),
    }
    return render(request, PAGE, context, status=status)


def _after(shown: ProvisionOrder, user: User) -> dict[str, Any]:
    """What the account holds afterwards, while something is to be taken from it."""
    if shown.verb not in (Verb.REVOKE, Verb.DISABLE) or shown.status not in GOING:
        return {"after": None}
    access = removing.access_to_end(shown)
    may = access is not None and removing.may_ask_removal_of(
        shown.app, Grant.objects.filter(pk=access.pk), user
    )
    after = remaining([shown.account_id]).get(shown.account_id)
    return {"after": after, "names": kind_names(shown.app), "may_disable": may}


def _acts(order: ProvisionOrder, *, may_run: bool, says_done: bool) -> set[str]:
    """What can be done with it now, by this person."""
    owes = bool(order.journal)
    by_status: dict[str, tuple[str, ...]] = {
        Status.WANTED: ("drop",),
        Status.SENT: () if owes else ("drop",),
        Status.FAILED: ("retry",) if owes else ("retry", "by_hand", "done", "drop"),
        Status.MANUAL: ("retry", "done", "drop"),
        Status.CAME_BACK: ("again",),
    }
    offered = set(by_status.get(order.status, ()))
    if order.verb not in (Verb.REVOKE, Verb.DISABLE):
        offered.discard("again")  # to give is asked for anew where access is asked for
    if order.status == Status.MANUAL and not can_be_carried_out(order):
        offered.discard("retry")
    allowed = {"done", "again"} if says_done else set()
    return offered & (allowed | {"retry", "by_hand", "drop"} if may_run else allowed)


def _sees(order: ProvisionOrder, user: User) -> bool:
    return Connector.objects.visible_to(user).filter(pk=order.connector_id).exists()


def _sees_runs(order: ProvisionOrder, user: User) -> set[int]:
    """Which of the runs it names this person may open."""
    runs = [each for each in (order.proven_run, order.came_back_run) if each]
    visible = Connector.objects.visible_to(user).filter(pk__in=[each.connector_id for each in runs])
    seen = set(visible.values_list("pk", flat=True))
    return {each.pk for each in runs if each.connector_id in seen}


def _connector(request: HtmxRequest, pk: str) -> Connector:
    return get_object_or_404(Connector.objects.visible_to(request.user).select_related("app"), pk=pk)


def _order(request: HtmxRequest, pk: str) -> ProvisionOrder:
    rows = ProvisionOrder.objects.visible_to(request.user).for_screen()
    return get_object_or_404(
        rows.select_related("done_by", "confirmed_by", "proven_run", "came_back_run", "account__person"),
        pk=pk,
    )
