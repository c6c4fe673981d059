"""Report."""


def configure(parser): ...


def run(arguments): ...
