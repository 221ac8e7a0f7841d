"""The one error a user sees: what was expected, what came, where, and what to do."""

from __future__ import annotations


class VadflowError(Exception):
    """A fault in what the user gave us (data, parameters, weights, disk), told in one line.

    Anything else that is raised is a bug of ours and keeps its traceback.

    >>> str(VadflowError("178 labels for 180 frames", where="clip ped2/03 (gt/03.npy)", fix="Fix the label file."))
    'clip ped2/03 (gt/03.npy): 178 labels for 180 frames. Fix the label file.'
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        """Join the parts into one line.

        Args:
            what: what was expected and what came.
            where: file, clip, frame or parameter key.
            fix: what the reader should do now.
        """
        head = f"{where}: {what}" if where else what
        text = f"{head.rstrip('.')}. {fix}" if fix else head
        super().__init__(" ".join(text.split()))
