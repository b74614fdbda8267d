"""What each Graph resource is: declarations from which routes, OData, JSON, documents and tests are derived.

Knows use cases, ports and core; knows no format. ``RESOURCES`` in ``catalog.resources`` lists everything served.
"""
