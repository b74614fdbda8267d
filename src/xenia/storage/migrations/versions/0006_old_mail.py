"""An index by which old records of mail are found, without reading the young ones.

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])
