"""Decoding of untrusted files, and preparation compared with torchvision's."""

import hashlib
import io
import json
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from case_saliency.datasets import decoding, folders, images
from case_saliency.datasets.images import Transform
from case_saliency.errors import CaseSaliencyError

LITE0 = Transform(224, 256, "bicubic", (127 / 255,) * 3, (128 / 255,) * 3)


def torchvision_pipeline(transform: Transform) -> transforms.Compose:
    return transforms.Compose(
        [
            transforms.Resize(transform.resize, InterpolationMode(transform.interpolation)),
            transforms.CenterCrop(transform.input_size),
            transforms.ToTensor(),
            transforms.Normalize(transform.mean, transform.std),
        ]
    )


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def encoded(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def stored(folder: Path, content: bytes, name: str = "images/picture") -> dict[str, Any]:
    """Write a file and return the manifest's row for it."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return {"image_id": "picture", "file": name, "sha256": hashlib.sha256(content).hexdigest()}


def png_header(width: int, height: int) -> bytes:
    """A PNG file of a few bytes that claims to be large."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


class TestTransform:
    @pytest.mark.parametrize("position", [0, 10, 17])  # 10 is the one that is not square
    @pytest.mark.parametrize(("input_size", "resize"), [(224, 256), (240, 274), (260, 297)])
    def test_equals_torchvision_on_photographs(
        self, imagenet_sample: tuple[Path, pd.DataFrame], position: int, input_size: int, resize: int
    ) -> None:
        folder, manifest = imagenet_sample
        row = manifest.to_dict("records")[position]
        transform = Transform(input_size, resize, "bicubic", LITE0.mean, LITE0.std)
        expected = torchvision_pipeline(transform)(Image.open(folder / row["file"]).convert("RGB"))
        assert torch.equal(transform(images.read(folder, row)), expected)

    @settings(deadline=None, max_examples=60)
    @given(
        width=st.integers(1, 70),
        height=st.integers(1, 70),
        sizes=st.tuples(st.integers(1, 40), st.integers(0, 9)),
        interpolation=st.sampled_from(["bilinear", "bicubic"]),
    )
    def test_equals_torchvision_for_any_size(
        self, width: int, height: int, sizes: tuple[int, int], interpolation: str
    ) -> None:
        transform = Transform(sizes[0], sum(sizes), interpolation, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        image = noise(width, height, seed=width)
        assert torch.equal(transform(image), torchvision_pipeline(transform)(image))

    def test_hand_computed_value(self) -> None:
        tensor = Transform(1, 1, "bilinear", (0.5, 0.25, 0.0), (0.5, 0.25, 2.0))(Image.new("RGB", (1, 1), (255, 0, 51)))
        assert tensor.shape == (3, 1, 1)
        assert tensor.dtype == torch.float32
        assert tensor.flatten().tolist() == pytest.approx([1.0, -1.0, 0.1], abs=1e-7)

    def test_crop_is_the_denormalised_input(self) -> None:
        image = noise(300, 270)
        pixels = LITE0.crop(image)
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (LITE0.mean, LITE0.std))
        denormalised = ((LITE0(image) * std + mean) * 255).round().to(torch.uint8).permute(1, 2, 0)
        assert pixels.shape == (224, 224, 3)
        assert pixels.dtype == np.uint8
        np.testing.assert_array_equal(pixels, denormalised.numpy())

    def test_zero_stands_for_the_mean_colour(self) -> None:
        image = Image.new("RGB", (256, 256), (127, 127, 127))
        assert not LITE0(image).any()

    def test_survives_json(self) -> None:
        assert Transform.from_dict(json.loads(json.dumps(LITE0.to_dict()))) == LITE0

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"resize": 223}, "resize 223 found; whole numbers, 1 <= input_size <= resize <= 8192, needed"),
            ({"input_size": True}, "input_size True, resize 256 found; whole numbers, "),
            ({"resize": 256.5}, "input_size 224, resize 256.5 found; whole numbers, "),
            ({"resize": "256"}, "input_size 224, resize '256' found; whole numbers, "),
            ({"input_size": 0}, "input_size 0, resize 256 found"),
            ({"interpolation": "nearest"}, "interpolation 'nearest' found; choose bilinear or bicubic"),
            ({"std": [1.0, 0.0, 1.0]}, "std above 0, needed"),
            ({"input_size": 10**9, "resize": 10**9}, "input_size 1000000000"),
            ({"mean": [0.5]}, "three numbers each"),
            ({"mean": "abc"}, "three numbers each"),
            ({"mean": [None] * 3}, "three numbers each"),
            ({"std": [float("nan")] * 3}, "three numbers each"),
            ({"std": [1, 1, float("inf")]}, "three numbers each"),
            ({"sharpen": True}, "sharpen"),
        ],
    )
    def test_bad_fields_are_refused(self, change: dict[str, Any], message: str) -> None:
        with pytest.raises(CaseSaliencyError, match=message):
            Transform.from_dict({**LITE0.to_dict(), **change})

    @pytest.mark.parametrize("fields", [None, 3, "abc", [1]])
    def test_what_is_no_fields_at_all_is_refused(self, fields: Any) -> None:
        with pytest.raises(CaseSaliencyError, match=r"transform: fields .* found"):
            Transform.from_dict(fields)

    def test_a_missing_field_is_named(self) -> None:
        fields = LITE0.to_dict()
        del fields["mean"]
        with pytest.raises(CaseSaliencyError, match="'mean'"):
            Transform.from_dict(fields)


class TestRead:
    def test_returns_the_pixels_as_rgb(self, tmp_path: Path) -> None:
        image = noise(7, 5)
        read = images.read(tmp_path, stored(tmp_path, encoded(image, "PNG")))
        assert read.mode == "RGB"
        np.testing.assert_array_equal(np.array(read), np.array(image))

    @pytest.mark.parametrize(
        ("mode", "kind"), [("L", "PNG"), ("P", "PNG"), ("RGBA", "PNG"), ("LA", "PNG"), ("1", "PNG"), ("CMYK", "JPEG")]
    )
    def test_other_modes_become_rgb(self, tmp_path: Path, mode: str, kind: str) -> None:
        grey = Image.new("RGB", (4, 4), (128, 128, 128)).convert(mode)
        read = images.read(tmp_path, stored(tmp_path, encoded(grey, kind)))
        assert (read.mode, read.size) == ("RGB", (4, 4))

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(
            CaseSaliencyError, match=r"/gone\.jpg: cannot be read \(No such file.*case-saliency fetch-dataset --dataset"
        ):
            images.read(tmp_path, {"file": "gone.jpg", "sha256": "0" * 64})

    def test_a_changed_file_is_named_with_both_hashes(self, tmp_path: Path) -> None:
        row = stored(tmp_path, encoded(noise(9, 9), "PNG"))
        (tmp_path / row["file"]).write_bytes(b"changed")
        found = hashlib.sha256(b"changed").hexdigest()
        with pytest.raises(CaseSaliencyError, match=f"images/picture: sha256 {found} found, {row['sha256']} expected"):
            images.read(tmp_path, row)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
    def test_a_truncated_image_is_named(self, tmp_path: Path, kind: str) -> None:
        row = stored(tmp_path, encoded(noise(64, 64), kind)[:1500])
        with pytest.raises(CaseSaliencyError, match=r"images/picture: damaged image \(.*\); replace or remove it"):
            images.read(tmp_path, row)

    @pytest.mark.parametrize(
        "content",
        [b"", b"<html>not found</html>", encoded(noise(9, 9), "EPS"), encoded(noise(9, 9), "TIFF")],
        ids=["empty", "html", "eps", "tiff"],
    )
    def test_other_kinds_of_file_are_named(self, tmp_path: Path, content: bytes) -> None:
        with pytest.raises(CaseSaliencyError, match="images/picture: not an image of the kinds JPEG, PNG, BMP, WEBP; "):
            images.read(tmp_path, stored(tmp_path, content))

    @pytest.mark.parametrize("side", [9_000, 10_000, 60_000])  # Pillow is silent, warns, raises
    def test_a_decompression_bomb_is_refused_before_decoding(self, tmp_path: Path, side: int) -> None:
        with pytest.raises(CaseSaliencyError, match=f"images/picture: .*at most {decoding.MAX_PIXELS} pixels"):
            images.read(tmp_path, stored(tmp_path, png_header(side, side)))

    def test_a_thread_that_resizing_would_blow_up_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(CaseSaliencyError, match=r"1 x 101 pixels found; .*sides of at most 100 to 1"):
            images.read(tmp_path, stored(tmp_path, encoded(Image.new("RGB", (1, 101)), "PNG")))
        assert images.read(tmp_path, stored(tmp_path, encoded(Image.new("RGB", (1, 100)), "PNG"))).size == (1, 100)

    @pytest.mark.parametrize("file", ["../secret.png", "images/../../secret.png", "/etc/hostname", "a\0b.png"])
    def test_a_path_that_leaves_the_folder_is_refused(self, tmp_path: Path, file: str) -> None:
        row = stored(tmp_path, encoded(noise(3, 3), "PNG"), "secret.png")
        (tmp_path / "data").mkdir()
        with pytest.raises(CaseSaliencyError, match="leaves the folder"):
            images.read(tmp_path / "data", {**row, "file": file})


class TestBatches:
    def test_batches_hold_every_image_in_order(self, imagenet_sample: tuple[Path, pd.DataFrame]) -> None:
        folder, manifest = imagenet_sample
        small = Transform(16, 16, "bilinear", LITE0.mean, LITE0.std)
        batches = list(images.batches(folder, manifest, small, batch_size=8))
        assert [len(ids) for ids, _ in batches] == [8, 8, 4]
        assert [image_id for ids, _ in batches for image_id in ids] == manifest["image_id"].tolist()
        one_by_one = [small(images.read(folder, row)) for row in manifest.to_dict("records")]
        assert torch.equal(torch.cat([inputs for _, inputs in batches]), torch.stack(one_by_one))

    def test_a_bad_image_stops_the_batch_by_name(self, tmp_path: Path) -> None:
        row = stored(tmp_path, b"nothing")
        with pytest.raises(CaseSaliencyError, match="images/picture"):
            next(images.batches(tmp_path, pd.DataFrame([row]), LITE0, batch_size=2))

    def test_an_image_that_grows_beyond_bounds_is_named(self, tmp_path: Path) -> None:
        content = io.BytesIO()
        Image.new("RGB", (10, 1000)).save(content, "PNG")
        row = stored(tmp_path, content.getvalue())
        large = Transform(8192, 8192, "bilinear", LITE0.mean, LITE0.std)
        with pytest.raises(CaseSaliencyError, match=r"images/picture: an image of 10 x 1000 pixels would be"):
            next(images.batches(tmp_path, pd.DataFrame([row]), large, batch_size=1))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "it is no regular file"),
        (lambda path: path.mkdir(), "Is a directory"),
        (
            lambda path: path.touch() or os.truncate(path, 10**12),
            "1000000000000 bytes found, at most 536870912 expected",
        ),
    ],
)
def test_what_a_manifest_names_is_an_image_file_or_is_not_read(tmp_path: Path, make: Any, reason: str) -> None:
    row = stored(tmp_path, b"")
    path = tmp_path / row["file"]
    path.unlink()
    make(path)
    with pytest.raises(CaseSaliencyError, match=rf"picture: cannot be read \({reason}\); fetch it again"):
        images.read(tmp_path, row)


@pytest.mark.parametrize("kind", ["tensors", "reference"])
def test_nor_is_a_pipe_in_the_place_of_another_file_of_a_dataset_waited_for(tmp_path: Path, kind: str) -> None:
    (tmp_path / "images").mkdir()
    named = {"tensors": ("images/images.safetensors", 0), "reference": ("reference:a.png", -1)}[kind]
    os.mkfifo(tmp_path / ("images/images.safetensors" if kind == "tensors" else "images/reference.json"))
    with pytest.raises(CaseSaliencyError, match="it is no regular file"):
        images.read(tmp_path, {"file": named[0], "index": named[1], "sha256": ""})


def test_a_jpeg_of_many_scans_is_refused_unread(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("RGB", (8192, 8192), (120, 3, 4)).save(content, "JPEG", progressive=True)
    honest = content.getvalue()
    assert decoding.decode(honest, tmp_path).size == (8192, 8192)
    scan = honest[honest.rindex(b"\xff\xda") : -2]
    with pytest.raises(CaseSaliencyError, match="210 scans of 8192 x 8192 pixels found"):
        decoding.decode(honest[:-2] + 200 * scan + honest[-2:], tmp_path)


def test_a_file_larger_than_any_image_is_passed_over_unread(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(noise(8, 8), "PNG"))
    with (tmp_path / "b.png").open("wb") as file:
        file.truncate(50 * 10**9)  # takes no space on the disk
    found = folders.survey(tmp_path)
    assert found.manifest["image_id"].tolist() == ["a.png"]
    assert found.excluded.to_dict("records") == [
        {"file": "b.png", "reason": "cannot be read (50000000000 bytes found, at most 536870912 expected)"}
    ]
