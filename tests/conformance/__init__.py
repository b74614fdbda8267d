"""The OpenID certification plans for providers, played in process: one test for each module, under the module's own name.

Names, and what each module checks, are those of the OpenID Foundation's conformance suite. ``plans`` lists them all, those
that do not apply too; ``relying_party`` is the client; ``docs/reference/conformance.md`` is the table for people.
"""
