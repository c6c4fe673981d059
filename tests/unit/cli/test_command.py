"""The command itself: what it offers."""

import pytest

from case_saliency.cli.main import STAGES, TOOLS, VIEWS, main


def test_help_names_every_command_once(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    names = [name.replace("_", "-") for name in (*STAGES, *TOOLS, *VIEWS)]
    assert [word for word in shown if word in names] == names


def test_an_unknown_command_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["score-agreemnt"])
    assert stopped.value.code == 2
    assert "invalid choice: 'score-agreemnt'" in capsys.readouterr().err
