"""The official layouts of ILSVRC2012, made from the twenty sample photographs, and class folders of the user."""

import io
import shutil
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.io import savemat
from torchvision.datasets.imagenette import Imagenette

from case_saliency import storage
from case_saliency.cli import main
from case_saliency.datasets import images, labels, locations, sources
from case_saliency.datasets.fetching import Options
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.tables import read_table, write_table

KIT = "ILSVRC2012_devkit_t12"
IDS = np.random.default_rng(0).permutation(1000)  # ILSVRC2012_IDs are not in the order of the WordNet ids
LABELS = [243, 559, 438, 990, 949, 853, 609, 609, 915, 455, 541, 630, 741, 471, 129, 99, 251, 22, 317, 305]


def kit(folder: Path, truth: list[int]) -> Path:
    """A development kit in the true format: the 1,000 classes, and one synset above them."""
    data = folder / KIT / "data"
    data.mkdir(parents=True)
    (data / "ILSVRC2012_validation_ground_truth.txt").write_text("".join(f"{number}\n" for number in truth))
    kinds = [("ILSVRC2012_ID", float), ("WNID", object), ("words", object), ("gloss", object), ("num_children", float)]
    synsets = np.zeros((1001, 1), dtype=kinds)
    for number, index in enumerate(IDS):
        synsets[number, 0] = (number + 1, labels.wordnet_ids()[index], "words", "gloss", 0)
    synsets[1000, 0] = (1001, "n00001740", "entity", "gloss", 1000)
    savemat(data / "meta.mat", {"synsets": synsets})
    return folder / KIT


def ilsvrc_id(label: int) -> int:
    return int(np.flatnonzero(label == IDS)[0]) + 1


@pytest.fixture
def flat(tmp_path: Path, imagenet_sample: tuple[Path, pd.DataFrame]) -> Path:
    """`ILSVRC2012_val_00000001.JPEG`, ... in a folder with its development kit."""
    folder, manifest = imagenet_sample
    root = tmp_path / "ilsvrc"
    root.mkdir()
    for number, file in enumerate(manifest["file"], start=1):
        shutil.copy(folder / file, root / f"ILSVRC2012_val_{number:08d}.JPEG")
    kit(root, [ilsvrc_id(label) for label in LABELS])
    return root


@pytest.fixture
def nested(tmp_path: Path, flat: Path) -> Path:
    """The same images in class folders below `val/`."""
    root = tmp_path / "nested"
    for number, label in enumerate(LABELS, start=1):
        home = root / "val" / labels.wordnet_ids()[label]
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(flat / f"ILSVRC2012_val_{number:08d}.JPEG", home)
    return root


def obtain(root: Path, destination: Path, dataset: str = "imagenet", label_space: str | None = None):
    return sources.obtain(dataset, destination, Options(path=str(root), label_space=label_space))


def reasons(fetched) -> dict[str, str]:
    return dict(zip(fetched.exclusions["file"], fetched.exclusions["reason"], strict=True))


def test_the_wordnet_ids_are_in_the_order_of_the_class_names() -> None:
    ids, names = labels.wordnet_ids(), labels.names("imagenet-1k")
    assert len(set(ids)) == 1000
    assert list(ids) == sorted(ids)
    for wordnet_id, synonyms in Imagenette._WNID_TO_CLASS.items():  # torchvision's own, for ten classes
        assert names[ids.index(wordnet_id)] == synonyms[0]


@pytest.mark.parametrize("layout", ["flat", "flat in val", "kit as archive", "nested", "nested without val"])
def test_every_official_layout_gives_the_same_manifest(
    tmp_path: Path, flat: Path, nested: Path, layout: str, caplog: pytest.LogCaptureFixture
) -> None:
    root = flat if "flat" in layout or "kit" in layout else nested
    if layout == "flat in val":
        (flat / "val").mkdir()
        for path in flat.glob("*.JPEG"):
            path.rename(flat / "val" / path.name)
    if layout == "kit as archive":
        with tarfile.open(flat / f"{KIT}.tar.gz", "w:gz") as archive:
            archive.add(flat / KIT, KIT)
        shutil.rmtree(flat / KIT)
    if layout == "nested without val":
        root = nested / "val"
    fetched = obtain(root, tmp_path / "data")
    manifest = fetched.manifest
    assert tuple(manifest.columns) == sources.MANIFEST_COLUMNS
    assert manifest["image_id"].tolist() == [f"ILSVRC2012_val_{number:08d}" for number in range(1, 21)]
    assert manifest["label"].tolist() == LABELS
    assert manifest.loc[4, "label_name"] == "strawberry"
    assert Counter(manifest["split"]) == {"test": 19, "heldout": 1}  # one class has two images
    assert fetched.exclusions.empty
    assert "20 usable validation images found" in caplog.text
    for row in manifest.iloc[[0, 7, 19]].to_dict("records"):
        assert row["file"].startswith("reference:")
        assert images.read(tmp_path / "data", row).mode == "RGB"
    assert [path.name for path in (tmp_path / "data").rglob("*") if path.is_file()] == ["reference.json"]


def test_the_manifest_reaches_only_the_folder_that_the_user_named(tmp_path: Path, flat: Path) -> None:
    row = obtain(flat, tmp_path / "data").manifest.iloc[0].to_dict()
    secret = tmp_path / "secret.png"
    Image.new("RGB", (3, 3)).save(secret)
    known = {**row, "sha256": storage.sha256(secret)}
    for file in ("reference:../secret.png", "reference:a/../../secret.png", f"reference:{secret}", f"{secret}"):
        with pytest.raises(CaseSaliencyError, match="leaves the folder"):
            images.read(tmp_path / "data", {**known, "file": file})
    (tmp_path / "data/images/reference.json").write_text('{"schema_version": 1, "root": "../.."}')
    with pytest.raises(CaseSaliencyError, match=r"root '\.\./\.\.' found, an absolute path expected"):
        images.read(tmp_path / "data", row)
    (tmp_path / "data/images/reference.json").unlink()
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*reference\.json"):
        images.read(tmp_path / "data", row)


def test_what_cannot_be_used_is_listed(tmp_path: Path, flat: Path) -> None:
    photograph = (flat / "ILSVRC2012_val_00000001.JPEG").read_bytes()
    (flat / "ILSVRC2012_val_00000002.JPEG").write_bytes(photograph[:5000])
    (flat / "ILSVRC2012_val_00000021.JPEG").write_bytes(photograph)
    truth = flat / KIT / "data/ILSVRC2012_validation_ground_truth.txt"
    lines = truth.read_text().split()
    truth.write_text("\n".join([*lines[:2], "1001", "0", *lines[4:]]))
    fetched = obtain(flat, tmp_path / "data")
    assert len(fetched.manifest) == 17
    found = reasons(fetched)
    assert found.pop("ILSVRC2012_val_00000002.JPEG").startswith("damaged image")
    assert found == {
        "ILSVRC2012_val_00000003.JPEG": "label out of range: line 3 of the ground truth names none of the 1000 classes",
        "ILSVRC2012_val_00000004.JPEG": "label out of range: line 4 of the ground truth names none of the 1000 classes",
        "ILSVRC2012_val_00000021.JPEG": "the ground truth has 20 lines, none for this image",
    }


def test_class_folders_that_cannot_be_used_are_listed(tmp_path: Path, nested: Path) -> None:
    (nested / "val/n01440764").mkdir()
    (nested / "val/n99999999").mkdir()
    some = next((nested / "val/n07745940").iterdir())
    shutil.copy(some, nested / "val/n99999999")
    shutil.copy(some, some.with_name("n07745940_10.JPEG"))
    fetched = obtain(nested, tmp_path / "data")
    assert len(fetched.manifest) == 20
    assert reasons(fetched) == {
        "val/n01440764/": "class folder without images",
        "val/n07745940/n07745940_10.JPEG": "no validation image by its name (ILSVRC2012_val_00000001.JPEG)",
        "val/n99999999/": "no class of ILSVRC2012",
    }


def test_a_folder_that_is_no_imagenet_is_explained(tmp_path: Path, flat: Path) -> None:
    def message(root: Path) -> str:
        with pytest.raises(CaseSaliencyError) as error:
            obtain(root, tmp_path / "data")
        return str(error.value)

    with pytest.raises(
        CaseSaliencyError, match=r"datasets\.imagenet\.path: null found; name the folder that holds the"
    ):
        sources.fetch("imagenet", tmp_path / "data")
    assert "nowhere is not a folder" in message(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "neither validation images" in message(tmp_path / "empty")
    (tmp_path / "empty/ILSVRC2012_img_val.tar").touch()
    assert message(tmp_path / "empty").endswith("mkdir val && tar -xf ILSVRC2012_img_val.tar -C val")
    meta = flat / KIT / "data/meta.mat"
    meta.write_bytes(b"no table")
    assert "meta.mat: cannot be read" in message(flat)
    meta.unlink()
    assert "meta.mat: No such file or directory; unpack" in message(flat)
    shutil.rmtree(flat / KIT)
    assert f"validation images without labels; put {KIT}.tar.gz" in message(flat)
    (flat / "n01440764").mkdir()
    assert "found side by side" in message(flat)


@pytest.mark.parametrize("text", ["", "1\ntwo\n", "-1\n"])
def test_a_ground_truth_that_is_none_is_refused(tmp_path: Path, flat: Path, text: str) -> None:
    (flat / KIT / "data/ILSVRC2012_validation_ground_truth.txt").write_text(text)
    with pytest.raises(CaseSaliencyError, match=r"ground_truth\.txt: whole numbers expected, one a line"):
        obtain(flat, tmp_path / "data")


def encoded(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


GREY = Image.new("L", (9, 9), 100)
DEEP = np.full((9, 9), 100 * 256 + 7, dtype=np.uint16)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Class folders with every kind of image, good and bad."""
    files = {
        "cat/grey.png": encoded(GREY, "PNG"),
        "cat/palette.png": encoded(GREY.convert("P"), "PNG"),
        "cat/cmyk.jpg": encoded(GREY.convert("CMYK"), "JPEG"),
        "cat/deep.png": encoded(Image.fromarray(DEEP), "PNG"),
        "dög/größe 1.png": encoded(GREY, "PNG"),
        "dög/deep/er.png": encoded(GREY, "PNG"),
        "dög/.hidden": b"",
        "dög/notes.txt": b"not an image",
        "dög/dot.png": encoded(Image.new("RGB", (1, 1)), "PNG"),
        "dög/thread.png": encoded(Image.new("RGB", (1, 101)), "PNG"),
        "dög/cut.jpg": encoded(Image.fromarray(np.arange(30000, dtype=np.uint8).reshape(100, 100, 3)), "JPEG")[:900],
        "loose.png": encoded(GREY, "PNG"),
    }
    root = tmp_path / "mine"
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "ant").mkdir()
    (root / ".git").mkdir()
    return root


def test_class_folders_of_every_kind_of_image(tmp_path: Path, mine: Path) -> None:
    fetched = obtain(mine, tmp_path / "data", "folder")
    manifest = fetched.manifest
    assert dict(zip(manifest["image_id"], manifest["label"], strict=True)) == {
        **dict.fromkeys(("cat/cmyk.jpg", "cat/deep.png", "cat/grey.png", "cat/palette.png"), 1),
        **dict.fromkeys(("dög/deep/er.png", "dög/größe 1.png"), 2),  # ant, without images, is class 0
    }
    assert set(manifest["split"]) == {"test"}
    found = reasons(fetched)
    assert found.pop("dög/cut.jpg").startswith("damaged image (")
    assert found == {
        "ant/": "class folder without usable images",
        "dög/dot.png": "1 x 1 pixel found, which leaves nothing to explain",
        "dög/notes.txt": "not an image of the kinds JPEG, PNG, BMP, WEBP",
        "dög/thread.png": "1 x 101 pixels found",
        "loose.png": "lies in no class folder",
    }
    for row in manifest.to_dict("records"):
        assert abs(np.asarray(images.read(tmp_path / "data", row)).astype(int) - 100).max() <= 1


def test_a_name_that_is_no_text_is_listed(tmp_path: Path, mine: Path) -> None:
    odd = bytes(mine / "cat") + b"/\xff.png"
    with open(odd, "wb") as file:  # noqa: PTH123 (a name of bytes)
        file.write(encoded(GREY, "PNG"))
    fetched = obtain(mine, tmp_path / "data", "folder")
    assert reasons(fetched)["cat/\\udcff.png"] == "its name is not valid UTF-8"
    write_table(fetched.exclusions, tmp_path / "exclusions.csv")


def test_class_folders_of_a_known_label_space(tmp_path: Path, mine: Path, nested: Path) -> None:
    manifest = obtain(nested / "val", tmp_path / "data", "folder", "imagenet-1k").manifest
    assert sorted(manifest["label"]) == sorted(LABELS)
    assert set(manifest["label_name"]) == {labels.names("imagenet-1k")[label] for label in LABELS}
    shutil.rmtree(mine / "dög")
    named = obtain(mine, tmp_path / "data", "folder", "cifar10").manifest
    assert set(named["label"]) == {3}
    (mine / "cat").rename(mine / "10")
    with pytest.raises(CaseSaliencyError, match="class folders 10 match no class of the model, which has 10"):
        obtain(mine, tmp_path / "data", "folder", "cifar10")


def test_a_folder_without_class_folders_is_refused(tmp_path: Path, mine: Path) -> None:
    for name in ("cat", "dög"):
        shutil.rmtree(mine / name)
    with pytest.raises(CaseSaliencyError, match=r"no image in a class folder of .*mine \(1 images lie in no class fol"):
        obtain(mine, tmp_path / "data", "folder")


def test_the_command_lists_what_it_left_out(
    tmp_path: Path, mine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["fetch-dataset", "--dataset", "folder", "--manifest", "data/folder/manifest.csv"]
    assert main.main([*command, "--settings", '{"path": "mine", "label_space": null}']) == 0
    assert len(read_table("data/folder/exclusions.csv")) == 6
    assert len(read_table("data/folder/manifest.csv")) == 6
    assert main.main(command) == 1
    assert "datasets.folder.path: null found" in capsys.readouterr().err
    assert main.main([*command, "--settings", '{"paht": "mine"}']) == 1
    assert main.main(["fetch-dataset", "--dataset", "cifar100-sample", "--manifest", "sample/manifest.csv"]) == 0
    sample = read_table("sample/manifest.csv")
    assert sample.loc[[0, 9, 14], "label_name"].tolist() == ["mountain", "apple", "lamp"]
    assert read_table("sample/exclusions.csv").empty


@pytest.mark.parametrize("file", ["/etc/passwd", "..", "a/../../b", "reference:/etc/passwd", "reference:..", "a\0b"])
def test_no_name_leaves_its_folder(tmp_path: Path, file: str) -> None:
    locations.refer(tmp_path, tmp_path / "root")
    with pytest.raises(CaseSaliencyError, match="leaves the folder; fetch it again"):
        locations.locate(tmp_path, file)
