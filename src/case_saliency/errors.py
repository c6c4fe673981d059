"""The one exception that a user is meant to read."""


class CaseSaliencyError(Exception):
    """A problem that the user can mend.

    The message names what is wrong (file, key, item), the value that was found, and the remedy. The command line prints
    it as one line without a traceback; any other exception is a defect of the program and keeps its traceback.
    """
