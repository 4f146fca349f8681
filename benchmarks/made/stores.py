"""Image stores for benchmarks/dicom_scan.py: small, CT, multi-frame and enhanced files, all made up."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from random import Random

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian

ROOT = "1.2.826.0.1.3680043.10.999"
NESTED_ITEMS = 200


def image(chance: Random, rows: int, columns: int, frames: int = 1) -> Dataset:
    """A CT image with the attributes that scanners write: about 110 elements before the pixel data."""
    made = Dataset()
    number = chance.randrange(1, 600)
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = CTImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = f"{ROOT}.4.{chance.randrange(10**18)}"
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.ImplementationVersionName = "MADE_UP_1"
    values: dict[str, object] = {
        "SpecificCharacterSet": "ISO_IR 100", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "InstanceCreationDate": "20261005", "InstanceCreationTime": "101112.123",
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": made.file_meta.MediaStorageSOPInstanceUID, "StudyDate": "20261005",
        "SeriesDate": "20261005", "AcquisitionDate": "20261005", "ContentDate": "20261005",
        "StudyTime": "100000.000", "SeriesTime": "100100.000", "AcquisitionTime": f"1002{number % 60:02d}.5",
        "ContentTime": "100200.000", "AccessionNumber": f"A{chance.randrange(10**9)}", "Modality": "CT",
        "Manufacturer": "Maker", "InstitutionName": "General Hospital", "InstitutionAddress": "1 Main Street",
        "ReferringPhysicianName": "DOE^JOHN", "StationName": "CT01", "StudyDescription": "CT CHEST",
        "SeriesDescription": "AXIAL 1.0", "InstitutionalDepartmentName": "Radiology",
        "PhysiciansOfRecord": "ROE^JANE", "PerformingPhysicianName": "ROE^JANE", "OperatorsName": "T1",
        "ManufacturerModelName": "Model 64", "PatientName": f"FAMILY{chance.randrange(9999)}^GIVEN",
        "PatientID": f"MRN{chance.randrange(10**7)}", "PatientBirthDate": "19600101", "PatientSex": "F",
        "OtherPatientIDs": "X1", "PatientAge": "066Y", "PatientSize": "1.70", "PatientWeight": "70",
        "PatientAddress": "2 Side Street", "MedicalAlerts": "", "Allergies": "", "PregnancyStatus": 4,
        "BodyPartExamined": "CHEST", "ScanOptions": "HELIX", "SliceThickness": "1.0", "KVP": "120",
        "DataCollectionDiameter": "500", "DeviceSerialNumber": "12345", "SoftwareVersions": "V1.2.3",
        "ProtocolName": "Chest", "ReconstructionDiameter": "350", "DistanceSourceToDetector": "1040",
        "DistanceSourceToPatient": "570", "GantryDetectorTilt": "0", "TableHeight": "150",
        "RotationDirection": "CW", "ExposureTime": "500", "XRayTubeCurrent": "200", "Exposure": "100",
        "FilterType": "BODY", "GeneratorPower": "24", "FocalSpots": ["0.7"], "ConvolutionKernel": "B30f",
        "PatientPosition": "HFS", "StudyInstanceUID": f"{ROOT}.1.{chance.randrange(10**18)}",
        "SeriesInstanceUID": f"{ROOT}.2.{chance.randrange(10**18)}", "StudyID": str(chance.randrange(10**6)),
        "SeriesNumber": "2", "AcquisitionNumber": "1", "InstanceNumber": str(number),
        "ImagePositionPatient": ["-175.0", "-175.0", str(-chance.randrange(10**4) / 10)],
        "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
        "FrameOfReferenceUID": f"{ROOT}.3.{chance.randrange(10**18)}", "PositionReferenceIndicator": "SN",
        "SliceLocation": str(-number * 1.5), "ImageComments": "made up", "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2", "Rows": rows, "Columns": columns,
        "PixelSpacing": ["0.68", "0.68"], "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11,
        "PixelRepresentation": 0, "BurnedInAnnotation": "NO", "WindowCenter": "40", "WindowWidth": "400",
        "RescaleIntercept": "-1024", "RescaleSlope": "1", "RescaleType": "HU",
        "RequestingPhysician": "DOE^JOHN",
        "RequestedProcedureDescription": "CT CHEST", "PerformedProcedureStepStartDate": "20261005",
        "PerformedProcedureStepStartTime": "100000", "PerformedProcedureStepID": "P1",
    }  # fmt: skip
    for keyword, value in values.items():
        setattr(made, keyword, value)
    step, study = Dataset(), Dataset()
    step.RequestedProcedureID, step.ScheduledProcedureStepID = "R1", "S1"
    step.ScheduledProcedureStepDescription = "CT CHEST"
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = CTImageStorage, f"{ROOT}.5.1"
    made.RequestAttributesSequence = Sequence([step])
    made.ReferencedStudySequence = Sequence([study])
    private = made.private_block(0x0029, "MADE UP", create=True)
    for place in range(8):
        private.add_new(place, "LO", f"private {place}")
    private.add_new(0x10, "OB", bytes(chance.randrange(256) for _ in range(1800)))
    if frames > 1:
        made.NumberOfFrames = frames
    made.PixelData = bytes(rows * columns * 2 * frames)
    made["PixelData"].VR = "OW"
    return made


def small(chance: Random) -> bytes:
    """About 12 KB."""
    return written(image(chance, 64, 64))


def implicit(chance: Random) -> bytes:
    """The same in implicit VR."""
    made = image(chance, 64, 64)
    made.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return written(made)


def ct(chance: Random) -> bytes:
    """512 KB of pixels."""
    return written(image(chance, 512, 512))


def multi_frame(chance: Random) -> bytes:
    """64 MB of pixels."""
    return written(image(chance, 512, 512, frames=128))


def enhanced(chance: Random) -> bytes:
    """Functional groups of 200 frames, each with nested sequences."""
    made = image(chance, 64, 64, frames=NESTED_ITEMS)
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    items = []
    for frame in range(NESTED_ITEMS):
        content, plane, position, orientation, item = (Dataset() for _ in range(5))
        content.FrameAcquisitionNumber = frame
        content.FrameAcquisitionDateTime = "20261005101112.123"
        content.FrameReferenceDateTime = "20261005101112.123"
        content.DimensionIndexValues = [1, frame]
        position.ImagePositionPatient = ["-175.0", "-175.0", str(-frame * 1.5)]
        orientation.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
        plane.PixelSpacing, plane.SliceThickness = ["0.68", "0.68"], "1.0"
        item.FrameContentSequence = Sequence([content])
        item.PlanePositionSequence = Sequence([position])
        item.PlaneOrientationSequence = Sequence([orientation])
        item.PixelMeasuresSequence = Sequence([plane])
        items.append(item)
    made.PerFrameFunctionalGroupsSequence = Sequence(items)
    return written(made)


KINDS: dict[str, Callable[[Random], bytes]] = {
    "small": small,
    "implicit": implicit,
    "ct": ct,
    "multi-frame": multi_frame,
    "enhanced": enhanced,
}


def written(made: Dataset) -> bytes:
    """As a Part 10 file."""
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def make_store(root: Path, kind: str, files: int, seed: int = 5) -> list[Path]:
    """Write that many files of a kind, 100 to a folder; each is another image."""
    chance = Random(seed)
    paths = []
    for number in range(files):
        folder = root / f"{number // 100:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{number:06d}.dcm"
        path.write_bytes(KINDS[kind](chance))
        paths.append(path)
    return paths
