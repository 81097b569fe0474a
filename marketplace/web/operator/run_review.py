"""The review of a run by exception: only the drafts with remarks, kind by kind, the worst first."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from billing import approving, repricing
from billing.anomalies import queries, settling
from billing.anomalies.words import TO_DO, sentence
from billing.exceptions import BillingRefused, NothingChosen, ReasonMissing
from billing.models import Anomaly, AnomalyKind, BillingRun, RunState
from marketplace.web.formats import format_cents, format_number, moment
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import MAX_TYPED, counted, rest_of_address
from subscriptions.commitments import CommitmentInvalid

TO_LOOK_AT, SEEN, ASIDE, ALL, ISSUED = "regarder", "vues", "cote", "projets", "emises"
MORE_CHOSEN = 1000  # boxes of one form


def tab_of(request, *, standing: queries.Standing) -> str:
    """The tab of the address; the drafts themselves when one is looked for, or when nothing is left."""
    wanted = request.GET.get("etat", "")
    if wanted in (TO_LOOK_AT, SEEN, ASIDE, ALL, ISSUED):
        return wanted
    return ALL if request.GET.get("q") or standing.is_ready else TO_LOOK_AT


def act(request, found: BillingRun) -> Exception | None:
    """Does what a person asks on the page. Returns the refusal, if it is refused."""
    by, now = request.user, timezone.now()
    ids = [int(value) for value in request.POST.getlist("ligne")[:MORE_CHOSEN] if value.isdecimal()]
    ids = [one for one in ids if one < 2**63]
    text = request.POST.get("texte", "")
    try:
        match request.POST.get("action"):
            case "vu" | "tout-vu" as action:
                kind = request.POST.get("remarque", "")
                if kind not in AnomalyKind:
                    raise NothingChosen
                count = settling.see(
                    run=found, kind=kind, ids=None if action == "tout-vu" else ids, note=text, by=by, now=now
                )
                messages.success(request, f"{counted(count, 'remarque vue', 'remarques vues')}.")
            case "cote":
                count = settling.set_aside(run=found, ids=ids, reason=text, by=by, now=now)
                messages.success(request, f"{counted(count, 'projet mis', 'projets mis')} de côté.")
            case "reprendre":
                count = settling.take_back(run=found, ids=ids, by=by, now=now)
                messages.success(request, f"{counted(count, 'projet repris', 'projets repris')}.")
            case "engagement":
                count = settling.give_commitment(
                    run=found, ids=ids, number=request.POST.get("numero", ""), by=by, now=now
                )
                messages.success(request, f"{counted(count, 'projet débloqué', 'projets débloqués')}.")
            case "verifier":
                settling.look_again(run=found, now=now)
                messages.success(request, "Les projets sont vérifiés de nouveau.")
            case "recalculer":
                count = repricing.price_again(run=found, by=by, now=now)
                messages.success(
                    request, f"{counted(count, 'abonnement')} à recalculer : rechargez dans deux minutes."
                )
            case "renvoyer":
                approving.send_back(run=found, by=by, reason=text, now=now)
                messages.success(request, "Les projets sont à relire de nouveau.")
            case _:
                raise NothingChosen
    except (BillingRefused, CommitmentInvalid) as refusal:
        return refusal
    return None


def review_context(request, operator, found: BillingRun, refusal: Exception | None) -> dict:
    """The counts, the tabs, and what the tab asked for shows."""
    totals = queries.draft_totals(run=found)
    standing = queries.standing_of(run=found, totals=totals)
    tab = tab_of(request, standing=standing)
    url = reverse("operator_run", args=[operator.slug, found.public_id])
    kind = request.GET.get("remarque", "")
    kind = kind if kind in AnomalyKind else ""
    context = {
        "totals": totals,
        "standing": standing,
        "tab": tab,
        "tabs": [
            {
                "label": label,
                "url": f"{url}?etat={name}",
                "active": tab == name,
                "count": "" if count is None else format_number(count),
            }
            for name, label, count in (
                (TO_LOOK_AT, "À regarder", standing.blocked + standing.to_see),
                (ALL, "Tous les projets", totals.drafts),
                (SEEN, "Remarques vues", None),
                (ASIDE, "Mis de côté", totals.aside),
                *([(ISSUED, "Factures émises", None)] if found.state != RunState.REVIEW else []),
            )
        ],
        "run_url": url,
        "may_act": not request.reads_only and found.state != RunState.CONFIRMING,
        "refused": str(refusal) if refusal else "",
        "refused_kind": request.POST.get("remarque", "") if refusal else "",
        "number": request.POST.get("numero", "")[:MAX_TYPED] if refusal else "",
        "typed": request.POST.get("texte", "")[:MAX_TYPED] if refusal else "",
        "reason_missing": isinstance(refusal, ReasonMissing),
        "figures": _figures(totals, standing),
    }
    page = request.GET.get("page")
    if tab == TO_LOOK_AT:
        groups = queries.groups_left(run=found, totals=totals, kind=kind, page=page)
        context |= {
            "groups": [_group(operator, url, group, one_kind=bool(kind)) for group in groups],
            "kind": kind,
            "rest": rest_of_address(etat=tab, remarque=kind),
            "page": groups[0].page if kind and groups else None,
        }
    elif tab == SEEN:
        remarks = queries.seen_remarks(run=found, page=page)
        context |= {
            "page": remarks,
            "rest": rest_of_address(etat=tab),
            "remarks": [
                _row(url, remark) | {"kind": capitalised(remark.get_kind_display()), "seen": _seen(remark)}
                for remark in remarks
            ],
        }
    elif tab == ASIDE:
        aside = queries.drafts_aside(run=found, page=page)
        context |= {
            "page": aside,
            "rest": rest_of_address(etat=tab),
            "aside": [
                {
                    "id": one.invoice_id,
                    "member": one.tenant.name,
                    "url": _draft_url(url, one.tenant.siren),
                    "gross": format_cents(one.invoice.gross_cents),
                    "reason": one.reason,
                    "by": f"{one.by}, le {moment(one.at)}",
                    "remarks": [sentence(remark) for remark in one.invoice.anomalies.all()],
                }
                for one in aside
            ],
        }
    return context


def to_same_tab(request, url: str):
    """Back to the part of the page where the person was."""
    rest = rest_of_address(etat=request.GET.get("etat", ""), remarque=request.GET.get("remarque", ""))
    return redirect(f"{url}?{rest}".rstrip("?&"))


def _figures(totals: queries.DraftTotals, standing: queries.Standing) -> list[dict]:
    return [
        {"label": "Projets de factures", "value": format_number(totals.drafts)},
        {"label": "Sans remarque", "value": format_number(standing.plain)},
        *([{"label": "Remarques vues", "value": format_number(standing.seen)}] if standing.seen else []),
        {"label": "À regarder", "value": format_number(standing.to_see)},
        {"label": "Bloqués", "value": format_number(standing.blocked)},
        *([{"label": "Mis de côté", "value": format_number(totals.aside)}] if totals.aside else []),
        {"label": "Total TTC à émettre", "value": format_cents(totals.gross_cents)},
    ]


def _group(operator, url: str, group: queries.Group, *, one_kind: bool) -> dict:
    label, link = _where(operator, group.kind)
    more = not one_kind and group.count > len(group.page)
    return {
        "kind": group.kind.value,
        "title": capitalised(group.kind.label),
        "blocking": group.blocking,
        "wants_number": group.kind == AnomalyKind.COMMITMENT,
        "count": counted(group.count, "projet"),
        "to_do": TO_DO[group.kind],
        "link": link,
        "link_label": label,
        "rows": [_row(url, remark) | {"fix": _fix(operator, remark)} for remark in group.page],
        "all_url": f"{url}?etat={TO_LOOK_AT}&remarque={group.kind.value}" if more else "",
        "see_all": f"Tout marquer comme vu ({format_number(group.count)})" if group.count > 1 else "",
    }


def _where(operator, kind: AnomalyKind) -> tuple[str, str]:
    """Where what holds for all drafts is put right."""
    if kind == AnomalyKind.VAT:
        return "Décider du régime de TVA", reverse("operator_vat", args=[operator.slug])
    return "", ""


def _fix(operator, remark: Anomaly) -> str:
    """The member's own page, where most of what is wrong is seen or put right."""
    if remark.kind in (AnomalyKind.VAT, AnomalyKind.NEGATIVE, AnomalyKind.ZERO, AnomalyKind.TIER):
        return ""
    return reverse("operator_member", args=[operator.slug, remark.tenant.siren])


def _row(url: str, remark: Anomaly) -> dict:
    return {
        "id": remark.pk,
        "member": remark.tenant.name,
        "url": _draft_url(url, remark.tenant.siren),
        "before": "—" if remark.before_cents is None else format_cents(remark.before_cents),
        "after": format_cents(remark.after_cents),
        "words": sentence(remark),
    }


def _draft_url(url: str, siren: str) -> str:
    return f"{url}?{rest_of_address(etat=ALL, q=siren)}".rstrip("&")


def _seen(remark: Anomaly) -> str:
    said = f"Vu par {remark.seen_by}, le {moment(remark.seen_at)}."
    return f"{said} « {remark.note} »" if remark.note else said


def not_issued(aside: int) -> str:
    """What becomes of the drafts set aside."""
    verb = "mis de côté reste" if aside == 1 else "mis de côté restent"
    return f"{counted(aside, 'projet')} {verb} en attente, pour être émis plus tard dans cette campagne."


def left_to_do(standing: queries.Standing) -> str:
    """What is left before somebody may approve, "" when nothing is."""
    blocked, to_see = standing.blocked, standing.to_see
    parts = []
    if blocked:
        parts.append(f"corrigez ou mettez de côté {counted(blocked, 'projet bloqué', 'projets bloqués')}")
    if to_see:
        parts.append(f"marquez comme vues les remarques de {counted(to_see, 'projet')}")
    return f"Avant d’approuver : {', et '.join(parts)}." if parts else ""


def confirming(request, operator, found: BillingRun) -> dict | None:
    """Who approved, who must confirm, and whether it is whoever reads this."""
    approval = approving.waiting_approval(found) if found.state == RunState.CONFIRMING else None
    if approval is None:
        return None
    others = approving.may_confirm(operator=operator, approval=approval)
    return {
        "text": f"{approval.approved_by} a approuvé {counted(approval.drafts, 'projet')} le "
        f"{moment(approval.approved_at)}. La plus grande facture est de "
        f"{format_cents(approval.largest_cents)} TTC, au-dessus des {format_cents(approval.above_cents)} à "
        "partir desquels votre règle demande une deuxième personne.",
        "others": [str(person) for person in others],
        "may": request.user in others and not request.reads_only,
        "own": approval.approved_by_id == request.user.pk,
    }
