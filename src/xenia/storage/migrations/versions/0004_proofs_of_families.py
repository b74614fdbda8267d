"""What was proven at the sign-in that founded a token family, for APIs that act on behalf of its person.

Families of before have none: such an API then asks for a new sign-in.

Never edited after a release; types and names are spelled out, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("token_families", sa.Column("proofs", sa.Text(), nullable=True))
