"""Anyone's network on anyone's images: both questions of the study, asked by one call without the workflow.

`study.diagnose` measures, `output.write` keeps what was found; scores, tests, figures and report are the study's own.
"""
