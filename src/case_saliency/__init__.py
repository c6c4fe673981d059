"""Does a saliency map change when the class changes, and is it faithful? The CASE study and its tools."""

__version__ = "0.1.0"
