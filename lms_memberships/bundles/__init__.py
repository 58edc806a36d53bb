"""What can be put into a membership? The registry of item types; the catalogue has a row for each thing."""

from .registry import BundleItemType

__all__ = ["BundleItemType"]
