"""Self-service sign-up: how somebody without an invitation becomes a guest of an app, by themselves.

``standing`` says where somebody stands in a user flow (read by every assessment of a sign-in), ``start``
and ``details`` take the posts of the pages, ``going_on`` does what nobody is asked about: connectors,
requests for approval, the guest. Nothing is imported here: ``sign_in`` and this package need parts of each other.
"""
