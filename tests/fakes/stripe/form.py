"""Stripe's form encoding: `lines[0][amount]=100`, `expand[]=customer`, `metadata[a]=b`."""

from urllib.parse import parse_qsl


def decode(text):
    """Decode a query string or a form body into nested dicts and lists; every leaf stays a string."""
    root = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = name.replace("]", "").split("[")
        keys, node = [first, *rest], root
        for key in keys[:-1]:
            node = node.setdefault(key or str(len(node)), {})
            if not isinstance(node, dict):
                raise ValueError(f"{name} is used both as a value and as a group")
        node[keys[-1] or str(len(node))] = value
    return _lists(root)


def _lists(node):
    """Turn every dict whose keys are exactly 0, 1, 2… into a list."""
    if not isinstance(node, dict):
        return node
    values = {key: _lists(value) for key, value in node.items()}
    indexes = [str(index) for index in range(len(values))]
    if values and set(values) == set(indexes):
        return [values[index] for index in indexes]
    return values
