"""What can be wrong with a picture; the message of each says what to do."""


class NotAPhoto(ValueError):
    """The file or array is not a picture that can be read; the message says what it is and what to do."""


class NoDigitFound(ValueError):
    """The picture has nothing in it that could be a digit; the message says what to try."""


NOTHING = (
    "no digit found: the picture is blank, or too faint or grainy to tell ink from paper. "
    "Write with a dark pen on light paper, fill about half of the picture, and photograph it in even light."
)
