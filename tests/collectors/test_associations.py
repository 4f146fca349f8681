"""What becomes of a request for an association, on peers that close at once or offer other services."""

from __future__ import annotations

import socket
import threading

from pynetdicom import AE

from riskkit.collectors.tls.contact import Task, contact
from tests import bed

REJECTED = bytes.fromhex("03000000000400010103")
"""An A-ASSOCIATE-RJ PDU: permanent, by the service user, calling AE title not recognized (PS3.8 9.3.4)."""


def facts(place: tuple[str, int]) -> dict[str, str]:
    """The facts of the probe of a plain listener, by key."""
    host, port = place
    task = Task(host, host, port, tls=False, dicom=True, called="ARCHIVE", calling="KNOWN")
    found, why = contact(task, budget_s=30, stopped=threading.Event())
    assert not why
    return {one["key"]: one["value"] for one in found}


def rejects_and_goes(connection: socket.socket) -> None:
    """Answer as DCMTK does: the rejection, and the end of the connection in the same moment."""
    connection.recv(65536)
    connection.sendall(REJECTED)


def test_a_rejection_is_one_however_quickly_the_peer_closes() -> None:
    """The PDU that came counts, not which of its two signals pynetdicom saw first."""
    with bed.listener(rejects_and_goes) as place:
        for _ in range(4):
            found = facts(place)
            assert (found["dicom.plain"], found["dicom.unknown_calling"], found["dicom.unknown_called"]) == (
                "rejected", "rejected", "rejected",
            )  # fmt: skip


def test_a_peer_without_verification_still_let_us_in() -> None:
    """A modality that accepts the association but offers no C-ECHO has no guard at its door."""
    entity = AE()
    entity.add_supported_context("1.2.840.10008.5.1.4.1.1.2")
    server = entity.start_server(("127.0.0.1", 0), block=False)
    assert server is not None
    try:
        found = facts(("127.0.0.1", server.server_address[1]))
    finally:
        server.shutdown()
    assert (found["dicom.plain"], found["dicom.unknown_calling"]) == ("accepted", "accepted")
    assert found["dicom.echo"] == "unknown"
