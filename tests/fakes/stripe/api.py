"""What the fake does with a request: the few operations of Stripe's API that Halle and dj-stripe use.

Every function takes the store, the decoded parameters and `now` (Unix seconds) and answers one object.
A refusal is a StripeError, shaped like Stripe's.
"""

from . import objects
from .objects import listing

EXPANDABLE = {"customer": "customer", "invoice": "invoice"}
EMPTY_SUBLISTS = ("sources", "subscriptions", "tax_ids")


class StripeError(Exception):
    """A refusal: becomes `{"error": {…}}` with its HTTP status."""

    def __init__(self, message, *, status=400, type="invalid_request_error", param=None, code=None):
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "type": type}
        self.body |= {name: value for name, value in (("param", param), ("code", code)) if value}


def get(store, kind, object_id, *, param="id"):
    """The object, or Stripe's 404 `resource_missing`."""
    found = store.get(kind, object_id)
    if found is None:
        status = 404 if param == "id" else 400
        raise StripeError(
            f"No such {kind}: '{object_id}'", status=status, param=param, code="resource_missing"
        )
    return found


def required(params, name):
    """The parameter's value, or Stripe's `parameter_missing`."""
    if not params.get(name):
        raise StripeError(f"Missing required param: {name}.", param=name, code="parameter_missing")
    return params[name]


def integer(params, name, default=None):
    """The parameter as an int (cents, days, seconds…), or Stripe's `parameter_invalid_integer`."""
    value = params.get(name, default)
    try:
        return value if value is None else int(value)
    except (TypeError, ValueError):
        raise StripeError(f"Invalid integer: {value}", param=name, code="parameter_invalid_integer") from None


def merge_metadata(obj, params):
    """Stripe merges metadata key by key; an empty value removes the key."""
    merged = {**obj["metadata"], **(params.get("metadata") or {})}
    obj["metadata"] = {key: value for key, value in merged.items() if value != ""}


def create_customer(store, params, *, now):
    created = store.save("customer", objects.customer(params, now=now))
    return created, "customer.created"


def update_customer(store, customer_id, params, *, now):
    found = get(store, "customer", customer_id)
    for name in ("name", "email", "description", "phone", "address"):
        if name in params:
            found[name] = params[name] or None
    merge_metadata(found, params)
    return store.save("customer", found), "customer.updated"


def create_invoice_item(store, params, *, now):
    """A pending item, or a line of the draft `params["invoice"]`. Never added to an issued invoice."""
    get(store, "customer", required(params, "customer"), param="customer")
    required(params, "currency")
    quantity = integer(params, "quantity", 1)
    amount = integer(params, "amount")
    if amount is None:
        raise StripeError("This fake only knows invoice items with an `amount`.", param="amount")
    item = objects.invoice_item(params, amount=amount, quantity=quantity, now=now)
    if item["invoice"]:
        draft = editable_invoice(store, item["invoice"])
        if draft["customer"] != item["customer"]:
            raise StripeError("The invoice belongs to another customer.", param="invoice")
        if draft["currency"] != item["currency"]:
            raise StripeError("All lines of an invoice have the same currency.", param="currency")
        add_item(store, draft, item)
    return store.save("invoiceitem", item), "invoiceitem.created"


def editable_invoice(store, invoice_id):
    found = get(store, "invoice", invoice_id, param="invoice")
    if found["status"] != "draft":
        raise StripeError("This invoice is no longer editable", param="invoice", code="invoice_not_editable")
    return found


def add_item(store, draft, item):
    """Show `item` as the last line of `draft` and recompute the totals."""
    draft["lines"]["data"].append(objects.line(item))
    total = sum(line["amount"] for line in draft["lines"]["data"])
    for name in ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"):
        draft[name] = total
    draft["amount_due"] = draft["amount_remaining"] = max(total, 0)
    store.save("invoice", draft)


def create_invoice(store, params, *, now):
    payer = get(store, "customer", required(params, "customer"), param="customer")
    days, due_date = integer(params, "days_until_due"), integer(params, "due_date")
    if params.get("collection_method") == "send_invoice":
        if days is None and due_date is None:
            raise StripeError(
                "You must specify `days_until_due` or `due_date` when `collection_method` is `send_invoice`."
            )
    elif days is not None:
        raise StripeError(
            "`days_until_due` is only allowed when `collection_method` is `send_invoice`.",
            param="days_until_due",
        )
    draft = objects.invoice(params, payer=payer, now=now)
    draft["due_date"] = due_date if days is None else now + days * 86400
    store.save("invoice", draft)
    if params.get("pending_invoice_items_behavior") == "include":
        for item in reversed(store.all("invoiceitem")):
            if item["customer"] == payer["id"] and item["invoice"] is None:
                item["invoice"] = draft["id"]
                store.save("invoiceitem", item)
                add_item(store, draft, item)
    return draft, "invoice.created"


def update_invoice(store, invoice_id, params, *, now):
    """Metadata at any time; the texts and the number of a draft only."""
    found = get(store, "invoice", invoice_id)
    changed = {name: params[name] or None for name in ("description", "footer", "number") if name in params}
    if changed and found["status"] != "draft":
        raise StripeError("This invoice is no longer editable", code="invoice_not_editable")
    found |= changed
    merge_metadata(found, params)
    return store.save("invoice", found), "invoice.updated"


def finalize_invoice(store, invoice_id, params, *, now, base_url):
    """Draft → open (or paid when nothing is due): from here on the amounts never change."""
    found = get(store, "invoice", invoice_id)
    if found["status"] != "draft":
        raise StripeError("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    if not found["lines"]["data"]:
        raise StripeError("Nothing to invoice", code="invoice_no_customer_line_items")
    payer = store.get("customer", found["customer"])
    if not found["number"]:
        found["number"] = f"{payer['invoice_prefix']}-{payer['next_invoice_sequence']:04}"
        payer["next_invoice_sequence"] += 1
        store.save("customer", payer)
    if found["due_date"]:
        found["due_date"] += now - found["created"]
    found["status"], found["effective_at"] = "open", now
    found["status_transitions"]["finalized_at"] = now
    found["hosted_invoice_url"] = f"{base_url}/#{invoice_id}"
    if found["total"] <= 0:
        settle(found, now=now)
    return store.save("invoice", found), "invoice.finalized"


def send_invoice(store, invoice_id, params, *, now, base_url):
    """Finalize if still a draft; no mail leaves this machine."""
    found = get(store, "invoice", invoice_id)
    if found["collection_method"] != "send_invoice":
        raise StripeError("You can only manually send an invoice whose collection method is `send_invoice`.")
    if found["status"] == "draft":
        found, _ = finalize_invoice(store, invoice_id, params, now=now, base_url=base_url)
    if found["status"] not in ("open", "paid"):
        raise StripeError(f"You cannot send an invoice that is {found['status']}.")
    return found, "invoice.sent"


def void_invoice(store, invoice_id, params, *, now):
    found = get(store, "invoice", invoice_id)
    if found["status"] not in ("open", "uncollectible"):
        raise StripeError(f"You can only void open or uncollectible invoices; this one is {found['status']}.")
    found["status"], found["status_transitions"]["voided_at"] = "void", now
    return store.save("invoice", found), "invoice.voided"


def delete_draft(store, invoice_id):
    """Stripe deletes drafts only; an issued invoice is voided instead."""
    draft = editable_invoice(store, invoice_id)
    for item in store.all("invoiceitem"):
        if item["invoice"] == draft["id"]:
            store.delete(item["id"])
    store.delete(draft["id"])
    return {"id": draft["id"], "object": "invoice", "deleted": True}, "invoice.deleted"


def settle(found, *, now):
    """Mark an open invoice paid in full."""
    found |= {"status": "paid", "attempted": True, "amount_paid": found["amount_due"], "amount_remaining": 0}
    found["status_transitions"]["paid_at"] = now


def pay_by_transfer(store, invoice_id, *, now):
    """The buyer's transfer has arrived: the invoice is paid and its money is in the balance.

    Raises StripeError when the invoice is not open: a bank does not pay twice by itself.
    """
    found = get(store, "invoice", invoice_id)
    if found["status"] != "open":
        raise StripeError(f"Only an open invoice can be paid; this one is {found['status']}.")
    settle(found, now=now)
    store.save("balance_transaction", objects.balance_transaction(found, now=now))
    store.save("invoice_payment", objects.invoice_payment(found, now=now))
    return store.save("invoice", found)


def refund_by_transfer(store, invoice_id, *, amount, status, now):
    """What somebody refunds on the provider's own page: `amount` cents of a paid invoice."""
    payments = [one for one in store.all("invoice_payment") if one["invoice"] == invoice_id]
    if not payments:
        raise StripeError("Only a paid invoice can be refunded.")
    return store.save("refund", objects.refund(payments[0], amount=amount, status=status, now=now))


def expand(store, obj, paths):
    """Replace ids by the objects they name, as `expand[]` asks; refuse what cannot be expanded."""
    for path in paths or []:
        nodes = [obj]
        *parents, leaf = path.split(".")
        for name in parents:
            nodes = [child for node in nodes for child in as_list(node.get(name))]
        for node in nodes:
            expand_one(store, node, leaf, path)
    return obj


def expand_one(store, node, leaf, path):
    value = node.get(leaf)
    if isinstance(value, str) and leaf in EXPANDABLE:
        node[leaf] = store.get(EXPANDABLE[leaf], value)
    elif leaf in EMPTY_SUBLISTS and node.get("object") == "customer":
        node[leaf] = listing(f"/v1/customers/{node['id']}/{leaf}", [])
    elif leaf not in node or isinstance(value, str):
        raise StripeError(f"This property cannot be expanded ({path}).", param="expand")


def as_list(value):
    return value if isinstance(value, list) else [value] if isinstance(value, dict) else []


def page(store, kind, url, params, *, filters):
    """A page of the newest objects matching `filters`, by Stripe's cursors."""
    limit = integer(params, "limit", 10)
    if not 1 <= limit <= 100:
        raise StripeError("Limit must be between 1 and 100.", param="limit")
    found = store.all(kind)
    for name in filters:
        if name in params:
            found = [obj for obj in found if obj.get(name) == params[name]]
    if kind == "invoice_payment" and "payment" in params:
        wanted = params["payment"]
        found = [obj for obj in found if obj["payment"].get(wanted["type"]) == wanted.get(wanted["type"])]
    if kind == "event" and "types" in params:
        found = [obj for obj in found if obj["type"] in params["types"]]
    ids = [obj["id"] for obj in found]
    for name in ("starting_after", "ending_before"):
        if name in params and params[name] not in ids:
            raise StripeError(f"No such {kind}: '{params[name]}'", param=name, code="resource_missing")
    if "ending_before" in params:
        before = found[: ids.index(params["ending_before"])]
        return listing(url, before[-limit:], has_more=len(before) > limit)
    start = ids.index(params["starting_after"]) + 1 if "starting_after" in params else 0
    return listing(url, found[start : start + limit], has_more=len(found) > start + limit)
