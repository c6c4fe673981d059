"""Crate: x."""

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare."""


def run(arguments: argparse.Namespace) -> None:
    """Run."""
