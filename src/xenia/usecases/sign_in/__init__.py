"""Sign-in: begin a request, show where it stands, take one step, finish.

Surfaces call ``begin_authorize``/``begin_redeem``, then ``where_is`` to draw the page and one of the
submit functions of ``steps`` for each post. Every submit ends in ``progress``: the situation is
computed anew and either the next page is due or tokens are planned in the same transaction.
"""

from xenia.usecases.sign_in.begin import begin_authorize, begin_redeem
from xenia.usecases.sign_in.situation import BrowserContext, Situation, where_is
from xenia.usecases.sign_in.turn import Rejected, Turn

__all__ = [
    "BrowserContext",
    "Rejected",
    "Situation",
    "Turn",
    "begin_authorize",
    "begin_redeem",
    "where_is",
]
