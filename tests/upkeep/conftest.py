"""A home without models: documents whose vectors are drawn, not computed."""

from tests.upkeep.test_deletion import house

__all__ = ["house"]
