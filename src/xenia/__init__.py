"""Xenia: a self-hosted guest identity platform.

The package is layered: ``core`` (rules, standard library only), ``usecases`` (verbs, one transaction
each), wire surfaces (``oidc``, ``graph``, ``ui``), adapters (``storage``, ``outside``, ``workers``)
and the composition root (``wiring``, ``cli``, ``settings``). Read ``wiring.py`` to see the whole program.
"""

__version__ = "0.1.0"
