"""What programs post to the token and device authorization endpoints: one form, read within limits."""

from __future__ import annotations

from xenia.core.errors import DuplicatedParameter, InvalidRequest
from xenia.oidc.pipeline import check_size
from xenia.web.http import HttpRequest, Params


def read_form(request: HttpRequest) -> Params:
    """The body. Raises InvalidRequest, RequestTooLong, DuplicatedParameter (RFC 6749 section 3.2)."""
    try:
        form = request.form
    except ValueError:
        raise InvalidRequest("", "The request has too many parameters.") from None
    check_size(form)
    duplicated = form.duplicated()
    if duplicated is not None:
        raise DuplicatedParameter(duplicated)
    return form
