"""No reader of files that a user names waits on a pipe in the place of a file."""

import os

import pytest

from case_saliency.cli import diagnose
from case_saliency.datasets import archives, devkit
from case_saliency.errors import CaseSaliencyError
from case_saliency.validation import plain

KIT = "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt"
READERS = {
    "parameters": ("params.yaml", plain.check),
    "class names": ("names.txt", diagnose.read_class_names),
    "gzip": ("train.gz", lambda file: archives.gunzip(file, 10)),
    "tar": ("cifar.tar.gz", lambda file: archives.read_tar(file, ["a"], 10)),
    "development kit": (KIT, lambda file: devkit.classes(file.parents[2])),
}


@pytest.mark.parametrize("kind", READERS)
def test_a_pipe_is_refused(tmp_path, kind):
    name, read = READERS[kind]
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(file)
    with pytest.raises(CaseSaliencyError, match=rf"{file.name}.*it is no regular file"):
        read(file)
