"""A repository that somebody hands over: nothing that it names is run, fetched, or read through a link."""

import os
import subprocess

import pytest

from case_saliency.provenance import apart, repository, source

NAMED = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]


def git(*arguments):
    return subprocess.run(["git", *NAMED, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def committed(tmp_path, monkeypatch):
    """Return a repository with a source file, in which we are."""
    root = tmp_path / "repository"
    (root / "src").mkdir(parents=True)
    monkeypatch.chdir(root)
    (root / "src/a.py").write_text("one\n")
    git("init")
    git("add", "--all")
    git("commit", "--message", "start")
    return root


def everything():
    """Ask what an audit asks."""
    told = repository.state()
    repository.changed()
    repository.edited(["src/a.py"])
    repository.contents((repository.tracked(told["commit"] or "") or {}).values())
    repository.holding("src/a.py", "0" * 64)
    repository.tracked("1" * 40)
    return told


@pytest.mark.parametrize(
    "settings",
    [
        {"filter.evil.clean": "EVIL", "filter.evil.process": "EVIL", "filter.evil.required": "true"},
        {"diff.evil.textconv": "EVIL", "diff.evil.command": "EVIL", "diff.external": "EVIL"},
        {"core.fsmonitor": "EVIL", "core.pager": "EVIL", "alias.diff": "!EVIL", "core.alternateRefsCommand": "EVIL"},
    ],
    ids=["filters", "conversions", "others"],
)
def test_no_program_of_the_configuration_is_run(committed, tmp_path, settings):
    expected = everything()
    (committed / ".git/info").mkdir(exist_ok=True)
    (committed / ".git/info/attributes").write_text("* filter=evil diff=evil\n")
    for key, value in settings.items():
        git("config", key, value.replace("EVIL", f"touch {tmp_path / 'ran'}; cat"))
    os.utime(committed / "src/a.py", (0, 0))  # so that git has to look at its content
    assert everything() == expected
    (committed / "src/a.py").write_text("two\n")
    assert everything()["dirty"] is True
    assert not (tmp_path / "ran").exists()


def test_no_program_of_a_submodules_configuration_is_run(committed, tmp_path):
    inner = committed / "inner"
    for arguments in (["init"], ["commit", "--allow-empty", "--message", "inner"]):
        inner.mkdir(exist_ok=True)
        git("-C", str(inner), *arguments)
    git("add", "--all")
    git("commit", "--message", "with it")
    git("-C", str(inner), "config", "core.fsmonitor", f"touch {tmp_path / 'ran'}; false")
    assert everything()["dirty"] is False
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("named", ["1" * 40, "HEAD"])
def test_nothing_is_fetched(committed, tmp_path, named):
    """Of a partial clone, git fetches what is missing, by a program that the configuration names."""
    if named == "HEAD":
        (committed / ".git/HEAD").write_text("2" * 40 + "\n")
    settings = {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": str(committed),
        "remote.origin.uploadpack": f"touch {tmp_path / 'ran'}; git-upload-pack",
    }
    for key, value in settings.items():
        git("config", key, value)
    everything()
    assert not (tmp_path / "ran").exists()


def test_a_configuration_names_no_other_folder(committed, tmp_path):
    (tmp_path / "other").mkdir()
    git("config", "core.worktree", str(tmp_path / "other"))
    assert repository.state()["commit"] is None


def test_a_link_among_the_source_is_not_followed(committed, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("secret")
    (committed / "src/b.py").symlink_to(outside)
    (committed / "workflow").mkdir()
    (committed / "workflow/c.smk").symlink_to(outside)
    (committed / "params.yaml").symlink_to(outside)
    first = repository.state(), source.state()
    assert first[0]["dirty"] is True
    assert repository.changed() == ["src/b.py", "workflow/c.smk"]
    outside.write_text("another secret")
    assert (repository.state(), source.state()) == first
    (committed / "src/b.py").unlink()
    (committed / "src/b.py").symlink_to(tmp_path / "elsewhere")
    assert repository.state()["diff_sha256"] != first[0]["diff_sha256"]


def test_the_difference_is_that_of_git_itself(committed):
    """Records of earlier versions hold the hash of what git says with the repository's configuration."""
    git("config", "core.filemode", "false")
    (committed / "src/a.py").chmod(0o755)
    (committed / "src/staged.py").write_text("staged\n")
    git("add", "src/staged.py")
    plain = subprocess.run(
        ["git", "diff", "HEAD", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-color"],
        check=True,
        capture_output=True,
    ).stdout
    assert b"staged" in plain
    assert apart.git("diff", repository.head(), "--binary", "--full-index", "--no-renames") == plain


def test_another_working_tree_and_a_folder_inside_are_told_alike(committed, tmp_path, monkeypatch):
    git("worktree", "add", str(tmp_path / "tree"))
    monkeypatch.chdir(tmp_path / "tree")
    assert repository.state() == {"commit": repository.head(), "dirty": False, "diff_sha256": None}
    monkeypatch.chdir(tmp_path / "tree/src")
    (tmp_path / "tree/src/a.py").write_text("two\n")
    assert repository.changed() == ["a.py"]
    assert repository.state()["dirty"] is True
