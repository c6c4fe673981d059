# Single images. They are no inputs, since a data set may have a million; each plan looks whether they still are those of
# the manifest, and has the data set fetched again where they are not.
from snakemake.logging import logger

from case_saliency.validation import images as image_files


@cache
def changed_images(dataset):
    """What is not as the manifest of a data set says, told once; a job, or a store's files, are not looked at."""
    if not workflow.is_main_process or workflow.storage_settings.default_storage_provider:
        return ""
    found = image_files.changed(Path("data", dataset))
    if found:
        logger.warning(
            f"{found}: {dataset} is fetched again, and what depends on it is made again. If the images shall be as they "
            f"were, run `snakemake data-{dataset}` alone first: then nothing that depends on them is to do."
        )
    return found


def again_if_changed(wildcards):
    """Input function: no file; it forces the job, as --forcerun does, where the images are no longer the manifest's."""
    if changed_images(wildcards.dataset):
        workflow.dag.forcefiles.add(f"data/{wildcards.dataset}/manifest.csv")
    return []
