"""Export to NIR: an HDF5 file that any reader of NIR understands, and that axonc reads back exactly."""

from .write import Exported, export_nir

__all__ = ["Exported", "export_nir"]
