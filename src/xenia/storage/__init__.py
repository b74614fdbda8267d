"""Adapters of the storage ports: schema, repositories, filters in SQL, migrations and the two dialects."""
