"""Small samples of public image datasets that the package foolbox ships as package data.

A file is named `<dataset>_<number>_<class index>.<ending>`. The hashes were taken from foolbox 3.3.4; that the class
indices follow the usual order is checked by the tests against the predictions of pretrained networks.
"""

from pathlib import Path

from case_saliency import storage
from case_saliency.datasets import labels
from case_saliency.datasets.fetching import Fetched, Options, nothing_excluded
from case_saliency.datasets.packages import PackagedFile
from case_saliency.datasets.sources import DatasetSpec

_DISTRIBUTION, _VERSION, _FOLDER = "foolbox", "3.3.4", "foolbox/data"


def fetch(spec: DatasetSpec, destination: Path, _options: Options) -> Fetched:
    """Copy the dataset's images into `destination/images/` (see `sources.obtain`)."""
    import pandas as pd

    class_names = labels.names(spec.label_space)
    rows = []
    for name, sha256 in SHA256[spec.name].items():
        packaged = PackagedFile(_DISTRIBUTION, _VERSION, f"{_FOLDER}/{name}", sha256)
        content = packaged.read()
        with storage.atomic(destination / "images" / name) as temporary:
            temporary.write_bytes(content)
        image_id = Path(name).stem
        label = int(image_id.rpartition("_")[2])
        rows.append(
            {
                "image_id": image_id,
                "file": f"images/{name}",
                "index": -1,
                "label": label,
                "label_name": class_names[label],
                "split": "test",
                "sha256": sha256,
                "source": packaged.source,
                "licence": spec.licence,
            }
        )
    return Fetched(pd.DataFrame(rows), nothing_excluded())


SHA256: dict[str, dict[str, str]] = {
    "imagenet-sample": {
        "imagenet_00_243.jpg": "28b7b933c8028c6e20bf74a86a709eda42ce99f14c8742cb657cb386f08a4c9d",
        "imagenet_01_559.jpg": "5f03b0c74dff01b5b4195d0beabcae2a625a406e6917957ab9c455b5b7dea6d6",
        "imagenet_02_438.jpg": "ccef0734c1a65549c6cb5adb0f5d9b1c0b2e2104aba50a9e5f9202dc6d4532ed",
        "imagenet_03_990.jpg": "c7f0b2f1e9ee39d8f900759e8983afa2e4a2d7de090060e8bb947f6e90cace5f",
        "imagenet_04_949.jpg": "a7f62f3c1d214de4718c7253871ab38209283249e131faf65b8f2b7fdc970669",
        "imagenet_05_853.jpg": "8a449436c61da867528b1f4efaf8ae832ab9c9201705eae0d3af1353fbdac131",
        "imagenet_06_609.jpg": "fb061102a4e58b3ed942bb2a4f9542e1e1acdc8f225ef95498e93889290e192f",
        "imagenet_07_609.jpg": "2c297ad1e5c4804a647e9b34bc02ee2fc348b05a4d49050d170fb61c948efa5c",
        "imagenet_08_915.jpg": "c6a3411a3987799f0de45adc142f00ca412c3e14073c635e2adfae1f3913180c",
        "imagenet_09_455.jpg": "ace3716b60ac5843269b270e17020e4f8138440cd30ef3487f7d6e54da9745a4",
        "imagenet_10_541.jpg": "f325c71d9f4290ee45e99bd7ad42f4bffe513b1450ad21e7bd61c7cb137395d9",
        "imagenet_11_630.jpg": "892dff58fc528fe63d2df0c783aa3eca2342637798578ce01763fbc0553eda01",
        "imagenet_12_741.jpg": "6c256e17545b25bbf2e06cf6513ff48d049583569515ac4d4c3a52aea804a529",
        "imagenet_13_471.jpg": "52ed0e738b90d27afcabc3e92c81ae637f160c2d9f75b93a65211005ab5dcd81",
        "imagenet_14_129.jpg": "ad9371d813bf24b0365ee2f78f28c08718ee7c5975f060caa16c3f264e828139",
        "imagenet_15_99.jpg": "4b588649cd835d4c65521727ebee03d9621baff1f54d3e8a53a26b53d983ec2e",
        "imagenet_16_251.jpg": "ce3440a3b7beb6ca3009817504c44d39fa789e7c2f70a2eef7e2f9cc9a87b129",
        "imagenet_17_22.jpg": "b432341845620e9cfd67d848c4783c32dd6eaddad45513866b17180d2b09fcf5",
        "imagenet_18_317.jpg": "b9412f92f0b1c3faede45b55a44940977daa744f2040118d0538cf597fca785d",
        "imagenet_19_305.jpg": "e1f58f00e2e47ce930d7ecab0e46a78316054f68c10d0742e87c1cc092324556",
    },
    "cifar100-sample": {
        "cifar100_00_49.png": "950650b1201b16c7b9bab15d07d0d35957ce6b2fb049dbac3993b59c1d5f71f6",
        "cifar100_01_33.png": "d393db77699ce0474c199a5dcc35aa5d0796df8c7a5ae3ddf10c07f31ab7d0b8",
        "cifar100_02_72.png": "f5b2b9ae70d58b546555ffa3a76e2ac96f30475c4fd6283f4fbf826aea7a0d27",
        "cifar100_03_51.png": "d1d96246dbcc8443d816e0d4283ce27c623dfb462c51d33ef4addec420f90905",
        "cifar100_04_71.png": "94038d0fa599e2eac2845555fc1419cbeade5da393f2b1a953747353b7e8fd6a",
        "cifar100_05_92.png": "feb279be28de4d3a1f9d339ca5ed6e14a4959113788a68b623dcd24dcd5c0279",
        "cifar100_06_15.png": "2a97893fc573f17d851bffe7cc295e19e3fdab77acf92bdc67a2eb08cfbc71f0",
        "cifar100_07_14.png": "e5932f2977a32d268fbfc2f4a3367970ec323b0f8a6b61b5e967783bac52e2e6",
        "cifar100_08_23.png": "7b972708656be532cdcf061e797480b18037fc98280216759e5aa68324ebbb92",
        "cifar100_09_0.png": "f88aaa22ad2ca6b1f2a37cb03cf308537a65d8a705feb08d16de456f732c144b",
        "cifar100_10_71.png": "6855dcb338d49eaaf249f42d62285b3ff9cf971ed478faf7bd7015f173781e59",
        "cifar100_11_75.png": "baa3402ffe23b613f11a6d2d61a52a909b223dc7f4658a436acc83345cec2308",
        "cifar100_12_81.png": "c846a02bfb3f4f90e860c37e221df64c32b4773a884c3fbbad1c20ed821bc5e5",
        "cifar100_13_69.png": "ae243464d016116024dfd32f1096d67f6caf68ed883d935bace30d640b4d2531",
        "cifar100_14_40.png": "98b1c1f5425ee96fc14a33eab46ed2ab2bef02534c01d9fc2904a1c7cf5582c4",
        "cifar100_15_43.png": "876aca1ee3e230d3ae392d535aeed73ac22228c91b3a04ac49af88f96668c6ba",
        "cifar100_16_92.png": "eed65401664dfb4718542a69d89b230b91ba7374247b5b105d179be95ab2623b",
        "cifar100_17_97.png": "977faf0c3b8f927516827080c1408cf51d9c9c4dfc26cd43b27307997f5087de",
        "cifar100_18_70.png": "da6f0ffba1bf5c66bc6f9d2b733ecb42b50e5e733d37ca714572de59e2acc09a",
        "cifar100_19_53.png": "1efc8b5f1eaa5dbc180e700370f3fa803cf6e026569a8895a2105656efc67d64",
    },
}
