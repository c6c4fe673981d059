# What no input shows. Single images, of which a data set may have a million: each plan looks whether they still are those
# of the manifest, and has the data set fetched again where they are not. Records of runs: a plan of everything has the
# files made again whose records are damaged.
from snakemake.logging import logger

from case_saliency.validation import images as image_files
from case_saliency.validation import records as run_records


def looks():
    """Whether this process looks at what no input shows: a job does not, and a store's files are not here."""
    return workflow.is_main_process and not workflow.storage_settings.default_storage_provider


@cache
def changed_images(dataset):
    """What is not as the manifest of a data set says, told once."""
    if not looks():
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


def again_if_damaged(wildcards):
    """Input function: no file; it forces the jobs whose records are damaged."""
    for file, damage in run_records.damaged() if looks() else ():
        logger.warning(f"{damage}: {file} is made again, and what depends on it, where this run makes it")
        workflow.dag.forcefiles.add(file)
    return []
