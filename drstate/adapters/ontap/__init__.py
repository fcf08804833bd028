"""Volumes of FSx for NetApp ONTAP, copied by SnapMirror."""

from drstate.adapters.ontap.adapter import OntapAdapter

ADAPTER = OntapAdapter
