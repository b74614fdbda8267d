"""The kit under all surfaces: request and response values, routing, cookies, form guard, headers,
limits, page rendering and the WSGI edge. It knows ``core.errors`` and ``ports`` and no use case.
"""
