"""Places in long lists, as routes take them."""

from typing import Annotated

from fastapi import Query

Offset = Annotated[int | None, Query(ge=0, le=10_000_000)]
"""The place of the first row in the whole list; with it the answer tells the ``count`` of the whole."""
