"""What the API answers when it refuses: a code of the platform and a message that helps."""


class ApiError(Exception):
    """Becomes ``Response.Error`` of the answer.

    :param code: a code of the platform, such as ``ResourceNotFound.Function``
    :param message: what is wrong and what to do; goes to whoever asked, so it never holds a secret
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
