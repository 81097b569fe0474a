"""Half-open date ranges in constraints."""

from django.db.models import Field, Func


class DateRange(Func):
    """daterange(start, end, '[)'), for exclusion constraints. A NULL end has no end."""

    function = "daterange"
    output_field = Field()
