"""A catalog that does not hold together is refused, with the file and what is wrong in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from riskkit.catalog import FOLDER, catalog_version, load_catalog, read_catalog
from riskkit.errors import CatalogError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER, tmp_path / "catalog")


@pytest.fixture
def change(folder: Path) -> Callable[[str, str, str], None]:
    def replace(name: str, old: str, new: str) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} no longer holds {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


def test_a_copy_is_the_same_catalog(folder: Path) -> None:
    """Where it lies does not matter."""
    assert read_catalog(folder) == load_catalog()


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("controls.csv", "45 CFR 164.312(b)", "45 CFR 164.312 (b)", "is no citation"),
        ("controls.csv", "45 CFR 164.312(b)", "45 CFR 164.308(a)(14)", "is no citation"),
        ("controls.csv", "\n164-312-b,", "\n164-312-bb,", "must be 164-312-b"),
        ("controls.csv", "164-312-b,45 CFR 164.312(b)", "164-312-d,45 CFR 164.312(d)", "stands twice"),
        ("controls.csv", ",standard,S,Audit controls", ",spec,S,Audit controls", "requirement 'S'"),
        ("controls.csv", ",standard,S,Audit controls", ",norm,S,Audit controls", "kind 'norm'"),
        ("controls.csv", ",standard,S,Audit controls", ",standard,S,", "title must not be empty"),
        ("controls.csv", ",auto\n", ",magic\n", "mode 'magic'"),
        ("controls.csv", ",auto\n", ",auto,\n", "has 15 cells, not 14"),
        ("controls.csv", "id,citation,", "id,cite,", "its columns must be"),
        (
            "sufficiency.csv",
            "45 CFR 164.312(b)",
            "45 CFR 164.312(f)",
            "not in controls.csv: 45 CFR 164.312(f)",
        ),
        ("sufficiency.csv", "\n45 CFR 164.312(d)", "\n45 CFR 164.312(b)", "stands twice"),
        (
            "sufficiency.csv",
            "training;roster",
            "trainings;roster",
            "neither a table nor in planned.yaml: trainings",
        ),
        ("sufficiency.csv", "training;roster", "training;training", "each kind once"),
        ("sufficiency.csv", "training;roster", "training||roster", "each kind once"),
        ("sufficiency.csv", "training;roster", "answers;roster", "never more than INTERVIEW"),
        ("sufficiency.csv", "answers,INTERVIEW", "answers,GUESS", "method 'GUESS'"),
        ("sufficiency.csv", "INTERVIEW,yes", "INTERVIEW,perhaps", "may_not_apply 'perhaps'"),
        ("sufficiency.csv", ",contracts,", ",contrakts,", "neither a table nor in planned.yaml: contrakts"),
        ("planned.yaml", "{}", "spare: nobody asks for it", "not asked for"),
        ("planned.yaml", "{}", "spare: []", "what it would hold"),
        ("scenarios/theft.yaml", "312(a)(2)(iv)", "312(a)(2)(ix)", "not in controls.csv"),
        ("scenarios/theft.yaml", "310(c)", "312(a)(2)(iv)", "each once"),
        ("scenarios/theft.yaml", "impact: high", "impact: huge", "wrong value in: impact"),
        ("scenarios/theft.yaml", "impact: high", "impct: high", "impact, impct"),
        ("scenarios/theft.yaml", "id: theft", "id: robbery", "must be named robbery.yaml"),
        (
            "scenarios/theft.yaml",
            "title: A disk, tape, server or laptop with images is stolen",
            "title: ' '",
            "title must",
        ),
        ("scenarios/theft.yaml", "id: theft", "id: [theft", "cannot be read as YAML"),
        ("scoring.yaml", "critical: 50", "critical: 10", "floors must not fall"),
        ("scoring.yaml", "critical: 50", "critical: 101", "whole numbers"),
        ("scoring.yaml", "critical: 50", "critical: 50.5", "whole numbers"),
        ("scoring.yaml", "critical: 50", "", "lacks critical"),
        ("scoring.yaml", "critical: 100", "critical: 60", "ceilings must not fall"),
        ("scoring.yaml", "medium: 5\n  high: 20", "medium: 36\n  high: 40", "above its ceiling"),
        ("priors.yaml", "events: [0.02, 0.3]", "events: [0.3, 0.02]", "the second the larger"),
        ("priors.yaml", "events: [0.02, 0.3]", "events: [0, 0.3]", "above 0"),
        ("priors.yaml", "events: [0.02, 0.3]", "rate: [0.02, 0.3]", "unknown keys: rate"),
        ("priors.yaml", "prevents: [0.4, 0.85]", "prevents: [0.4, 1]", "take away everything"),
        ("priors.yaml", "45 CFR 164.312(a)(1):", "45 CFR 164.312(a)(2):", "layers must be the controls"),
        ("priors.yaml", "  altered_images:", "  altered:", "altered, altered_images"),
        ("priors.yaml", "dated:", "written:", "must hold dated"),
        ("scoring.yaml", "blind: medium", "blind: moderate", "'moderate'"),
        ("scoring.yaml", "blind: medium", "blind: critical", "silence of a control"),
        ("scoring.yaml", "control: high", "control: medium", "silence of a control"),
        ("scoring.yaml", "blind: medium", "deaf: medium", "silence must be a mapping"),
        ("scoring.yaml", "floors:", "stairs:", "floors must be a mapping"),
        ("scoring.yaml", "floors:", "extra: 1\nfloors:", "unknown keys: extra"),
    ],
)
def test_what_is_wrong_is_refused_and_named(
    folder: Path, change: Callable[[str, str, str], None], name: str, old: str, new: str, complaint: str
) -> None:
    """The error names the file and the complaint."""
    change(name, old, new)
    with pytest.raises(CatalogError) as caught:
        read_catalog(folder)
    assert complaint in str(caught.value)
    assert Path(caught.value.file or "") == folder / name


@pytest.mark.parametrize(
    "name", ["controls.csv", "sufficiency.csv", "planned.yaml", "scoring.yaml", "priors.yaml"]
)
def test_a_missing_file_is_an_error(folder: Path, name: str) -> None:
    """Half a catalog is none."""
    (folder / name).unlink()
    with pytest.raises(CatalogError, match=name):
        read_catalog(folder)


def test_the_version_is_of_all_the_data(folder: Path, change: Callable[[str, str, str], None]) -> None:
    """Any change of content or name changes it, code and notes do not."""
    seen = {catalog_version(folder)}
    assert seen == {catalog_version(), load_catalog().version}
    (folder / "README.md").write_text("other words", encoding="utf-8")
    assert catalog_version(folder) in seen

    change("scoring.yaml", "judgement", "opinion")
    seen.add(catalog_version(folder))
    (folder / "scenarios" / "theft.yaml").rename(folder / "scenarios" / "theft2.yaml")
    seen.add(catalog_version(folder))
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "area.new.yaml").write_text("id: area.new\n", encoding="utf-8")
    seen.add(catalog_version(folder))
    assert len(seen) == 4
    assert all(len(version) == 12 and int(version, 16) >= 0 for version in seen)
